/**
 * Mode, owner and attributes of a file that replaces another.
 *
 * 1. `wantedMetadata` before the temporary file exists: what it shall have, and with which mode it may be created so
 *    that at no instant it is open to more than the finished file will be.
 * 2. `applyMetadata` through the descriptor, after the content and before the sync: owner first (it clears setuid and
 *    setgid), then the access control list, then mode; the other attributes as attributes.ts says. Answers what could not
 *    be kept.
 *
 * Nothing is ever changed by path. After a failure the temporary file is discarded; the target has not been touched.
 */
import { OutOfRange } from "../core/errors.ts";
import { type Operation, wait } from "../core/operation.ts";
import type { FileAttributes, FileStatus, OpenFile, Runtime } from "../runtime/runtime.ts";
import { isRefused, setAccessList, setOwnAttributes, setSecurity } from "./attributes.ts";
import type { Engine } from "./engine.ts";
import { knownOwner } from "./known_owner.ts";
import type { Owner } from "./mode_and_owner.ts";
import type { WritePlan } from "./write_plan.ts";

/** What a new file shall have. */
export interface WantedMetadata {
  /** Given to `create`; the umask takes from it. */
  readonly creationMode: number;
  /** Exact permission bits, or undefined: as the kernel made it. */
  readonly mode: number | undefined;
  /** The same where files have no permission bits, and it cannot be set. */
  readonly wished?: number | undefined;
  readonly user: number | undefined;
  readonly group: number | undefined;
  /** The caller named the user: failing to set it is an error, not a loss. */
  readonly userRequired: boolean;
  /** The caller named the group, likewise. */
  readonly groupRequired: boolean;
  /** The caller named the mode, likewise. */
  readonly modeRequired: boolean;
  /** What is lost already. */
  readonly lost: readonly string[];
  /** The old file's access control list and other attributes; undefined where they are not kept or cannot be seen. */
  readonly attributes?: FileAttributes | undefined;
}

const setUserAndGroup = 0o6000;

function numberOf(name: number | string | undefined, find: (name: string) => number | undefined, kind: string) {
  if (typeof name !== "string") return name;
  const number = find(name) ?? (/^\d+$/.test(name) ? Number(name) : undefined);
  if (number === undefined) {
    throw new OutOfRange(`owner must be a ${kind} that exists: there is none named ${JSON.stringify(name)}`);
  }
  return number;
}

/** An owner by numbers. A name nobody bears is a RangeError. */
export function ownerNumbers(owner: Owner, runtime: Runtime): { user: number | undefined; group: number | undefined } {
  const { process } = runtime;
  return {
    user: numberOf(owner.user, (name) => process.userNumber(name), "user"),
    group: numberOf(owner.group, (name) => process.groupNumber(name), "group"),
  };
}

/** What the new file shall have, seen from what is there. */
export function wantedMetadata(
  engine: Engine,
  plan: WritePlan,
  previous: FileStatus | undefined,
  directory: FileStatus,
): WantedMetadata {
  const { capabilities, runtime } = engine;
  const lost: string[] = [];
  let mode: number | undefined;
  let modeRequired = true;
  if (typeof plan.mode === "number") {
    mode = plan.mode;
    modeRequired = !plan.modeIfPermitted;
  } else if (plan.mode === "keep" && previous !== undefined) {
    mode = previous.mode & ~setUserAndGroup;
    modeRequired = false;
    if ((previous.mode & 0o4000) !== 0) lost.push("setuid");
    if ((previous.mode & 0o2000) !== 0) lost.push("setgid");
  } else mode = plan.defaults.mode;
  const wished = mode;
  if (!capabilities.mode) mode = undefined;

  let named: Owner | undefined;
  if (typeof plan.owner === "object") named = plan.owner;
  else if (previous === undefined) named = plan.defaults.owner;
  let user: number | undefined;
  let group: number | undefined;
  if (plan.owner === "keep" && previous !== undefined) ({ user, group } = previous);
  if (!capabilities.owner) {
    // Where there are no owners, nobody bears a name either.
    if (named !== undefined) lost.push("owner");
    user = group = undefined;
  } else if (named !== undefined) {
    const numbers = ownerNumbers(named, runtime);
    user = numbers.user ?? previous?.user;
    group = numbers.group ?? previous?.group;
  }
  return {
    creationMode: mode === undefined ? plan.newFileMode : creationMode(runtime, mode, { user, group }, directory),
    mode,
    wished,
    user,
    group,
    userRequired: named?.user !== undefined && capabilities.owner,
    groupRequired: named?.group !== undefined && capabilities.owner,
    modeRequired,
    lost,
  };
}

