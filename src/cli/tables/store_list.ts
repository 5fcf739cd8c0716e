/** What `atomic-write store list DIR` takes. */
import type { CommandTable } from "../table.ts";
import { storeOperand } from "./store_rows.ts";

/** The table. */
export const table = {
  description: [
    "Prints the SHA-256 of every object, sorted. Those put or removed meanwhile may or may not be listed.",
  ],
  operands: { dir: storeOperand },
  options: {},
  statuses: [66],
  examples: ["echo hello | atomic-write store put objects && atomic-write store list objects"],
} as const satisfies CommandTable;
