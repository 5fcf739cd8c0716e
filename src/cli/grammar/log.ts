/** What the commands of `log` take. */
import { type CommandTable, count, flag, oneOf } from "../table.ts";
import { durabilityRows, pathRows, patienceRows, writeRows } from "./rows.ts";

/** What `atomic-write log append LOG` takes. */
export const logAppendTable = {
  description: [
    "Appends standard input to LOG, which is created if it is missing, as one record, or with --lines one record " +
    "per line, and prints the numbers of the records. A record whose number has been printed is safely on disk: " +
    "no crash or power cut loses or tears it.",
    "A log has one writer at a time: the command waits for others to finish.",
  ],
  operands: { log: { help: "The log" } },
  options: {
    lines: flag("Append each line as its own record, without the newline, as soon as it arrives"),
    allowEmpty: flag("Accept empty input: an empty record, or with --lines no records"),
    mode: writeRows.mode,
    mkdir: writeRows.mkdir,
    ...patienceRows,
    ...pathRows,
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
    "Prints the records of LOG in order, each followed by a newline. LOG may be written at the same time. If " +
    "durable records are damaged, the status is 65, after the records before the damage.",
    "With --json the contents are in `text`, or in `base64` if they are not UTF-8.",
  ],
  operands: { log: { help: "The log" } },
  options: {
    from: count("NUMBER", "Start at the record with this number; default: the first one"),
    number: flag("Print each record's number and a tab before it", "n"),
    skipDamaged: flag("Pass over damaged records, say so, and read on behind them; the status is still 65"),
    snapshot: flag("Print the snapshot of the last checkpoint instead, unchanged; nothing before the first checkpoint"),
  },
  statuses: [65, 66],
  examples: ["date | atomic-write log append --lines events.log && atomic-write log read --number events.log"],
} as const satisfies CommandTable;

/** What `atomic-write log repair LOG` takes. */
export const logRepairTable = {
  description: [
    "Makes a log whose durable records are damaged usable again: the records that are kept are written into another " +
    "file, which takes the place of LOG in one durable step; the damaged log stays beside it, hidden. A log that is " +
    "not damaged is left alone.",
    "See beforehand what would be missing: `log read --skip-damaged`.",
  ],
  operands: { log: { help: "The log; it must exist" } },
  options: {
    keep: oneOf(
      ["before", "readable"],
      "What is kept: the records before the first damage (the default), or all readable ones, numbered without a gap",
    ),
    backup: count("N", "Keep the last N versions of the log beside it, hidden; default: 1"),
    ...patienceRows,
    ...pathRows,
  },
  statuses: [1, 65, 66],
  examples: ["date | atomic-write log append --lines events.log && atomic-write log repair events.log"],
} as const satisfies CommandTable;

/** What `atomic-write log checkpoint LOG` takes. */
export const logCheckpointTable = {
  description: [
    "Stores standard input as a snapshot that summarises all records so far, and drops those records, in one " +
    "durable step. Later records continue the numbering.",
  ],
  operands: { log: { help: "The log; it must exist" } },
  options: {
    through: count("NUMBER", "Keep the records after this one: the snapshot does not cover them"),
    backup: count("N", "Keep the last N logs replaced by checkpoints beside it, hidden"),
    allowEmpty: flag("Accept an empty snapshot"),
    requireJson: flag("Refuse a snapshot that is not one JSON value"),
    ...patienceRows,
    ...pathRows,
    ...durabilityRows,
  },
  statuses: [1, 65, 66],
  examples: [
    `echo one | atomic-write log append events.log && echo '{"count":1}' | atomic-write log checkpoint events.log`,
  ],
} as const satisfies CommandTable;
