/** What `atomic-write recover DIR` takes. */
import { type CommandTable, flag } from "../table.ts";
import { waitRows } from "./lock_rows.ts";
import { programRows } from "./transaction_rows.ts";

/** The table. */
export const table = {
  description: [
    "Brings deployments in DIR that a crash has cut off to their ends: finishes what was decided, undoes the " +
    "others, and says so. The next deployment of such files does the same.",
    "Left alone are files that somebody else has changed since (status 2), and deployments that are under way, that " +
    "nothing proves dead, that miss a directory (status 75), or whose journal is damaged (status 65).",
    "Nobody knows after a crash whether what is there has taken effect: --activate makes sure of it. Until then it " +
    "is said every time (status 91); --activate true, where a service is started afterwards anyway.",
    "What fails is told beside what was done; the first failure (--json: error, of errors) decides the status. A " +
    "failed activation or a signal ends the work.",
  ],
  operands: { dir: { help: "The directory" } },
  options: {
    recursive: flag("Also in the directories below", "r"),
    ...programRows,
    unproven: flag("Also deployments that nothing proves dead: only if you know that none runs any more"),
    ...waitRows,
  },
  statuses: [1, 2, 65, 66, 91, 126, 127],
  examples: [
    "atomic-write recover -r .",
    `atomic-write recover --activate '["kill","-HUP","4711"]' .`,
  ],
} as const satisfies CommandTable;
