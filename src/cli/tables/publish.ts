/** What `atomic-write publish PATH SOURCE` takes. */
import { type CommandTable, count, flag, programWords, seconds } from "../table.ts";
import { programRows, transactionRows } from "./transaction_rows.ts";

/** The table. */
export const table = {
  description: [
    "Copies SOURCE, a directory, to a new place beside PATH, syncs it, and makes PATH, a symlink, lead there, by " +
    "one rename. Who resolves PATH once and reads below that sees all of the old or all of the new directory.",
    "Modes are those in SOURCE, without setuid and setgid; symlinks are copied as they are. Earlier generations " +
    "stay for `atomic-write roll-back`.",
    "Both programs run in the current directory, without a shell; in ATOMIC_WRITE_STAGED, a JSON object, they " +
    "find where the new content of PATH is. What they print is shown when they fail; then what was published " +
    "stays, or is again (status 65 or 90).",
  ],
  operands: {
    path: { help: "The published path: a symlink that this command has made, or nothing yet" },
    source: { help: "The directory to publish a copy of" },
  },
  options: {
    keep: count("N", "Keep the last N earlier generations; default: 3"),
    grace: seconds("SECONDS", "Keep what is replaced at least so long: readers may be in it; default: 60"),
    adopt: flag(
      "PATH may be a plain directory, which becomes an earlier generation, or a symlink that leads elsewhere",
    ),
    keepTimes: flag("Give each file the modification time that it has in SOURCE"),
    validate: programWords(
      "What may refuse the new directory before it is published: a program, or a JSON array of it and its arguments",
    ),
    ...programRows,
    ...transactionRows,
  },
  statuses: [1, 65, 66, 90, 91, 126, 127],
  examples: [
    "date | atomic-write --mkdir dist/index.html && atomic-write publish site dist",
    `atomic-write publish --keep 5 --validate '["test","-s","dist/index.html"]' site dist`,
  ],
} as const satisfies CommandTable;
