/**
 * Whose names count: the one rule of ownership.
 *
 * What bears a name of ours (a journal, a marker, a backup, a generation) but belongs to somebody else than this user or
 * root is never acted upon: not carried out, restored, gone back to, published or removed. It is respected all the same:
 * what may be somebody's unfinished work is in the way, and the error says what helps. A user who can put a name into a
 * directory, but not replace the files there (a sticky directory, such as /tmp), would otherwise have this module do it;
 * and root, who recovers a directory of somebody else's, would do what a planted journal says. An owner whom the user
 * namespace of this process does not map may be anybody, and never counts.
 *
 * Those who share a directory on purpose name one another: the option `trust`. Content that is known by its digest, as
 * the objects of a store are, needs no owner.
 */
import { highestOwnerNumber, type OptionReader, wholeNumber, wrongArgument } from "../core/options.ts";
import { type Operation, wait } from "../core/operation.ts";
import type { FileStatus, Runtime } from "../runtime/runtime.ts";
import { SystemError } from "../runtime/system_error.ts";
import type { ParentDirectory } from "./directories.ts";
import { beginAttempt } from "./failure.ts";
import { isUnmapped } from "./known_owner.ts";
import { closeQuietly } from "./file_call.ts";
import { createTemporary } from "./temporary_file.ts";

/** Users beside this one and root whose names count, by their numbers; `"any"`: everybody's. */
export type Trust = "any" | readonly number[];

/** The option by which others are trusted. */
export interface TrustOption {
  /**
   * Users whose journals, markers, backups and generations count as this user's own and root's do: numbers, or `"any"` for
   * everybody. Default: nobody else's. Name only users who may do with the directory whatever they like.
   */
  trust?: Trust;
}

const userNumber = wholeNumber(0, highestOwnerNumber);

/** Reads the option `trust`. */
export const trustReader: OptionReader<Trust> = (value, name) => {
  if (value === "any") return value;
  if (!Array.isArray(value)) throw wrongArgument(name, `"any" or an array of user numbers`, value);
  return value.map((each: unknown, index) => userNumber(each, `${name}[${index}]`));
};

/** Numbers of this process's user, where it may not ask and a file of its own told. */
const learned = new WeakMap<Runtime, number | undefined>();

/** Which user this process runs as; undefined if that cannot be determined. */
function* ourUser(home: ParentDirectory): Operation<number | undefined> {
  const { runtime } = home.engine;
  const known = runtime.process.owner()?.user;
  if (known !== undefined) return known;
  if (learned.has(runtime)) return learned.get(runtime);
  try {
    // Whose a new file is, its status tells.
    const { file, name } = yield* createTemporary(home, "owner", 0o600, beginAttempt("Cannot find", home.path));
    try {
      learned.set(runtime, (yield* wait(file.stat())).user);
    } finally {
      yield* closeQuietly(file);
      yield* wait(home.names.remove(name));
    }
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
  }
  return learned.get(runtime);
}

/** Whether what bears a name of ours in this directory counts, by whom it belongs to. */
export function* isCredible(
  home: ParentDirectory,
  { user }: Pick<FileStatus, "user">,
  trust: Trust,
): Operation<boolean> {
  const { capabilities, runtime } = home.engine;
  if (!capabilities.owner || trust === "any" || user === 0) return true;
  // Before anything is made to learn who this is.
  if (isUnmapped(runtime, user)) return false;
  return trust.includes(user) || (yield* ourUser(home)) === user;
}

/**
 * Whether nobody but this user and root can make names in a directory: then all of them count, and none need be looked at.
 * (Where an ACL lets others write, the permission bits of the group show it: acl(5).)
 */
export function* isPrivate(home: ParentDirectory, trust: Trust): Operation<boolean> {
  const { engine: { capabilities }, status } = home;
  if (!capabilities.owner || trust === "any") return true;
  return capabilities.mode && (status.mode & 0o022) === 0 && (yield* isCredible(home, status, trust));
}
