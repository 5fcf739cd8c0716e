/** What the commands of `log` take. */
import { type CommandTable, count, flag } from "../table.ts";
import { durabilityRows, patienceRows, writeRows } from "./rows.ts";

/** What `atomic-write log append LOG` takes. */
export const logAppendTable = {
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

/** What `atomic-write log read LOG` takes. */
export const logReadTable = {
  description: [
    "Prints the records of LOG in order, each followed by a newline. It may be written meanwhile. Damage to what " +
    "was durable is status 65, after the records before it.",
    "With --json their contents are in `text`, or in `base64` if they are no UTF-8.",
  ],
  operands: { log: { help: "The log" } },
  options: {
    from: count("NUMBER", "Begin at the record of this number; default: at the first there is"),
    number: flag("Print the number of each record before it, and a tab", "n"),
    snapshot: flag("Print the snapshot of the last checkpoint instead, as it is; nothing before the first"),
  },
  statuses: [65, 66],
  examples: ["date | atomic-write log append --lines events.log && atomic-write log read --number events.log"],
} as const satisfies CommandTable;

/** What `atomic-write log checkpoint LOG` takes. */
export const logCheckpointTable = {
  description: [
    "Takes in standard input as a snapshot of what all records so far amount to, and drops these, in one durable " +
    "step. Later records are numbered on.",
  ],
  operands: { log: { help: "The log; it must exist" } },
  options: {
    through: count("NUMBER", "Keep the records after this one: the snapshot does not cover them"),
    backup: count("N", "Keep the last N logs that checkpoints have replaced beside it, hidden"),
    allowEmpty: flag("Accept an empty snapshot"),
    requireJson: flag("Refuse a snapshot that is not one JSON value"),
    ...patienceRows,
    ...durabilityRows,
  },
  statuses: [1, 65, 66],
  examples: [
    `echo one | atomic-write log append events.log && echo '{"count":1}' | atomic-write log checkpoint events.log`,
  ],
} as const satisfies CommandTable;