function creationMode(
  runtime: Runtime,
  mode: number,
  { user, group }: Pick<WantedMetadata, "user" | "group">,
  directory: FileStatus,
): number {
  const permissions = mode & 0o777;
  if (user === undefined && group === undefined) return permissions;
  const ours = knownOwner(runtime);
  // Who we are is not known: what everybody may do is allowed, what the group may do waits for the group.
  if (ours === undefined) return permissions & 0o707;
  const inherits = (directory.mode & 0o2000) !== 0;
  const newGroup = inherits ? directory.group : ours.group;
  const sameOwner = (user ?? ours.user) === ours.user && (group ?? newGroup) === newGroup;
  if (!sameOwner) return permissions & 0o600;
  // Some systems, and some mounts (ext4's grpid), give every new file its directory's group: mount(8).
  const certain = inherits || directory.group === ours.group || group === undefined;
  return certain ? permissions : narrowed(permissions);
}

/** Group bits that were meant for another group: this one gets no more than everybody has. */
const narrowed = (mode: number): number => (mode & ~0o070) | (mode & 0o070 & ((mode & 0o007) << 3));

/** What a copy shall have of what is like this, as far as this process may: of the mode, these bits. */
export function copiedMetadata({ capabilities }: Engine, status: FileStatus, bits: number): WantedMetadata {
  return {
    creationMode: status.mode & 0o600,
    mode: capabilities.mode ? status.mode & bits : undefined,
    user: capabilities.owner ? status.user : undefined,
    group: capabilities.owner ? status.group : undefined,
    userRequired: false,
    groupRequired: false,
    modeRequired: false,
    lost: [],
  };
}

/** Sets the owner as far as this process may. */
function* setOwner(file: OpenFile, wanted: WantedMetadata, now: FileStatus): Operation<void> {
  const user = wanted.user === now.user ? undefined : wanted.user;
  const group = wanted.group === now.group ? undefined : wanted.group;
  if (user === undefined && group === undefined) return;
  try {
    yield* wait(file.setOwner(user, group));
    return;
  } catch (error) {
    const required = (user !== undefined && wanted.userRequired) || (user === undefined && wanted.groupRequired);
    if (required || !isRefused(error)) throw error;
  }
  if (user === undefined || group === undefined) return;
  try {
    // Only root gives files away, but everybody may choose among their own groups: chown(2).
    yield* wait(file.setOwner(undefined, group));
  } catch (error) {
    if (wanted.groupRequired || !isRefused(error)) throw error;
  }
}

/** Gives the open file what is wanted; answers what is lost. `now` is the file's status before. */
export function* applyMetadata(file: OpenFile, wanted: WantedMetadata, now: FileStatus): Operation<string[]> {
  const lost = [...wanted.lost];
  if (wanted.mode === undefined && wanted.wished !== undefined && wanted.wished !== now.mode) lost.push("mode");
  // What its directory has handed down to the new file must be known: where that cannot be seen, it is not used.
  const attributes = wanted.attributes && { wanted: wanted.attributes, has: yield* wait(file.attributes()) };
  if (attributes !== undefined) lost.push(...yield* setOwnAttributes(file, attributes));
  const ownerDiffers = (wanted.user ?? now.user) !== now.user || (wanted.group ?? now.group) !== now.group;
  let status = now;
  if (ownerDiffers) {
    yield* setOwner(file, wanted, now);
    status = yield* wait(file.stat());
    if ((wanted.user ?? status.user) !== status.user) lost.push("owner");
    if ((wanted.group ?? status.group) !== status.group) lost.push("group");
  }
  // Without any wish the mode is what the kernel made of umask and default ACLs; a change of owner must not alter it.
  let mode = wanted.mode ?? now.mode;
  if (lost.includes("group") && typeof wanted.mode === "number") {
    if (narrowed(mode) !== mode) lost.push("mode");
    mode = narrowed(mode);
  }
  if (attributes !== undefined) {
    const list = yield* setAccessList(file, attributes, { mode, full: wanted.mode ?? mode });
    lost.push(...list.lost);
    mode = list.mode;
    status = yield* wait(file.stat());
  }
  if (status.mode !== mode) lost.push(...yield* setPermissions(file, mode, wanted.modeRequired));
  if (attributes !== undefined) lost.push(...yield* setSecurity(file, attributes));
  return lost;
}

/** Sets the mode as far as this process may; what is lost. */
function* setPermissions(file: OpenFile, mode: number, required: boolean): Operation<string[]> {
  try {
    yield* wait(file.setMode(mode));
  } catch (error) {
    // A mount without permissions: what it shows for every file is all there is to keep.
    if (required || !isRefused(error)) throw error;
    return ["mode"];
  }
  // The kernel drops setgid without an error if the process is not in the file's group: chmod(2).
  return (mode & 0o2000) !== 0 && ((yield* wait(file.stat())).mode & 0o2000) === 0 ? ["setgid"] : [];
}
