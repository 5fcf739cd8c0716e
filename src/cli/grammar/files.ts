/** What the commands about one file take: to write, copy, remove, restore and update it, and to lock it. */
import { type CommandTable, count, flag } from "../table.ts";
import { durabilityRows, waitRows, writeRows } from "./rows.ts";

/** What `atomic-write [write] FILE` takes. */
export const writeTable = {
  description: [
    "Replaces or makes FILE with standard input. Readers see all of the old or all of the new content, and after " +
    "status 0 a power cut changes nothing. With any other status FILE is as it was, unless the message says " +
    "otherwise, and nothing is left beside it.",
    "Empty input is refused: a pipe looks the same whether the program before it had nothing to say or has died. " +
    "One that dies half-way looks as if it had finished: `update` sees how its program ends.",
    'The word "write" may be left out, unless FILE is the name of a command.',
  ],
  operands: { file: { help: "The file to write" } },
  options: {
    ...writeRows,
    appendNewline: flag("Add a newline if the input does not end in one"),
    allowEmpty: flag("Accept empty input"),
    requireJson: flag("Refuse input that is not one JSON value"),
  },
  statuses: [2, 65, 66],
  examples: [
    `echo '{"theme":"dark"}' | atomic-write --require-json settings.json`,
    `date | atomic-write --mode 600 --backup 3 last-run`,
  ],
} as const satisfies CommandTable;

/** What `atomic-write copy SOURCE TARGET` takes. */
export const copyTable = {
  description: [
    "Replaces or makes TARGET with the content of SOURCE, as `write` does, sharing blocks where the file system " +
    "can. TARGET keeps its mode and owner; a new one gets the mode of SOURCE, less the umask.",
    "A SOURCE that changes while it is read is status 75.",
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
    "Removes FILE (or the symlink of that name), and a power cut does not bring it back. No such file is no " +
    "error.",
  ],
  operands: { file: { help: "The file to remove" } },
  options: { ...durabilityRows, lock: writeRows.lock },
  statuses: [],
  examples: ["date | atomic-write session.token && atomic-write remove session.token"],
} as const satisfies CommandTable;

/** What `atomic-write restore FILE [WHICH]` takes. */
export const restoreTable = {
  description: [
    "Makes an earlier version, kept by `--backup`, the content of FILE again: bytes, mode and owner, as `write` " +
    "does. The backup stays.",
    "--list prints the earlier versions, newest first: when each was replaced, its size in bytes, its name.",
  ],
  operands: {
    file: { help: "The file to restore; it need not exist any more" },
    which: { help: "Which version, by the name that --list prints; default: the newest", optional: true },
  },
  options: {
    list: flag("List the earlier versions, and change nothing"),
    backup: count("N", "Keep the version that is replaced as well, and the last N in all"),
    ...durabilityRows,
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
    "Changes FILE through COMMAND inside the lock of FILE: the old content is its standard input (nothing, if " +
    "there is no FILE), what it prints is written as by `write`, if it is anything new. When COMMAND fails, " +
    "nothing is changed, and its status is that of this command.",
    "No update of anybody who takes the lock is lost. SIGINT, SIGTERM and SIGHUP are sent on to COMMAND.",
  ],
  operands: {
    file: { help: "The file to change" },
    command: { help: "The program to run, found as a shell finds it, and its arguments", rest: true },
  },
  options: {
    ...waitRows,
    ...updateRows,
    appendNewline: flag("Add a newline if the output does not end in one"),
    allowEmpty: flag("Accept empty output"),
    requireJson: flag("Refuse output that is not one JSON value"),
  },
  statuses: [1, 65, 126, 127],
  examples: [
    "atomic-write update --require-json state.json -- jq -n 'input? // {} | .runs += 1'",
    "printf 'b\\na\\nb\\n' | atomic-write names && atomic-write update -w 5 --backup 3 names -- sort -u",
  ],
} as const satisfies CommandTable;

/** What `atomic-write lock FILE -- COMMAND` takes. */
export const lockTable = {
  description: [
    "Runs COMMAND while the lock of FILE is held, and ends with its status. The lock is flock(2) on FILE.lock: it " +
    "keeps out all who lock FILE with atomic-write, or FILE.lock with flock(1).",
    "SIGINT, SIGTERM and SIGHUP are sent on to COMMAND, but for those that a terminal sends it anyway. COMMAND " +
    "does not inherit the lock: it ends with this process, even if that is killed while COMMAND goes on.",
  ],
  operands: {
    file: { help: "The file whose lock it is; it need not exist" },
    command: { help: "The program to run, found as a shell finds it, and its arguments", rest: true },
  },
  options: {
    shared: flag("Together with others that ask for it shared", "s"),
    exclusive: flag("Alone (the default)", "x"),
    ...waitRows,
  },
  statuses: [1, 126, 127],
  examples: [
    'atomic-write lock -w 10 state.json -- echo "nobody else changes it now"',
    `atomic-write lock -n nightly -- sh -c 'echo "the only one"' || echo "it runs already"`,
  ],
} as const satisfies CommandTable;
