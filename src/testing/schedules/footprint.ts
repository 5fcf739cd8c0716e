/**
 * What a call at the seam has to do with others: the resources it looks at or changes. Wider than need be, never
 * narrower: two orders that could differ must not count as one.
 *
 * - `disk`, `pending n`: what a power cut may leave; see logged_disk.ts, which also tells whose links and entries change.
 * - `name x`: a path is a look at each of its names; adding, moving or removing one changes it. Where symlinks are about,
 *   a path may lead through any name (`names`).
 * - `inode n`, `links n`: what is read through an open file, and what `stat` tells. What a path has led to is known when
 *   the call has answered (`found`); `contents`: of whatever is there. `ways`: the directories that may be passed.
 * - `lock n`: kernel locks; closing a file that has one gives it back.
 * - `everything`: changed by a call that fails on purpose and by its answer, and by nothing else.
 *
 * The order in which a directory is listed, and the numbers of inodes, are nobody's to rely on: they make no difference.
 * Where room is limited, who comes first gets it, and no two changes may change places.
 */
import type { SeamCall, SeamMethod } from "../faults/intercept.ts";
import type { Touch } from "./order_hash.ts";

/** What is known of the machine when a call is about to take effect. */
interface Surroundings {
  /** The inode behind an open file of the calling process; undefined: not known. */
  readonly inode: number | undefined;
  /** Whether there are symlinks on the machine. */
  readonly symlinks: boolean;
  /** Whether a file system of the machine may become full. */
  readonly limited: boolean;
  /** Whether the disk is a file server's, where what was removed can be read no more. */
  readonly network: boolean;
  /** Whether the call fails on purpose. */
  readonly fails: boolean;
  /** Whether one has. */
  readonly failed: boolean;
}

const naming: ReadonlySet<SeamMethod> = new Set([
  "create",
  "makeDirectory",
  "rename",
  "link",
  "symbolicLink",
  "remove",
  "removeDirectory",
]);
const changingFiles: ReadonlySet<SeamMethod> = new Set([
  "write",
  "truncate",
  "setMode",
  "setOwner",
  "setTimes",
  "setAttribute",
  "clone",
]);
const locking: ReadonlySet<SeamMethod> = new Set(["tryLock", "lock", "unlock", "close"]);

const look = (resource: string): Touch => ({ resource, changes: false });
const change = (resource: string): Touch => ({ resource, changes: true });
const oneOf = (group: string, resource: string): Touch => ({ resource, changes: true, group });
const namesOf = (path: string): string[] => path.split("/").filter((name) => name !== "");

function pathTouches(call: SeamCall, surroundings: Surroundings): Touch[] {
  const changed = naming.has(call.method);
  const second = call.method === "rename" || call.method === "link" ? [String(call.operands[0])] : [];
  const touches: Touch[] = [];
  for (const path of [call.path, ...second]) {
    const names = namesOf(path);
    for (const name of names) touches.push(look(`name ${name}`));
    const last = names.at(-1);
    if (changed && last !== undefined) touches.push(change(`name ${last}`));
  }
  const among = (resource: string) =>
    surroundings.symlinks || surroundings.limited ? change(resource) : oneOf("names", resource);
  touches.push(look("ways"));
  if (changed) touches.push(among("names"));
  else if (surroundings.symlinks || call.method === "readDirectory") touches.push(look("names"));
  if (call.method === "hasAttributes") touches.push(look("contents"));
  return touches;
}

function fileTouches(call: SeamCall, { inode, limited, network, failed }: Surroundings): Touch[] {
  const own = `inode ${inode ?? "unknown"}`;
  if (changingFiles.has(call.method)) {
    // A clone reads a file that is not known here.
    const apart = limited || inode === undefined || call.method === "clone";
    // A file system that has failed may still allow a first change of metadata, of whatever file.
    const more = failed ? [change("disk")] : [];
    if (inode === undefined) more.push(change("unknown files"));
    return [apart ? change("contents") : oneOf("changes", "contents"), change(own), ...more];
  }
  if (locking.has(call.method)) return [change(`lock ${inode ?? "unknown"}`)];
  if (call.method === "read") return network ? found(inode) : [look(own)];
  if (call.method === "times" || call.method === "attributes") return [look(own)];
  return call.method === "stat" ? found(inode) : [];
}

/** What a call looks at in the file that it has come to; undefined: it is unknown which file that is. */
export const found = (inode: number | string | undefined): Touch[] =>
  inode === undefined
    ? [look("inode unknown"), look("contents"), look("links")]
    : [look(`inode ${inode}`), look(`links ${inode}`), look("unknown files")];

/** Everything a call touches. */
export function footprint(call: SeamCall, surroundings: Surroundings): Touch[] {
  const touches = call.file === undefined ? pathTouches(call, surroundings) : fileTouches(call, surroundings);
  touches.push(ofEverything(surroundings.fails));
  return touches;
}

/** What every step touches: changed by a call that fails, and by its answer. */
export const ofEverything = (fails: boolean): Touch => fails ? change("everything") : look("everything");
