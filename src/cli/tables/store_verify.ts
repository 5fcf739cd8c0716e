/** What `atomic-write store verify DIR` takes. */
import type { CommandTable } from "../table.ts";
import { storeOperand } from "./store_rows.ts";

/** The table. */
export const table = {
  description: [
    "Reads every object, and prints the SHA-256 of those that are damaged; the status is 65 if there is one. To repair an " +
    "object, put its content again.",
  ],
  operands: { dir: storeOperand },
  options: {},
  examples: ["echo hello | atomic-write store put objects && atomic-write store verify objects"],
} as const satisfies CommandTable;
