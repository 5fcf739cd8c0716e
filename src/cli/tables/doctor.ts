/** What `atomic-write doctor [DIR]` takes. */
import type { CommandTable } from "../table.ts";

/** The table. */
export const table = {
  description: [
    "Measures what DIR's file system and this runtime really give: how far a write gets, what syncs cost, whether " +
    "readers ever see half a file, which lock is in force and whether it keeps others out, links, names, room, " +
    "and what killed writers have left. It measures in a hidden directory inside DIR, which it removes.",
    'The status is 0 when the durability "full" is reachable; otherwise it says why not: 73 (read-only, in ' +
    "memory, or no sync), 74 (no space), 77 (no permission). A drive that lies about its cache is not found out.",
  ],
  operands: { dir: { help: "The directory; default: this one", optional: true } },
  options: {},
  statuses: [66],
  examples: ["atomic-write doctor . || true", "atomic-write doctor --json /tmp | jq .fileSystem.type"],
} as const satisfies CommandTable;
