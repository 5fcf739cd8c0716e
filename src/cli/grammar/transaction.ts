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
import { waitRows } from "./rows.ts";

/** How the locks are waited for, and what a power cut must not undo. */
const transactionRows = {
  ...waitRows,
  durability: oneOf(
    ["full", "barrier", "file", "none"],
    "What a power cut must not undo; with less than full (the default), all or nothing holds for killed processes only",
  ),
} satisfies OptionTable;

/** Their values. */
export type TransactionValues = OptionValues<typeof transactionRows>;

/** What makes the new state take effect, and how long it may take. */
const programRows = {
  activate: programWords(
    "What makes it take effect, such as a reload: a program, or a JSON array of it and its arguments",
  ),
  programTimeout: seconds("SECONDS", "How long a program may take before it is ended, and has failed; default: 60"),
} satisfies OptionTable;

/** Their values. */
export type ProgramValues = OptionValues<typeof programRows>;

/** What `atomic-write deploy PLAN` takes. */
export const deployTable = {
  description: [
    "Replaces the files that PLAN names, all or none, across crashes and power cuts, too. All is staged, " +
    "`validate` is asked, all files are switched, `activate` makes them take effect. If that fails, every file is " +
    "restored, and activated again (status 90). Files that are as they should be are not touched, and when all " +
    "are, no program runs.",
    "PLAN is { files: [{ path, source | content, mode, owner, defaults }], validate: [word…], activate: [word…], " +
    "backup, timeouts: { validate, activate } }. Paths are relative to PLAN, where the programs run, too, without " +
    "a shell; in ATOMIC_WRITE_STAGED, a JSON object, they find where the new content of each file is. What they " +
    "print is shown when they fail. See docs/deploy_plan.md.",
    "SIGINT, SIGTERM and SIGHUP leave everything as it was until the files are switched; from then on the " +
    "deployment is brought to its end.",
  ],
  operands: { plan: { help: "The JSON file that says what is to be where" } },
  options: { ...transactionRows },
  statuses: [1, 2, 65, 66, 90, 91, 126, 127],
  examples: [
    `echo '{"files":[{"path":"greeting","content":"hello"}],"activate":["cat","greeting"]}' > plan.json`,
    "atomic-write deploy -w 30 plan.json",
  ],
} as const satisfies CommandTable;

/** What `atomic-write recover DIR` takes. */
export const recoverTable = {
  description: [
    "Brings deployments in DIR that a crash has cut off to their ends: finishes what was decided, undoes the " +
    "others, and says so. The next deployment of such files does the same.",
    "Left alone are files that somebody else has changed since (status 2), and deployments that are under way, that " +
    "nothing proves dead, that miss a directory (status 75), or whose journal is damaged (status 65).",
    "Nobody knows after a crash whether what is there has taken effect: --activate makes sure of it. Until then it " +
    "is said every time (status 91); --activate true, where a service is started afterwards anyway.",
    "What fails is told beside what was done; the first failure (--json: error, of errors) decides the status. A " +
    "failed activation or a signal ends the work.",
  ],
  operands: { dir: { help: "The directory" } },
  options: {
    recursive: flag("Also in the directories below", "r"),
    ...programRows,
    unproven: flag("Also deployments that nothing proves dead: only if you know that none runs any more"),
    ...waitRows,
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

/** What `atomic-write roll-back PATH` takes. */
export const rollBackTable = {
  description: [
    "Makes PATH lead to what was published there before, by one rename. What it leads to now is withdrawn: no " +
    "roll-back goes to it, and the next publication removes it when its grace is over.",
  ],
  operands: { path: { help: "The published path, a symlink that `atomic-write publish` has made" } },
  options: { ...programRows, ...transactionRows },
  statuses: [1, 66, 90, 91, 126, 127],
  examples: [
    "date | atomic-write --mkdir dist/index.html && atomic-write publish site dist",
    "date | atomic-write dist/index.html && atomic-write publish site dist",
    "atomic-write roll-back site",
  ],
} as const satisfies CommandTable;
