/** What `atomic-write store restore DIR DIGEST FILE` takes. */
import type { CommandTable } from "../table.ts";
import { digestOperand, storeOperand } from "./store_rows.ts";
import { writeRows } from "./write_rows.ts";

const { digest: _known, skipEqual: _always, ...rows } = writeRows;

/** The table. */
export const table = {
  description: [
    "Replaces or makes FILE with an object, as `write` does, sharing blocks where the file system can. The object " +
    "is verified first: a damaged one is status 65.",
  ],
  operands: { dir: storeOperand, digest: digestOperand, file: { help: "The file to write" } },
  options: rows,
  statuses: [2, 65, 66],
  examples: [
    'atomic-write store restore --mode 600 objects "$(echo hello | atomic-write store put objects)" greeting.txt',
  ],
} as const satisfies CommandTable;
