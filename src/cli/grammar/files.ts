/** What the commands about one file take: to write, copy, remove, restore and update it, and to lock it. */
import { type CommandTable, count, flag, sha256, text } from "../table.ts";
import { durabilityRows, lockDirectoryRow, lockRows, pathRows, trustRows, writeRows } from "./rows.ts";
import { updateVersionRows, writeVersionRows } from "./versioned.ts";

/** What `atomic-write [write] FILE` takes. */
export const writeTable = {
  description: [
    "Replaces or creates FILE with standard input. Readers see the complete old or the complete new content, and " +
    "after status 0 a power cut changes nothing. With any other status FILE is unchanged, unless the message says " +
    "otherwise, and nothing is left beside it.",
    "Empty input is refused: a pipe looks the same whether the program before it printed nothing or died. If that " +
    "program dies half-way, its output looks complete; use `update`, which checks the program's exit status.",
    "With --versioned no lock is needed: the content becomes the next version of FILE, beside it, and FILE itself shows " +
    "it. Of all programs that write with --if-version N, one succeeds; the others get status 2.",
    'The word "write" can be omitted, unless FILE is the name of a command.',
  ],
  operands: { file: { help: "The file to write" } },
  options: {
    ...writeRows,
    appendNewline: flag("Add a newline if the input does not end in one"),
    allowEmpty: flag("Accept empty input"),
    requireJson: flag("Refuse input that is not one JSON value"),
    ...writeVersionRows,
  },
  statuses: [2, 65, 66],
  examples: [
    `echo '{"theme":"dark"}' | atomic-write --require-json settings.json`,
    `date | atomic-write --mode 600 --backup 3 last-run`,
    `date | atomic-write --versioned --if-version none first-run`,
  ],
} as const satisfies CommandTable;

/** What `atomic-write copy SOURCE TARGET` takes. */
export const copyTable = {
  description: [
    "Replaces or creates TARGET with the content of SOURCE, as `write` does, sharing blocks if the file system " +
    "supports that. TARGET keeps its mode and owner; a new file gets the mode of SOURCE minus the umask.",
    "The status is 75 if SOURCE changes while it is read.",
  ],
  operands: {
    source: { help: "The file to read", insteadOfDash: "standard input is what `… | atomic-write TARGET` writes" },
    target: { help: "The file to write" },
  },
  options: { ...writeRows, keepTimes: flag("Give TARGET the modification time of SOURCE") },
  statuses: [2, 66],
  examples: ["atomic-write copy --backup 3 /etc/hosts hosts.copy"],
} as const satisfies CommandTable;

/** What `atomic-write remove FILE` takes. */
export const removeTable = {
  description: [
    "Removes FILE (or the symlink of that name) so that a power cut does not bring it back. It is not an error if " +
    "there is no such file, unless --if-match says which content it must have (status 2).",
  ],
  operands: { file: { help: "The file to remove" } },
  options: {
    ifMatch: sha256("Remove FILE only if its content has this SHA-256 (see --digest; compared under its lock)"),
    lock: flag("Remove FILE under its lock"),
    ...lockDirectoryRow,
    ...durabilityRows,
    ...pathRows,
  },
  statuses: [2],
  examples: ["date | atomic-write session.token && atomic-write remove session.token"],
} as const satisfies CommandTable;

/** What `atomic-write restore FILE [WHICH]` takes. */
export const restoreTable = {
  description: [
    "Restores an earlier version of FILE, kept by `--backup`: content, mode and owner, as `write` does. The " +
    "backup stays.",
    "--list prints the earlier versions, newest first: when each was replaced, its size in bytes, and its name.",
  ],
  operands: {
    file: { help: "The file to restore; it need not exist" },
    which: { help: "Which version, by the name that --list prints; default: the newest", optional: true },
  },
  options: {
    list: flag("List the earlier versions and change nothing"),
    backup: count("N", "Also keep the version that is replaced, and the last N in total"),
    ...trustRows,
    ...durabilityRows,
    ...pathRows,
    strict: flag(
      "Fail before FILE is changed if it cannot have the version's owner, mode, access control list and attributes",
    ),
    digest: flag("Print the SHA-256 of the content"),
  },
  statuses: [66],
  examples: [
    "date | atomic-write notes && date | atomic-write --backup 3 notes",
    "atomic-write restore --list notes && atomic-write restore notes",
  ],
} as const satisfies CommandTable;

