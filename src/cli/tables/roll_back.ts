/** What `atomic-write roll-back PATH` takes. */
import type { CommandTable } from "../table.ts";
import { programRows, transactionRows } from "./transaction_rows.ts";

/** The table. */
export const table = {
  description: [
    "Makes PATH lead to what was published there before, by one rename. What it leads to now is withdrawn: no " +
    "roll-back goes to it, and the next publication removes it when its grace is over.",
  ],
  operands: { path: { help: "The published path, a symlink that `atomic-write publish` has made" } },
  options: { ...programRows, ...transactionRows },
  statuses: [1, 66, 90, 91, 126, 127],
  examples: [
    "date | atomic-write --mkdir dist/index.html && atomic-write publish site dist",
    "date | atomic-write dist/index.html && atomic-write publish site dist",
    "atomic-write roll-back site",
  ],
} as const satisfies CommandTable;
