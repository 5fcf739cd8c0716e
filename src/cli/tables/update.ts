/** What `atomic-write update FILE -- COMMAND` takes. */
import { type CommandTable, flag } from "../table.ts";
import { waitRows } from "./lock_rows.ts";
import { writeRows } from "./write_rows.ts";

const { create: _new, ifMatch: _compared, lock: _always, skipEqual: _likewise, ...rows } = writeRows;

/** The table. */
export const table = {
  description: [
    "Changes FILE through COMMAND inside the lock of FILE: the old content is its standard input (nothing, if " +
    "there is no FILE), what it prints is written as by `write`, if it is anything new. When COMMAND fails, " +
    "nothing is changed, and its status is that of this command.",
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
  statuses: [1, 65, 126, 127],
  examples: [
    "atomic-write update --require-json state.json -- jq -n 'input? // {} | .runs += 1'",
    "printf 'b\\na\\nb\\n' | atomic-write names && atomic-write update -w 5 --backup 3 names -- sort -u",
  ],
} as const satisfies CommandTable;