const { create: _new, ifMatch: _compared, lock: _always, skipEqual: _likewise, ...updateRows } = writeRows;

/** What `atomic-write update FILE -- COMMAND` takes. */
export const updateTable = {
  description: [
    "Runs COMMAND under the lock of FILE, with the old content as its standard input (nothing if there is no " +
    "FILE), and writes what it prints to FILE as `write` does, if that is different. If COMMAND fails, nothing is " +
    "changed, and its status becomes the status of this command. Nor is anything changed if COMMAND leaves a " +
    "background process that holds its output open (status 65).",
    "Among programs that take the lock, no update is lost. Signals that stop programs are forwarded to COMMAND.",
    "With --versioned no lock is taken: COMMAND gets the newest version of FILE, and what it prints becomes the next one. " +
    "If another program was faster, COMMAND runs again with the new content, so it should have no other effects. " +
    "Every program that changes FILE must use --versioned.",
  ],
  operands: {
    file: { help: "The file to change" },
    command: { help: "The program to run, looked up as a shell does, and its arguments", rest: true },
  },
  options: {
    ...lockRows,
    ...updateRows,
    appendNewline: flag("Add a newline if the output does not end in one"),
    allowEmpty: flag("Accept empty output"),
    requireJson: flag("Refuse output that is not one JSON value"),
    ...updateVersionRows,
  },
  statuses: [1, 2, 65, 126, 127],
  examples: [
    "atomic-write update --require-json state.json -- jq -n 'input? // {} | .runs += 1'",
    "atomic-write update --versioned count -- sh -c 'read n; echo $((n + 1))'",
    "printf 'b\\na\\nb\\n' | atomic-write names && atomic-write update -w 5 --backup 3 names -- sort -u",
  ],
} as const satisfies CommandTable;

/** What `atomic-write lock FILE -- COMMAND` takes. */
export const lockTable = {
  description: [
    "Runs COMMAND while holding the lock of FILE, and exits with its status. The lock is flock(2) on FILE.lock: " +
    "it excludes everyone who locks FILE with atomic-write, or FILE.lock with flock(1).",
    "SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGALRM, SIGUSR1 and SIGUSR2 are forwarded to COMMAND, except those that a " +
    "terminal sends to it anyway. The lock is released when COMMAND ends. COMMAND inherits it as descriptor 3: if " +
    "this process is killed, the file stays locked while COMMAND is running. A lock directory, used where there is " +
    "no flock(2), cannot be inherited.",
    "Inside COMMAND, another `lock` or `update` of FILE fails at once, because it would wait for itself; with --join " +
    "it runs under the lock that is held.",
    "--inspect prints who holds the lock. --break frees a lock directory whose holder is known to be dead but cannot be " +
    "judged from here; it asks first, unless --force is given. Locks of the kernel end with their processes.",
  ],
  operands: {
    file: { help: "The file or directory to lock; it need not exist" },
    command: {
      help: 'The program to run, looked up as a shell does, and its arguments; "--" is needed if it starts with "-"',
      rest: true,
      bare: true,
      optional: true,
    },
  },
  options: {
    shared: flag("Take a shared lock", "s"),
    exclusive: flag("Take an exclusive lock (the default)", "x", ["-e"]),
    ...lockRows,
    close: flag("Do not let COMMAND inherit the lock", "o"),
    command: text("TEXT", "Run TEXT with the shell (SHELL, or /bin/sh) as COMMAND", "c"),
    inspect: flag("Print who holds the lock, and run nothing"),
    break: flag("Free the lock directory of a holder that is dead, and run nothing"),
    force: flag("With --break: do not ask"),
  },
  statuses: [1, 126, 127],
  examples: [
    'atomic-write lock -w 10 state.json echo "nobody else can lock it now"',
    `atomic-write lock -n nightly -- sh -c 'echo "the only one"' || echo "already running"`,
  ],
} as const satisfies CommandTable;
