/** What the commands take that change several names at once: files together, or a directory by one switch. */
import {
  type CommandTable,
  count,
  flag,
  oneOf,
  type OptionTable,
  type OptionValues,
  programWords,
  seconds,
} from "../table.ts";
import { lockDirectoryRow, pathRows, trustRows, waitRows } from "./rows.ts";

/** How the locks are waited for, and what must survive a power cut. */
const transactionRows = {
  ...waitRows,
  durability: oneOf(
    ["full", "barrier", "file", "none"],
    "How much must survive a power cut; below full (the default), all-or-nothing holds only for killed processes",
  ),
  ...trustRows,
  ...pathRows,
} satisfies OptionTable;

/** Their values. */
export type TransactionValues = OptionValues<typeof transactionRows>;

const strict = flag(
  "Fail before anything is changed if something of a file cannot be kept (owner, mode, access control list, " +
    "attributes), or cannot be seen",
);

/** What makes the new state take effect, and how long it may take. */
const programRows = {
  activate: programWords(
    "The program that makes it take effect, such as a reload; or a JSON array of a program and its arguments",
  ),
  programTimeout: seconds("SECONDS", "Stop a program, as failed, after SECONDS; default: 60"),
} satisfies OptionTable;

/** Their values. */
export type ProgramValues = OptionValues<typeof programRows>;

/** What `atomic-write deploy PLAN` takes. */
export const deployTable = {
  description: [
    "Replaces the files that PLAN names, all or none, even across crashes and power cuts. It stages all files, " +
    "runs `validate`, switches all files, and runs `activate`. If that fails, it restores every file and " +
    "activates again (status 90). Files that are already right are not touched; if all are, no program runs.",
    "PLAN is { files: [{ path, source | content | remove, mode, owner, defaults }], directories: [{ path, mode, " +
    "owner }], validate: [word…], activate: [word…], backup, timeouts: { validate, activate }, lockDirectory, trust, unsafePath, whenLost }. Paths " +
    "are relative to the directory of PLAN, or to the current one if PLAN is standard input. The programs run " +
    "there, without a shell; the file that ATOMIC_WRITE_STAGED_FILE names (and ATOMIC_WRITE_STAGED, unless it is too " +
    "long), a JSON object, tells them where the new content of each file is. Their output is shown if they fail. See docs/deploy_plan.md.",
    "Until the files are switched, SIGINT, SIGTERM and SIGHUP leave everything unchanged; after that the " +
    "deployment runs to its end.",
  ],
  operands: {
    plan: { help: "The JSON file that describes the deployment; `-`: standard input", standardInput: true },
  },
  options: {
    dryRun: flag("Print what would be made, written and removed, and what would run; change nothing and run nothing"),
    strict,
    busyTimeout: seconds(
      "SECONDS",
      "If another program has a file open, on a system that cannot replace open files, give up after SECONDS and " +
        "restore every file; default: 2",
    ),
    ...transactionRows,
  },
  statuses: [1, 2, 65, 66, 90, 91, 126, 127],
  examples: [
    `echo '{"files":[{"path":"greeting","content":"hello"}],"activate":["cat","greeting"]}' > plan.json`,
    "atomic-write deploy -w 30 plan.json",
  ],
} as const satisfies CommandTable;

/** What `atomic-write recover DIR` takes. */
export const recoverTable = {
  description: [
    "Completes deployments in DIR that a crash interrupted: it finishes those that were committed, undoes the " +
    "others, and prints what it did. The next deployment of such files does the same. What was published there, and " +
    "may not have taken effect, is found as well.",
    "Some are left alone: files that another program has changed since (status 2), deployments that are still " +
    "running, whose owner may still be running, or whose directory is missing (status 75), deployments whose " +
    "journal is damaged (status 65), and those of other users (status 77): they can be recovered by their users, " +
    "or with --trust.",
    "After a crash nobody knows whether the new files have taken effect; --activate makes sure that they do. " +
    "Until then this is reported every time (status 91). If a service is started afterwards anyway, use " +
    "--activate true.",
    "Deployments whose plan has a lockDirectory are recovered with the same --lock-directory.",
    "Failures are printed together with what was done; the first one (--json: error, of errors) determines the " +
    "status. A failed activation or a signal stops the work.",
  ],
  operands: { dir: { help: "The directory" } },
  options: {
    recursive: flag("Also recover in all subdirectories", "r"),
    ...programRows,
    unproven: flag("Include deployments whose owner may still be running: only if you know that none is"),
    ...trustRows,
    ...pathRows,
    ...waitRows,
    ...lockDirectoryRow,
  },
  statuses: [1, 2, 65, 66, 91, 126, 127],
  examples: [
    "atomic-write recover -r .",
    `atomic-write recover --activate '["kill","-HUP","4711"]' .`,
  ],
} as const satisfies CommandTable;

