/** What `atomic-write log read LOG` takes. */
import { type CommandTable, count, flag } from "../table.ts";

/** The table. */
export const table = {
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
