/** What the commands take that look after a directory, or after this command itself. */
import { type CommandTable, count, flag } from "../table.ts";

/** What `atomic-write doctor [DIR]` takes. */
export const doctorTable = {
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

/** What `atomic-write completions SHELL` takes. */
export const completionsTable = {
  description: [
    "Prints a script that teaches a shell to complete the words of this command. Its first line says where to put it.",
  ],
  operands: { shell: { help: "The shell: bash, zsh or fish", words: ["bash", "zsh", "fish"] } },
  options: {},
  statuses: [],
  examples: ["atomic-write completions bash > atomic-write.bash"],
} as const satisfies CommandTable;

/** What `atomic-write sweep DIR` takes. */
export const sweepTable = {
  description: [
    "Removes temporary files that killed writers have left in DIR, and nothing else: only names that atomic-write " +
    "makes, a minute after their last change at the earliest, and only if it is proven that their owner is dead.",
  ],
  operands: { dir: { help: "The directory" } },
  options: {
    recursive: flag("Also sweep the directories below", "r"),
    dryRun: flag("Only say what would be removed"),
    olderThan: count(
      "SECONDS",
      "Also remove what nothing proves dead but that has not changed for so long (60 at least)",
      60,
    ),
  },
  statuses: [66],
  examples: ["atomic-write sweep -r --dry-run ."],
} as const satisfies CommandTable;
