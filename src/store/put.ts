/**
 * Putting objects, one or many together.
 *
 * 1. Read: every digest is known, and whether something is at its place.
 * 2. Stage and sync what is not there, all in parallel.
 * 3. In the store's shared lock: **link** each into its place (it can never replace anything), or, where it is already,
 *    verify it, refresh its age and sync it. An object that turns out damaged is replaced by the good content.
 * 4. Sync each directory once. Then the temporary names of what was linked go: a file system that refuses that has failed,
 *    and what it said was synced is not acknowledged.
 *
 * The lock is shared among putters and keeps the collector out: what it may remove it judges by age, inside its
 * exclusive lock. So from step 3 on every object of this call is young. Each content fares on its own. After a failure
 * nothing is staged any more; other objects of the call may have been stored, which harms nobody.
 */
import type { Outcome } from "../core/batches.ts";
import { ConflictError, FileError } from "../core/errors.ts";
import { all, type Operation, wait } from "../core/operation.ts";
import { commit } from "../protocol/commit.ts";
import { enterTarget, returnTicket, takeTicket } from "../protocol/commit_turn.ts";
import { closeParent, openParent, type ParentDirectory } from "../protocol/directories.ts";
import { translate } from "../protocol/failure.ts";
import { LearnedDevices } from "../protocol/learned_devices.ts";
import { TemporaryVanished } from "../protocol/file_replacement.ts";
import { isForbidden } from "../runtime/system_error.ts";
import type { Digest } from "../protocol/names/store.ts";
import { Incoming, type PutRequest } from "./incoming.ts";
import { refresh } from "./refresh.ts";
import type { StoreContext } from "./store.ts";
import { type Group, syncShards, together } from "./sync_shards.ts";

/** Stores all of these; how each fared, in order. */
export function* putObjects(context: StoreContext, requests: readonly PutRequest[]): Operation<Outcome<Digest>[]> {
  const incoming = requests.map((request) => new Incoming(context, request));
  const failures = new Map<Incoming, unknown>();
  const shards = new Map<string, ParentDirectory>();
  try {
    yield* each(incoming, failures, (one) => one.read());
    const groups = [...grouped(context, incoming, failures).values()];
    yield* openShards(context, groups, shards, failures);
    const living = () => groups.filter(({ lead }) => !failures.has(lead));
    const parentOf = (group: Group) => shards.get(group.directory) as ParentDirectory;
    yield* eachGroup(living(), failures, (group) => group.lead.seen ? nothing() : group.lead.stage(parentOf(group)));
    if (living().length > 0) {
      const state = () => groups.some(({ lead }) => lead.attempt.targetState === "replaced") ? "replaced" : "unchanged";
      yield* context.locked(true, function* (hold) {
        yield* eachGroup(living(), failures, (group) => settle(context, group, parentOf(group)));
        yield* hold.confirm(state());
      }, state);
    }
    yield* syncShards(context, living(), shards, failures);
    for (const { lead, members } of groups) {
      if (failures.has(lead)) members.forEach((member) => failures.set(member, failures.get(lead)));
    }
  } catch (error) {
    incoming.forEach((one) => failures.has(one) || failures.set(one, translate(error, one.attempt)));
  } finally {
    for (const parent of shards.values()) yield* closeParent(parent);
  }
  const outcomes: Outcome<Digest>[] = [];
  for (const one of incoming) {
    const error = yield* one.drop(failures.get(one));
    outcomes.push(failures.has(one) ? { error } : one.told() ?? { value: one.digest });
  }
  return outcomes;
}

function* nothing(): Operation<void> {}

/** Runs a step for each; one that fails takes no further part. */
function* each(
  incoming: readonly Incoming[],
  failures: Map<Incoming, unknown>,
  step: (one: Incoming) => Operation<void>,
): Operation<void> {
  const steps = incoming.map((one) =>
    function* (): Operation<void> {
      try {
        yield* step(one);
      } catch (error) {
        failures.set(one, error);
      }
    }
  );
  yield* all(steps, together);
}

function* eachGroup(
  groups: readonly Group[],
  failures: Map<Incoming, unknown>,
  step: (group: Group) => Operation<void>,
): Operation<void> {
  const byLead = new Map(groups.map((group) => [group.lead, group]));
  yield* each([...byLead.keys()], failures, (lead) => step(byLead.get(lead) as Group));
}

