/** What `atomic-write restore FILE [WHICH]` takes. */
import { type CommandTable, count, flag } from "../table.ts";
import { durabilityRows } from "./write_rows.ts";

/** The table. */
export const table = {
  description: [
    "Makes an earlier version, kept by `--backup`, the content of FILE again: bytes, mode and owner, as `write` " +
    "does. The backup stays.",
    "--list prints the earlier versions, newest first: when each was replaced, its size in bytes, its name.",
  ],
  operands: {
    file: { help: "The file to restore; it need not exist any more" },
    which: { help: "Which version, by the name that --list prints; default: the newest", optional: true },
  },
  options: {
    list: flag("List the earlier versions, and change nothing"),
    backup: count("N", "Keep the version that is replaced as well, and the last N in all"),
    ...durabilityRows,
    digest: flag("Print the SHA-256 of the content"),
  },
  statuses: [66],
  examples: [
    "date | atomic-write notes && date | atomic-write --backup 3 notes",
    "atomic-write restore --list notes && atomic-write restore notes",
  ],
} as const satisfies CommandTable;
