/** What `atomic-write recover DIR` takes. */
import { type CommandTable, flag } from "../table.ts";
import { waitRows } from "./lock_rows.ts";
import { programRows } from "./transaction_rows.ts";

/** The table. */
export const table = {
  description: [
    "Brings deployments to their ends that a crash has cut off in DIR: those that were decided are finished, the others " +
    "undone. Says what became of which file. The next deployment of such files does the same by itself.",
    "Files that somebody else has changed since are left alone (status 2). A deployment that is under way, or that " +
    "nothing proves dead, is left alone, too (status 75).",
    "Whether what is there has taken effect, nobody knows after a crash: --activate makes sure of it.",
  ],
  operands: { dir: { help: "The directory" } },
  options: {
    recursive: flag("Also in the directories below", "r"),
    ...programRows,
    unproven: flag("Also deployments that nothing proves dead: only when it is known that none runs any more"),
    ...waitRows,
  },
  examples: [
    "atomic-write recover -r .",
    `atomic-write recover --activate '["kill","-HUP","4711"]' .`,
  ],
} as const satisfies CommandTable;
