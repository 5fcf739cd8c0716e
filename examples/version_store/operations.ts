/**
 * Changes of references: recorded first, then made, one at a time.
 *
 * 1. The lock of the repository, 2. the log is opened, 3. the last recorded change is made, if it was not (whoever
 * recorded it was killed), 4. the caller decides what is to change, 5. that is recorded, durably, 6. made. A change that
 * is refused after it was recorded (another name is in its way) is recorded as undone. After so many records, a checkpoint takes
 * their place: opening the log stays as fast as it was, however long the history.
 */
import { ConflictError, withLock } from "../../mod.ts";
import { type Log, openLog, openLogReader } from "../../src/log/mod.ts";
import type { Head, HeadTarget } from "../../src/store/mod.ts";
import { pathsOf, type Repository } from "./repository.ts";

/** A reference moves. Values are digests, or for HEAD the name of a branch; null: there is none. */
export interface Change {
  readonly reference: string;
  readonly before: string | null;
  readonly after: string | null;
}

/** A recorded change. */
export interface Operation extends Change {
  readonly kind: string;
  readonly time: string;
}

/** Where every reference led at a checkpoint. */
export type Checkpoint = Readonly<Record<string, string>>;

/** Records between two checkpoints. */
export const checkpointAfter = 100;

const decoder = new TextDecoder();
/** Whether a value is a digest, and not the name of a branch. */
export const isDigest = (value: string): boolean => /^[0-9a-f]{64}$/.test(value);

const headTarget = (value: string): HeadTarget => isDigest(value) ? { digest: value } : value;
const headValue = (head: Head | undefined): string | null => head?.name ?? head?.digest ?? null;

/** Where a reference, or HEAD, leads now. */
export async function valueOf({ references }: Repository, reference: string): Promise<string | null> {
  if (reference === "HEAD") return headValue(await references.readHead());
  return await references.read(reference) ?? null;
}

async function make({ references }: Repository, { reference, before, after }: Change): Promise<void> {
  if (reference === "HEAD") {
    if (after === null) throw new TypeError("HEAD cannot be removed");
    await references.setHead(headTarget(after), { expected: before === null ? null : headTarget(before) });
  } else if (after !== null) await references.update(reference, after, { expected: before });
  else if (before !== null) await references.remove(reference, { expected: before });
}

/** Decides, records and makes one change; `decide` runs while nobody else can change anything. */
export function changeReference<Decision extends { readonly change: Change | undefined }>(
  repository: Repository,
  kind: string,
  decide: () => Promise<Decision>,
): Promise<Decision> {
  const { directory, options: { runtime, whenSyncFails } } = repository;
  const machine = runtime === undefined ? {} : { runtime };
  const paths = pathsOf(directory);
  return withLock(paths.whole, async () => {
    // In the lock of the repository nobody else has it open, but a backup or an inspection may.
    const rules = whenSyncFails === undefined ? {} : { whenSyncFails };
    await using log = await openLog(paths.operations, { ...machine, ...rules, lock: { timeout: 10_000 } });
    const recorded = await finishLast(repository, log);
    const decision = await decide();
    if (decision.change === undefined) return decision;
    const { reference, before } = decision.change;
    if (await valueOf(repository, reference) !== before) throw new Error(`${reference} does not lead to ${before} now`);
    await record(repository, log, kind, decision.change);
    if (recorded + 1 >= checkpointAfter) await log.checkpoint(JSON.stringify(await allReferences(repository)));
    return decision;
  }, machine);
}

async function record(repository: Repository, log: Log, kind: string, change: Change): Promise<void> {
  const time = new Date().toISOString();
  await log.append(JSON.stringify({ kind, time, ...change } satisfies Operation));
  try {
    await make(repository, change);
  } catch (error) {
    if (ConflictError.is(error)) await undo(log, change);
    throw error;
  }
}

async function undo(log: Log, { reference, before, after }: Change): Promise<void> {
  const time = new Date().toISOString();
  const undone: Operation = { kind: "undone", time, reference, before: after, after: before };
  await log.append(JSON.stringify(undone));
}

/** Makes the last recorded change if that was interrupted; how many records there are. */
async function finishLast(repository: Repository, log: Log): Promise<number> {
  const operations: Operation[] = [];
  for await (const { data } of log.read()) operations.push(JSON.parse(decoder.decode(data)));
  const last = operations.at(-1);
  // Where it leads neither there nor where it did before, somebody has moved it without the log: `fsck` tells.
  if (last === undefined || await valueOf(repository, last.reference) !== last.before) return operations.length;
  try {
    await make(repository, last);
  } catch (error) {
    if (!ConflictError.is(error)) throw error;
    await undo(log, last);
    return operations.length + 1;
  }
  return operations.length;
}

/** Every reference and HEAD. */
export async function allReferences(repository: Repository): Promise<Checkpoint> {
  const all: Record<string, string> = {};
  for await (const { name, digest } of repository.references.list()) all[name] = digest;
  const head = await valueOf(repository, "HEAD");
  return head === null ? all : { ...all, HEAD: head };
}

/** What the log says: where references led at the checkpoint, and what was recorded since. Needs no lock. */
export async function readOperations(
  { directory, options: { runtime } }: Repository,
): Promise<{ checkpoint: Checkpoint; operations: Operation[] }> {
  const reader = openLogReader(pathsOf(directory).operations, runtime === undefined ? {} : { runtime });
  const operations: Operation[] = [];
  for await (const { data } of reader.read()) operations.push(JSON.parse(decoder.decode(data)));
  const snapshot = await reader.snapshot();
  return { checkpoint: snapshot === undefined ? {} : JSON.parse(decoder.decode(snapshot)), operations };
}
