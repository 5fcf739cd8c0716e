/** What `atomic-write sweep DIR` takes. */
import { type CommandTable, count, flag } from "../table.ts";

/** The table. */
export const table = {
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
