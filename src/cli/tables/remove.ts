/** What `atomic-write remove FILE` takes. */
import type { CommandTable } from "../table.ts";
import { durabilityRows, writeRows } from "./write_rows.ts";

/** The table. */
export const table = {
  description: [
    "Removes FILE (or the symlink of that name), and a power cut does not bring it back. No such file is no " +
    "error.",
  ],
  operands: { file: { help: "The file to remove" } },
  options: { ...durabilityRows, lock: writeRows.lock },
  statuses: [],
  examples: ["date | atomic-write session.token && atomic-write remove session.token"],
} as const satisfies CommandTable;
