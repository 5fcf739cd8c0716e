/** What `atomic-write store get DIR DIGEST` takes. */
import type { CommandTable } from "../table.ts";
import { digestOperand, storeOperand } from "./store_rows.ts";

/** The table. */
export const table = {
  description: [
    "Prints an object, all of which is verified before its first byte is printed. A damaged one is status 65, " +
    "none of that name 66; nothing is printed then.",
    "With --json its content is in `text`, or in `base64` if it is no UTF-8.",
  ],
  operands: { dir: storeOperand, digest: digestOperand },
  options: {},
  statuses: [65, 66],
  examples: ['atomic-write store get objects "$(echo hello | atomic-write store put objects)"'],
} as const satisfies CommandTable;
