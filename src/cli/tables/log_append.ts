/** What `atomic-write log append LOG` takes. */
import { type CommandTable, flag } from "../table.ts";
import { patienceRows } from "./store_rows.ts";
import { durabilityRows, writeRows } from "./write_rows.ts";

/** The table. */
export const table = {
  description: [
    "Adds standard input to LOG as one record, or with --lines each of its lines as a record, and prints the number of " +
    "each. A record whose number is printed is on the medium: no crash and no power cut loses or tears it. LOG is made if " +
    "it is missing.",
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
  examples: [
    "date | atomic-write log append --lines events.log",
    "echo payload | atomic-write log append -w 10 events.log",
  ],
} as const satisfies CommandTable;
