/**
 * Rows that tables of several families share: how a file is written, whatever its content comes from, how its lock is
 * waited for, and how far a change must have reached.
 */
import { parseDigest } from "../../core/digest.ts";
import { highestOwnerNumber, isOwner } from "../../core/options.ts";
import {
  count,
  flag,
  oneOf,
  type Option,
  type OptionTable,
  type OptionValues,
  seconds,
  UnreadableValue,
} from "../table.ts";

const mode: Option<number> = {
  value: "OCTAL",
  help: "Permission bits, exactly; default: those it has, or for a new file what the umask leaves of 666",
  read(text) {
    if (!/^0*[0-7]{1,4}$/.test(text)) throw new UnreadableValue("must be permission bits in octal, such as 640");
    return parseInt(text, 8);
  },
};

/** What is left out is undefined. Names and numbers are told apart later, by whether there is such a name. */
// check-layers: allow -- the declarations of the tables that have this option name it
export interface OwnerValue {
  readonly user?: string;
  readonly group?: string;
}

const owner: Option<OwnerValue> = {
  value: "USER:GROUP",
  help: "Owner, by names or numbers; USER or :GROUP alone leaves the other; default: those it has",
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
    "Only write if the content has this SHA-256 (see --digest; compared inside the file's lock), or there is no file (none)",
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
    "What a power cut must not undo: content and name (full, the default; barrier: only ordered before later writes), " +
      "the content under the name it had (file), or nothing (none: atomic only)",
  ),
  whenUnsupported: oneOf(
    ["report", "throw"],
    "If that cannot be had here: say what was reached (the default), or refuse before anything is changed",
  ),
  whenSyncFails: oneOf(
    ["throw", "report"],
    "If the disk fails to sync: fail (the default), or let the change stand and say what was reached",
  ),
} satisfies OptionTable;

/** Everything about the file that is written. */
export const writeRows = {
  mode,
  owner,
  backup: count("N", "Keep the last N versions beside the file, hidden; see `atomic-write restore`"),
  create: flag("Only make a new file: never replace one"),
  ifMatch,
  lock: flag("Write inside the lock of the file: wait for others, and keep them out"),
  skipEqual: flag("Leave the file alone if it has this content; its mode and owner are still corrected"),
  ...durabilityRows,
  symlink: oneOf(
    ["follow", "replace", "refuse"],
    "If FILE is a symlink: write what it leads to (the default), replace it, or refuse",
  ),
  hardLink: oneOf(
    ["break", "refuse"],
    "If FILE has more names (hard links): leave them the old content (the default), or refuse",
  ),
  mkdir: flag("Make missing directories, each of them durable"),
  digest: flag("Print the SHA-256 of the content"),
} satisfies OptionTable;

/** Their values. */
export type WriteValues = OptionValues<typeof writeRows>;

const conflictExitCode: Option<number> = {
  value: "N",
  short: "E",
  help: "The exit status when the lock was not free in time; default: 1",
  read(text) {
    const number = /^[0-9]{1,3}$/.test(text) ? Number(text) : NaN;
    if (!(number <= 255)) throw new UnreadableValue("must be an exit status from 0 to 255");
    return number;
  },
};

/** How long to wait, and what to say when that was in vain: flock(1)'s names. */
export const waitRows = {
  nonblock: flag("Do not wait for the lock", "n"),
  timeout: seconds("SECONDS", "Wait for the lock so long and no longer; default: until it is free", "w"),
  conflictExitCode,
} satisfies OptionTable;

/** Their values. */
export type WaitValues = OptionValues<typeof waitRows>;

const { conflictExitCode: _flocksOwn, ...patience } = waitRows;

/** How long `store` and `log` wait for whoever else writes. */
export const patienceRows = patience;