function grouped(
  context: StoreContext,
  incoming: readonly Incoming[],
  failures: ReadonlyMap<Incoming, unknown>,
): Map<Digest, Group> {
  const groups = new Map<Digest, Group>();
  for (const one of incoming) {
    if (failures.has(one)) continue;
    const group = groups.get(one.digest);
    if (group !== undefined) group.members.push(one);
    else {
      const { directory } = context.place(one.digest);
      groups.set(one.digest, { lead: one, members: [one], directory, fileSynced: false });
    }
  }
  return groups;
}

function* openShards(
  context: StoreContext,
  groups: readonly Group[],
  shards: Map<string, ParentDirectory>,
  failures: Map<Incoming, unknown>,
): Operation<void> {
  const { engine, plan } = context;
  const first = [...new Map(groups.map((group) => [group.directory, group])).values()];
  yield* eachGroup(first, failures, function* ({ lead, directory }) {
    yield* context.makeDirectory(directory, lead.attempt);
    const shard = yield* openParent(engine, directory, plan, lead.attempt);
    shards.set(directory, shard);
    yield* likeTheStore(context, shard);
  });
  for (const { lead, directory } of groups) {
    const opener = first.find((group) => group.directory === directory);
    if (!shards.has(directory) && opener !== undefined) failures.set(lead, failures.get(opener.lead));
  }
}

/**
 * A shard belongs to the owner of the store, not to the user who put the object: the owner puts there, too. What differs
 * is corrected, whether the shard is new or was made by somebody without the right to give it away.
 */
function* likeTheStore({ engine, like }: StoreContext, { handle, status }: ParentDirectory): Operation<void> {
  if (handle === undefined || like === undefined) return;
  const { owner, mode } = engine.capabilities;
  try {
    const differs = status.user !== like.user || status.group !== like.group;
    if (owner && differs) yield* wait(handle.setOwner(like.user, like.group));
    if (mode && status.mode !== like.mode) yield* wait(handle.setMode(like.mode));
  } catch (error) {
    // Not ours to give away: then it is as the system makes it.
    if (!isForbidden(error)) throw error;
  }
}

/** File systems that have answered that they have no hard links. */
const linkless = new LearnedDevices();

/** A process that changes an object again and again is neither putting nor collecting. */
const mostRounds = 12;

/** Makes the object be at its place, whole, young and synced. */
function* settle(context: StoreContext, group: Group, parent: ParentDirectory): Operation<void> {
  const { lead } = group;
  let next: "look" | "create" | "replace" = lead.seen ? "look" : "create";
  let absent = !lead.seen;
  for (let round = 1;; round++) {
    if (next === "look") {
      const found = yield* refresh(context, lead.digest, lead.attempt);
      group.fileSynced = found.fileSynced;
      if (found.state === "good") return;
      absent = found.state === "absent";
      if (found.state === "damaged") lead.found = "repaired";
      next = found.state === "absent" ? "create" : "replace";
    }
    yield* lead.stage(parent);
    const links = !linkless.has(context.engine.fileSystem, parent.status.device);
    try {
      if (yield* publish(group, parent, next === "create" && links)) {
        if (absent) lead.found = "new";
        return;
      }
      next = "look";
    } catch (error) {
      if (round >= mostRounds) throw error;
      if (ConflictError.is(error)) next = "look";
      else if (hasNoLinks(error)) {
        // Equal content may be replaced by equal content: where nothing can be linked, it is renamed into place.
        linkless.add(context.engine.fileSystem, parent.status.device);
        next = "replace";
      } else if (error instanceof TemporaryVanished && lead.repeatable) yield* lead.lose();
      else throw error instanceof TemporaryVanished ? error.cause : error;
    }
  }
}

/** So answers link, and nothing else, where there are no hard links (exFAT, some network and container mounts). */
const linklessCodes = new Set(["EPERM", "EINVAL", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"]);

const hasNoLinks = (error: unknown): boolean =>
  FileError.is(error) && error.step === "link" && linklessCodes.has(error.code);

/** False: a later call was faster; what it has put must be looked at. */
function* publish(group: Group, parent: ParentDirectory, mustNotExist: boolean): Operation<boolean> {
  const staged = group.lead.bound(parent, mustNotExist);
  const ticket = takeTicket();
  try {
    enterTarget(staged.ticket = ticket, staged.turnKey);
    const { superseded } = yield* commit(staged, true);
    group.fileSynced = staged.fileSynced;
    return superseded !== true;
  } finally {
    returnTicket(ticket);
  }
}
