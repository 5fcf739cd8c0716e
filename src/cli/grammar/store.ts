/** What the commands of `store` take. */
import { type CommandTable, flag, type Operand, seconds, sha256, text } from "../table.ts";
import { durabilityRows, patienceRows, writeRows } from "./rows.ts";

/** The directory of a store. */
const storeOperand = { help: "The directory of the store" } as const satisfies Operand;

/** One object. */
const digestOperand = { help: "The SHA-256 of the object, as `store put` prints it" } as const satisfies Operand;

/** What `atomic-write store put DIR [FILE…]` takes. */
export const storePutTable = {
  description: [
    "Keeps the content of FILE, or of standard input, in the store DIR, which is made if it is missing, and " +
    "prints its SHA-256, the name to get it back by. After status 0 a power cut changes nothing. Content that is " +
    "there already is verified, not stored twice.",
    "Put an object first, and then write down its name: so no name ever leads to nothing.",
  ],
  operands: {
    dir: storeOperand,
    file: { help: "The files to keep; `-` or none: standard input", optional: true, many: true, standardInput: true },
  },
  options: {
    expect: sha256("Refuse content that has another SHA-256"),
    allowEmpty: flag("Accept empty standard input"),
    ...durabilityRows,
  },
  statuses: [2, 65, 66],
  examples: ["echo hello | atomic-write store put objects", "atomic-write store put objects /etc/hosts"],
} as const satisfies CommandTable;

/** What `atomic-write store get DIR DIGEST` takes. */
export const storeGetTable = {
  description: [
    "Prints an object, all of which is verified before its first byte is printed. A damaged one is status 65, " +
    "none of that name 66; nothing is printed then.",
    "With --json its content is in `text`, or in `base64` if it is no UTF-8.",
  ],
  operands: { dir: storeOperand, digest: digestOperand },
  options: {},
  statuses: [65, 66],
  examples: ['atomic-write store get objects "$(echo hello | atomic-write store put objects)"'],
} as const satisfies CommandTable;

const { digest: _known, skipEqual: _always, ...restoreRows } = writeRows;

/** What `atomic-write store restore DIR DIGEST FILE` takes. */
export const storeRestoreTable = {
  description: [
    "Replaces or makes FILE with an object, as `write` does, sharing blocks where the file system can. The object " +
    "is verified first: a damaged one is status 65.",
  ],
  operands: { dir: storeOperand, digest: digestOperand, file: { help: "The file to write" } },
  options: restoreRows,
  statuses: [2, 65, 66],
  examples: [
    'atomic-write store restore --mode 600 objects "$(echo hello | atomic-write store put objects)" greeting.txt',
  ],
} as const satisfies CommandTable;

/** What `atomic-write store list DIR` takes. */
export const storeListTable = {
  description: [
    "Prints the SHA-256 of every object, sorted. Those put or removed meanwhile may or may not be listed.",
  ],
  operands: { dir: storeOperand },
  options: {},
  statuses: [66],
  examples: ["echo hello | atomic-write store put objects && atomic-write store list objects"],
} as const satisfies CommandTable;

/** What `atomic-write store verify DIR` takes. */
export const storeVerifyTable = {
  description: [
    "Reads every object, and prints the SHA-256 of those that are damaged; the status is 65 if one is. To repair " +
    "an object, put its content again.",
  ],
  operands: { dir: storeOperand },
  options: {},
  statuses: [65, 66],
  examples: ["echo hello | atomic-write store put objects && atomic-write store verify objects"],
} as const satisfies CommandTable;

/** What `atomic-write store gc DIR` takes. */
export const storeGcTable = {
  description: [
    "Removes the objects that are not named on standard input, one SHA-256 a line, as `store list` prints it " +
    "(what follows it is ignored), and prints theirs. Objects younger than a day stay: somebody may be about to " +
    "write down their names.",
    "Input that is empty, or has a line that is no SHA-256, is refused, and so is a DIR without references: what is " +
    "to be mounted there may be missing. Whether the program before the pipe has " +
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
    allowEmpty: flag("Accept empty input, or no references: everything old enough is removed"),
    ...patienceRows,
  },
  statuses: [1, 65, 66],
  examples: ["echo hello | atomic-write store put objects > keep && atomic-write store gc --dry-run objects < keep"],
} as const satisfies CommandTable;
