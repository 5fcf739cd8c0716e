/**
 * Rows that tables of several families share: how a file is written, whatever its content comes from, how its lock is
 * waited for, and how far a change must have reached.
 */
import { parseDigest } from "../../core/digest.ts";
import { highestOwnerNumber, isOwner, looksOctal } from "../../core/options.ts";
import type { ListBackupsOptions } from "../../file/backups.ts";
import {
  count,
  flag,
  oneOf,
  type Option,
  type OptionTable,
  type OptionValues,
  seconds,
  text,
  UnreadableValue,
} from "../table.ts";

const mode: Option<number> = {
  value: "OCTAL",
  help: "Exact permission bits; default: unchanged, or 666 minus the umask for a new file",
  read(text) {
    if (!/^0*[0-7]{1,4}$/.test(text)) throw new UnreadableValue("must be permission bits in octal, such as 640");
    const mode = parseInt(text, 8);
    // The functions refuse them, and would name the number, which nobody has typed.
    if (looksOctal(mode)) throw new UnreadableValue(`must be other permission bits: these are ${mode} in decimal`);
    return mode;
  },
};

/** What is left out is undefined. Names and numbers are distinguished later, by whether there is such a name. */
// check-layers: allow -- the declarations of the tables that have this option name it
export interface OwnerValue {
  readonly user?: string;
  readonly group?: string;
}

const owner: Option<OwnerValue> = {
  value: "USER:GROUP",
  help: "Owner, as names or numbers; USER or :GROUP alone leaves the other unchanged; default: unchanged",
  read(text) {
    const [, user = "", , group = ""] = /^([^:]*)(:([^:]*))?$/.exec(text) ?? [];
    if (user === "" && group === "") throw new UnreadableValue("must be USER, USER:GROUP or :GROUP");
    if (![user, group].every((each) => each === "" || isOwner(each))) {
      throw new UnreadableValue(`must have numbers from 0 to ${highestOwnerNumber}`);
    }
    return { ...user === "" ? {} : { user }, ...group === "" ? {} : { group } };
  },
};

const ifMatch: Option<string | null> = {
  value: "DIGEST|none",
  help:
    "Write only if the content has this SHA-256 (see --digest; compared under the file's lock), or if there is no file (none)",
  read(text) {
    if (text === "none") return null;
    const digest = parseDigest(text);
    if (digest === undefined) throw new UnreadableValue('must be a SHA-256 in 64 hexadecimal digits, or "none"');
    return digest;
  },
};

/** How far a change must have reached. */
export const durabilityRows = {
  durability: oneOf(
    ["full", "barrier", "file", "none"],
    "How much must survive a power cut: full (the default) = content and name; barrier = the same, but on " +
      "some systems only ordered before later writes; file = the old or the new content, complete; none = atomic only",
  ),
  whenUnsupported: oneOf(
    ["report", "throw"],
    "If the platform cannot provide that: report what was reached (the default), or fail before anything is changed",
  ),
  whenSyncFails: oneOf(
    ["throw", "report"],
    "If a sync fails: fail (the default), or keep the change and report what was reached",
  ),
} satisfies OptionTable;

/** Where a lock is, if not beside the file. */
export const lockDirectoryRow = {
  lockDirectory: text(
    "DIR",
    "Keep the lock in DIR instead of beside what is locked; all programs that lock it must name the same DIR",
  ),
} satisfies OptionTable;

/** What is done about a way that others could exchange. */
export const pathRows = {
  unsafePath: oneOf(
    ["throw", "allow"],
    "If another user could exchange a directory on the path, and this runtime cannot hold on to the directories that it " +
      "opens (see SECURITY.md): fail (the default for root), or go on (the default for others)",
  ),
} satisfies OptionTable;

/** Everything about the file that is written. */
export const writeRows = {
  mode,
  owner,
  backup: count("N", "Keep the last N versions beside the file, hidden; see `atomic-write restore`"),
  create: flag("Create a new file only; never replace one"),
  ifMatch,
  lock: flag("Write under the lock of the file"),
  ...lockDirectoryRow,
  skipEqual: flag("Do not write if the file already has this content; its mode and owner are still corrected"),
  ...durabilityRows,
  symlink: oneOf(
    ["follow", "replace", "refuse", "trust"],
    "If FILE is a symlink: write the file it leads to (the default, unless another user might have planted it), replace " +
      "the symlink, fail, or write the file it leads to in any case",
  ),
  hardLink: oneOf(
    ["break", "refuse"],
    "If FILE has other names (hard links): leave the old content to them (the default), or fail",
  ),
  whenReadOnly: oneOf(
    ["replace", "refuse"],
    "If the mode of FILE lets nobody write to it (444): replace it (the default), or fail",
  ),
  busyTimeout: seconds(
    "SECONDS",
    "If another program has FILE open, on a system that cannot replace open files, give up after SECONDS; default: 2",
  ),
  strict: flag(
    "Fail before FILE is changed if something cannot be kept (owner, mode, access control list, attributes, " +
      "hard links), or cannot be seen",
  ),
  mkdir: flag("Create missing directories durably"),
  digest: flag("Print the SHA-256 of the content"),
  ...pathRows,
} satisfies OptionTable;

/** Their values. */
export type WriteValues = OptionValues<typeof writeRows>;

const conflictExitCode: Option<number> = {
  value: "N",
  short: "E",
  help: "Exit status if the lock is not free in time; default: 1",
  read(text) {
    const number = /^[0-9]{1,3}$/.test(text) ? Number(text) : NaN;
    if (!(number <= 255)) throw new UnreadableValue("must be an exit status from 0 to 255");
    return number;
  },
};

/** Whose journals, backups and generations count beside one's own and root's. */
export const trustRows = {
  trust: {
    value: "UID,UID…|any",
    help:
      "Also count what other users have left here: those with these numbers, or all; default: only your own and root's",
    read(text): NonNullable<ListBackupsOptions["trust"]> {
      if (text === "any") return text;
      const users = text.split(",");
      if (!users.every((user) => /^[0-9]+$/.test(user) && isOwner(user))) {
        throw new UnreadableValue('must be "any" or numbers of users, separated by commas');
      }
      return users.map(Number);
    },
  },
} satisfies OptionTable;

/** How long to wait, and what to report when it was not enough: flock(1)'s names. */
export const waitRows = {
  nonblock: flag("Fail at once if the lock is not free", "n", ["--nb"]),
  timeout: seconds("SECONDS", "Give up if the lock is not free within SECONDS; default: wait until it is", "w", [
    "--wait",
  ]),
  conflictExitCode,
} satisfies OptionTable;

/** How a command takes the lock that it runs a program under. */
export const lockRows = {
  ...waitRows,
  ...lockDirectoryRow,
  ...pathRows,
  join: flag("If a program that runs this one holds the lock (`lock FILE -- …`), use its lock instead of failing"),
  verbose: flag("Say which process holds the lock, even if standard error is not a terminal", "v"),
} satisfies OptionTable;

/** Their values. */
export type LockValues = OptionValues<typeof lockRows>;

/** Their values. */
export type WaitValues = OptionValues<typeof waitRows>;

const { conflictExitCode: _flocksOwn, ...patience } = waitRows;

/** How long `store` and `log` wait for another writer. */
export const patienceRows = patience;
