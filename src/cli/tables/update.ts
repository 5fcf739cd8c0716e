/** What `atomic-write update FILE -- COMMAND` takes. */
import { type CommandTable, flag } from "../table.ts";
import { waitRows } from "./lock_rows.ts";
import { writeRows } from "./write_rows.ts";

const { create: _new, ifMatch: _compared, lock: _always, skipEqual: _likewise, ...rows } = writeRows;

/** The table. */
export const table = {
  description: [
    "Changes FILE through COMMAND inside the lock of FILE: the old content is its standard input (nothing, if there is no " +
    "FILE), what it prints is the new content, written as whole and durable as `write` does. When COMMAND fails, nothing " +
    "is changed and its status is that of this command. The same content again is not written.",
    "No update of anybody who takes the lock is lost. SIGINT, SIGTERM and SIGHUP are sent on to COMMAND.",
  ],
  operands: {
    file: { help: "The file to change" },
    command: { help: "The program to run, found as a shell finds it, and its arguments", rest: true },
  },
  options: {
    ...waitRows,
    ...rows,
    appendNewline: flag("Add a newline if the output does not end in one"),
    allowEmpty: flag("Accept empty output"),
    requireJson: flag("Refuse output that is not one JSON value"),
  },
  examples: [
    "atomic-write update --require-json state.json -- jq -n 'input? // {} | .runs += 1'",
    "printf 'b\\na\\nb\\n' | atomic-write names && atomic-write update -w 5 --backup 3 names -- sort -u",
  ],
} as const satisfies CommandTable;
