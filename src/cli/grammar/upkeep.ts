/** What the commands take that look after a directory, or after this command itself. */
import { type CommandTable, count, flag } from "../table.ts";

/** What `atomic-write doctor [DIR]` takes. */
export const doctorTable = {
  description: [
    "Measures what the file system of DIR and this runtime really provide: how durable a write is, what syncs " +
    "cost, whether readers ever see half a file, which lock is used and whether it excludes others, links, names, " +
    "free space, and what killed writers have left. It measures in a hidden directory inside DIR, which it " +
    "removes.",
    'The status is 0 if the durability "full" can be reached; otherwise it says why not: 73 (read-only, in ' +
    "memory, or no sync), 74 (no space), 77 (no permission). It cannot detect a drive that lies about its cache.",
  ],
  operands: { dir: { help: "The directory; default: the current one", optional: true } },
  options: {},
  statuses: [66],
  examples: ["atomic-write doctor . || true", "atomic-write doctor --json /tmp | jq .fileSystem.type"],
} as const satisfies CommandTable;

/** What `atomic-write completions SHELL` takes. */
export const completionsTable = {
  description: [
    "Prints shell completions for this command, as a script. Its first line says where to put it.",
  ],
  operands: { shell: { help: "The shell: bash, zsh or fish", words: ["bash", "zsh", "fish"] } },
  options: {},
  statuses: [],
  examples: ["atomic-write completions bash > atomic-write.bash"],
} as const satisfies CommandTable;

/** What `atomic-write sweep DIR` takes. */
export const sweepTable = {
  description: [
    "Removes temporary files that killed writers have left in DIR, and nothing else: only names made by " +
    "atomic-write, at least a minute after their last change, and only if their owner is proven dead.",
  ],
  operands: { dir: { help: "The directory" } },
  options: {
    recursive: flag("Also sweep all subdirectories", "r"),
    dryRun: flag("Only print what would be removed"),
    olderThan: count(
      "SECONDS",
      "Also remove files whose owner may be alive but that have not changed for SECONDS (at least 60)",
      60,
    ),
  },
  statuses: [66],
  examples: ["atomic-write sweep -r --dry-run ."],
} as const satisfies CommandTable;
