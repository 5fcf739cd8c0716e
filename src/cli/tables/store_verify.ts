/** What `atomic-write store verify DIR` takes. */
import type { CommandTable } from "../table.ts";
import { storeOperand } from "./store_rows.ts";

/** The table. */
export const table = {
  description: [
    "Reads every object, and prints the SHA-256 of those that are damaged; the status is 65 if one is. To repair " +
    "an object, put its content again.",
  ],
  operands: { dir: storeOperand },
  options: {},
  statuses: [65, 66],
  examples: ["echo hello | atomic-write store put objects && atomic-write store verify objects"],
} as const satisfies CommandTable;
