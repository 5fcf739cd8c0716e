/** What `atomic-write log append LOG` takes. */
import { type CommandTable, flag } from "../table.ts";
import { patienceRows } from "./store_rows.ts";
import { durabilityRows, writeRows } from "./write_rows.ts";

/** The table. */
export const table = {
  description: [
    "Adds standard input to LOG, made if it is missing, as one record, or with --lines each line as one, and " +
    "prints their numbers. A record whose number is printed is on the medium: no crash and no power cut loses or " +
    "tears it.",
    "A log has one writer at a time: the command waits for others.",
  ],
  operands: { log: { help: "The log" } },
  options: {
    lines: flag("Add every line by itself, without its newline, as soon as it comes"),
    allowEmpty: flag("Accept empty input: an empty record, or with --lines none"),
    mode: writeRows.mode,
    mkdir: writeRows.mkdir,
    ...patienceRows,
    ...durabilityRows,
  },
  statuses: [1, 65, 66],
  examples: [
    "date | atomic-write log append --lines events.log",
    "echo payload | atomic-write log append -w 10 events.log",
  ],
} as const satisfies CommandTable;
