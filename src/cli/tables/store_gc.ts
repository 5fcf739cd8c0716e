/** What `atomic-write store gc DIR` takes. */
import { type CommandTable, flag, seconds, text } from "../table.ts";
import { patienceRows, storeOperand } from "./store_rows.ts";

/** The table. */
export const table = {
  description: [
    "Removes the objects that are not named on standard input, one SHA-256 a line, as `store list` prints it " +
    "(what follows it is ignored), and prints theirs. Objects younger than a day stay: somebody may be about to " +
    "write down their names.",
    "Input that is empty, or has a line that is no SHA-256, is refused. Whether the program before the pipe has " +
    "died half-way cannot be told: use `set -o pipefail`, and look at what --dry-run says.",
  ],
  operands: { dir: storeOperand },
  options: {
    references: text(
      "DIR",
      "Keep what the references in this directory (see `openReferences`) lead to, instead of reading standard input",
    ),
    grace: seconds("SECONDS", "How old an object must be to be removed; default: 86400"),
    dryRun: flag("Only say what would be removed"),
    allowEmpty: flag("Accept empty input: everything old enough is removed"),
    ...patienceRows,
  },
  statuses: [1, 65, 66],
  examples: ["echo hello | atomic-write store put objects > keep && atomic-write store gc --dry-run objects < keep"],
} as const satisfies CommandTable;
