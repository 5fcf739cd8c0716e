/** What the commands of `store` take. */
import { type CommandTable, flag, type Operand, seconds, sha256, text } from "../table.ts";
import { durabilityRows, pathRows, patienceRows, writeRows } from "./rows.ts";

/** The directory of a store. */
const storeOperand = { help: "The directory of the store" } as const satisfies Operand;

/** One object. */
const digestOperand = { help: "The SHA-256 of the object, as `store put` prints it" } as const satisfies Operand;

/** What `atomic-write store put DIR [FILE…]` takes. */
export const storePutTable = {
  description: [
    "Stores the content of FILE, or standard input, in the store DIR, which is created if it is missing, and " +
    "prints its SHA-256, by which it can be read again. After status 0 a power cut changes nothing. Content that " +
    "is already there is verified and not stored twice.",
    "Put an object first, and record its name afterwards: then no name ever points to a missing object.",
    "With --json `found` says of each object whether it is `new`, was `present`, or was damaged and is `repaired`.",
  ],
  operands: {
    dir: storeOperand,
    file: { help: "The files to store; `-` or none: standard input", optional: true, many: true, standardInput: true },
  },
  options: {
    expect: sha256("Refuse content with another SHA-256"),
    mode: {
      ...writeRows.mode,
      help: "Permission bits of the objects, of which those for reading count, minus the umask; default: as DIR",
    },
    allowEmpty: flag("Accept empty standard input"),
    ...durabilityRows,
    ...pathRows,
  },
  statuses: [2, 65, 66],
  examples: ["echo hello | atomic-write store put objects", "atomic-write store put objects /etc/hosts"],
} as const satisfies CommandTable;

/** What `atomic-write store get DIR DIGEST` takes. */
export const storeGetTable = {
  description: [
    "Prints an object. The whole object is verified before its first byte is printed. The status is 65 if it is " +
    "damaged, and 66 if there is no object of that name; nothing is printed then.",
    "With --json the content is in `text`, or in `base64` if it is not UTF-8.",
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
    "Replaces or creates FILE with an object, as `write` does, sharing blocks if the file system supports that. " +
    "The object is verified first: the status is 65 if it is damaged.",
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
    "Prints the SHA-256 of every object, sorted. Objects that are put or removed at the same time may or may not " +
    "be listed.",
  ],
  operands: { dir: storeOperand },
  options: {},
  statuses: [66],
  examples: ["echo hello | atomic-write store put objects && atomic-write store list objects"],
} as const satisfies CommandTable;

/** What `atomic-write store verify DIR` takes. */
export const storeVerifyTable = {
  description: [
    "Reads every object and prints the SHA-256 of the damaged ones; the status is 65 if there are any. To repair " +
    "an object, put its content again. An object that may not be read is reported as an error, after all others were read.",
  ],
  operands: { dir: storeOperand },
  options: {
    quarantine: flag(
      "Move damaged objects to the directory `damaged` of the store; they count as missing from then on",
    ),
    ...pathRows,
  },
  statuses: [65, 66],
  examples: ["echo hello | atomic-write store put objects && atomic-write store verify objects"],
} as const satisfies CommandTable;

/** What `atomic-write store rm DIR DIGEST…` takes. */
export const storeRemoveTable = {
  description: [
    "Removes objects, whatever refers to them and however young they are, so that a power cut does not bring them " +
    "back, and prints the SHA-256 of those that were there. To remove what nothing refers to, use `store gc`.",
  ],
  operands: {
    dir: storeOperand,
    digest: { help: "The SHA-256 of the objects, as `store put` prints it", many: true },
  },
  options: { ...patienceRows, ...pathRows },
  statuses: [1, 66],
  examples: ['atomic-write store rm objects "$(echo hello | atomic-write store put objects)"'],
} as const satisfies CommandTable;

/** What `atomic-write store ref ACTION DIR [NAME] [DIGEST]` takes. */
export const storeReferenceTable = {
  description: [
    "Names for objects, kept as files in DIR, such as `heads/main` (see `openReferences`). `set DIR NAME DIGEST` lets a " +
    "name lead to an object, atomically and durably; DIR is created if it is missing. `get DIR NAME` prints the SHA-256 " +
    "that a name leads to. `list DIR [PREFIX]` prints the SHA-256 and the name of every reference, as `store gc` " +
    "reads them. `rm DIR NAME` removes a name; it is not an error if there is none.",
    "The name HEAD leads to another name (`set DIR HEAD NAME`) or directly to an object (`set DIR HEAD DIGEST`).",
    "Put an object first, then refer to it.",
  ],
  operands: {
    action: { help: "What to do: set, get, list or rm", words: ["set", "get", "list", "rm"] },
    dir: { help: "The directory of the references; not that of the objects" },
    name: { help: "The name; with `list`, what names begin with", optional: true },
    digest: {
      help: "The SHA-256 of the object, as `store put` prints it; for HEAD, a name or a SHA-256",
      optional: true,
    },
  },
  options: {
    expect: {
      ...writeRows.ifMatch,
      help: "Change the reference only if it leads to this SHA-256 now, or does not exist (none)",
    },
    ...patienceRows,
    ...pathRows,
    ...durabilityRows,
  },
  statuses: [1, 2, 65, 66],
  examples: [
    'atomic-write store ref set refs heads/main "$(echo hello | atomic-write store put objects)"',
  ],
} as const satisfies CommandTable;

/** What `atomic-write store gc DIR` takes. */
export const storeGcTable = {
  description: [
    "Removes the objects that are not listed on standard input, and prints their SHA-256. The input has one " +
    "SHA-256 per line, as printed by `store list`; the rest of a line is ignored. Objects younger than a day " +
    "stay: another program may be about to record their names.",
    "Input that is empty, or has a line that does not begin with a SHA-256, is refused, and so is a directory " +
    "without references: what should be mounted there may be missing. The command cannot tell whether the program " +
    "before the pipe died half-way: use `set -o pipefail`, and check with --dry-run first.",
  ],
  operands: { dir: storeOperand },
  options: {
    references: text(
      "DIR",
      "Keep what the references in this directory (see `openReferences`) point to, instead of reading standard input",
    ),
    grace: seconds("SECONDS", "Minimum age of an object to be removed; default: 86400"),
    dryRun: flag("Only print what would be removed"),
    allowEmpty: flag("Accept empty input or no references: removes everything that is old enough"),
    ...patienceRows,
    ...pathRows,
  },
  statuses: [1, 65, 66],
  examples: ["echo hello | atomic-write store put objects > keep && atomic-write store gc --dry-run objects < keep"],
} as const satisfies CommandTable;
