/** What `atomic-write log checkpoint LOG` takes. */
import { type CommandTable, count, flag } from "../table.ts";
import { patienceRows } from "./store_rows.ts";
import { durabilityRows } from "./write_rows.ts";

/** The table. */
export const table = {
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
