/** What `atomic-write store gc DIR` takes. */
import { type CommandTable, flag, seconds, text } from "../table.ts";
import { patienceRows, storeOperand } from "./store_rows.ts";

/** The table. */
export const table = {
  description: [
    "Removes the objects that are not named on standard input: one SHA-256 a line, as `store list` prints it; what follows " +
    "it on its line is ignored. Objects younger than a day stay, named or not: somebody may be about to write down their " +
    "names. It prints what it removes.",
    "Input that is empty, or has a line that is no SHA-256, is refused: a pipe looks the same whether the program before " +
    "it had nothing to say or has died. Whether it has died half-way cannot be told: use `set -o pipefail`, and look at " +
    "what --dry-run says.",
  ],
  operands: { dir: storeOperand },
  options: {
    references: text(
      "DIR",
      "Keep what the references in this directory (see `openReferences`) lead to, and do not read standard input",
    ),
    grace: seconds("SECONDS", "How old an object must be to be removed; default: 86400, a day"),
    dryRun: flag("Only say what would be removed"),
    allowEmpty: flag("Accept empty input: nothing is named, and everything old enough is removed"),
    ...patienceRows,
  },
  examples: ["echo hello | atomic-write store put objects > keep && atomic-write store gc --dry-run objects < keep"],
} as const satisfies CommandTable;