/** What `atomic-write publish PATH SOURCE` takes. */
export const publishTable = {
  description: [
    "Copies SOURCE, a directory, to a new place beside PATH, syncs it, and makes PATH, a symlink, point to it " +
    "with one rename. A reader that resolves PATH once and reads below that sees the complete old or the complete " +
    "new directory.",
    "Modes, owners, access control lists and attributes are those in SOURCE, as far as this user may set them and this " +
    "runtime can see them; the result and a note say what was not kept. Files are not given setuid and setgid. " +
    "Symlinks are copied unchanged. Earlier generations stay for `atomic-write roll-back`.",
    "Both programs run in the current directory, without a shell; ATOMIC_WRITE_STAGED, a JSON object, and the file " +
    "that ATOMIC_WRITE_STAGED_FILE names tell them where the new content of PATH is. Their output is shown if they fail; then the previous " +
    "directory stays published, or is published again (status 65 or 90).",
  ],
  operands: {
    path: { help: "The published path: a symlink made by this command, or nothing yet" },
    source: { help: "The directory to publish a copy of" },
  },
  options: {
    dryRun: flag("Print what would be published over and removed, and what would run; change nothing and run nothing"),
    keep: count("N", "Keep the last N earlier generations; default: 3"),
    grace: seconds("SECONDS", "Keep a replaced directory for at least SECONDS, since readers may use it; default: 60"),
    adopt: flag(
      "Accept a PATH that is a plain directory, which becomes an earlier generation, or a symlink made by others",
    ),
    keepTimes: flag("Give each file and directory the modification time it has in SOURCE"),
    strict,
    validate: programWords(
      "The program that checks the new directory before it is published; or a JSON array of a program and its arguments",
    ),
    ...programRows,
    ...transactionRows,
    ...lockDirectoryRow,
  },
  statuses: [1, 65, 66, 90, 91, 126, 127],
  examples: [
    "date | atomic-write --mkdir dist/index.html && atomic-write publish site dist",
    `atomic-write publish --keep 5 --validate '["test","-s","dist/index.html"]' site dist`,
  ],
} as const satisfies CommandTable;

/** What `atomic-write roll-back PATH` takes. */
export const rollBackTable = {
  description: [
    "Makes PATH point to what was published there before, with one rename. What it points to now is withdrawn: no " +
    "roll-back returns to it unless GENERATION names it, and the next publication removes it after its grace period.",
    "PROGRAM runs as that of `publish` does. If it fails, PATH points again to what it pointed to, and PROGRAM runs " +
    "again (status 90; 91 if that fails, too). It goes back on a full disk, too.",
  ],
  operands: {
    path: { help: "The published path, a symlink made by `atomic-write publish`" },
    generation: {
      help: "The directory to go to, as `atomic-write generations PATH` lists it; default: the one before",
      optional: true,
    },
  },
  options: { ...programRows, ...transactionRows, ...lockDirectoryRow },
  statuses: [1, 66, 90, 91, 126, 127],
  examples: [
    "date | atomic-write --mkdir dist/index.html && atomic-write publish site dist",
    "date | atomic-write dist/index.html && atomic-write publish site dist",
    "atomic-write roll-back site",
  ],
} as const satisfies CommandTable;

/** What `atomic-write generations PATH` takes. */
export const generationsTable = {
  description: [
    "Lists the directories that are or were published at PATH and are still there, the newest first: `current`, " +
    "`earlier` or `withdrawn`, the time of publication, and the directory.",
  ],
  operands: { path: { help: "The published path, a symlink made by `atomic-write publish`" } },
  options: { ...trustRows },
  statuses: [66],
  examples: [
    "date | atomic-write --mkdir dist/index.html && atomic-write publish site dist",
    "atomic-write generations site",
  ],
} as const satisfies CommandTable;
