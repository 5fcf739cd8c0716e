/**
 * Signs of a transaction in a directory: is it alive, dead, or not to be judged? Only looks.
 *
 * 1. `locate`: from a name in a directory to the journal, if there is one: here, or where the marker says.
 * 2. `examine` the journal: may it be believed, does its owner live, what does it say?
 *
 * A stage or placeholder without journal and marker belongs to nobody alive: journal and marker are made before the first
 * of them and removed after the last. It is what a power cut, or a removal that failed, has left.
 */
import { type Operation, wait } from "../core/operation.ts";
import { childOf, type Engine } from "../protocol/engine.ts";
import { closeQuietly, readAll } from "../protocol/file_call.ts";
import { type JournalName, journalStates, markerName } from "../protocol/names/transaction.ts";
import type { FileStatus, OpenFile } from "../runtime/runtime.ts";
import { SystemError } from "../runtime/system_error.ts";
import { maySpeak } from "./believe.ts";
import { isAbandoned } from "./journal.ts";
import { type JournalRecord, readJournal } from "./journal_record.ts";
import { anchorOf, readMarker } from "./marker.ts";
import { type DirectoryScan, journalPath, scanDirectory } from "./scan.ts";

/**
 * Why a transaction is left alone. `"alive"`: its owner is at work. `"unproven"`: nothing proves from here that its owner
 * is dead. `"untrusted"`: another user may have planted it. `"unreachable"`: a directory that takes part is not there
 * (perhaps not mounted). `"corrupt"`: it does not say what a journal says.
 */
export type KeptReason = "alive" | "unproven" | "untrusted" | "unreachable" | "corrupt";

/** Where the journal of a transaction is. */
type Located =
  | { readonly kind: "journal"; readonly directory: string; readonly names: readonly JournalName[] }
  /** There is none, and that is certain: what is left of it here is nobody's. */
  | { readonly kind: "orphan" }
  | { readonly kind: "gone" }
  | { readonly kind: "kept"; readonly path: string; readonly reason: KeptReason; readonly missing?: string };

/** Finds the journal of a transaction of which there is a sign in the directory. */
export function* locate(engine: Engine, scan: DirectoryScan, id: string): Operation<Located> {
  const names = scan.journals.get(id);
  if (names !== undefined) return { kind: "journal", directory: scan.path, names };
  const path = childOf(engine, scan.path, markerName(id));
  // Looked at after the stages were seen: a living transaction's marker is there as long as its stages are.
  const found = yield* readMarker(engine, scan.path, id);
  if (found === undefined) return yield* withoutMarker(engine, scan, id);
  const home = yield* wait(engine.fileSystem.stat(scan.path));
  if (home === undefined) return { kind: "gone" };
  if (!maySpeak(engine, home, found.status)) return { kind: "kept", path, reason: "untrusted" };
  if (found.marker === undefined) return { kind: "kept", path, reason: "corrupt" };
  const { directory, anchor } = found.marker;
  const status = yield* wait(engine.fileSystem.stat(directory));
  const there = status?.kind === "directory" && anchorOf(status) === anchor
    ? yield* scanDirectory(engine, directory)
    : undefined;
  if (there === undefined) return { kind: "kept", path, reason: "unreachable", missing: directory };
  let elsewhere = there.journals.get(id);
  for (let looks = 1; elsewhere === undefined && looks < enoughLooks; looks++) {
    elsewhere = (yield* scanDirectory(engine, directory))?.journals.get(id);
  }
  return elsewhere === undefined ? { kind: "orphan" } : { kind: "journal", directory, names: elsewhere };
}

/**
 * Reading a directory may miss what is renamed meanwhile, under its old name and under its new one (readdir in POSIX),
 * and does where the directory is too large for one call. Each miss needs a change of state, and there are fewer.
 */
const enoughLooks = journalStates.length;

function* withoutMarker(engine: Engine, scan: DirectoryScan, id: string): Operation<Located> {
  for (let looks = 1; looks < enoughLooks; looks++) {
    const again = yield* scanDirectory(engine, scan.path);
    if (again === undefined) return { kind: "gone" };
    const names = again.journals.get(id);
    if (names !== undefined) return { kind: "journal", directory: scan.path, names };
    if (again.markers.has(id) || !(again.stages.has(id) || again.placeholders.has(id))) return { kind: "gone" };
  }
  return { kind: "orphan" };
}

/** A journal that was looked at. */
export interface Examined {
  readonly id: string;
  readonly directory: string;
  /** Its name, and those names of it that a power cut has left beside. */
  readonly name: JournalName;
  readonly stale: readonly JournalName[];
  readonly path: string;
  readonly home: FileStatus;
  readonly status: FileStatus;
  readonly record: JournalRecord | undefined;
  readonly verdict: "dead" | KeptReason;
}

/** A journal of a million files is smaller. */
const largestJournal = 1 << 30;

/** Looks at a journal; undefined when it is gone. */
export function* examine(
  engine: Engine,
  directory: string,
  names: readonly JournalName[],
  whenUnproven: "keep" | "recover",
): Operation<Examined | undefined> {
  const [name, ...stale] = names;
  if (name === undefined) return undefined;
  const path = journalPath(engine, directory, name);
  const home = yield* wait(engine.fileSystem.stat(directory));
  const file = home === undefined ? undefined : yield* openJournal(engine, path);
  if (home === undefined || file === undefined) return undefined;
  try {
    const status = yield* wait(file.stat());
    const examined = { id: name.id, directory, name, stale, path, home, status, record: undefined };
    const believed = status.kind === "file" && maySpeak(engine, home, status);
    if (!believed) return { ...examined, verdict: "untrusted" };
    const bytes = status.size > largestJournal ? new Uint8Array() : yield* readAll(file);
    const record = readJournal(engine.runtime, engine.capabilities.pathStyle, name.id, bytes);
    const verdict = yield* judge(engine, file, name);
    if (verdict === "alive") return { ...examined, record, verdict };
    // Content is synced before the journal leaves this state: later it can only have been damaged.
    const needed = name.state === "committed" || name.state === "rolling-back";
    if (needed && record === undefined) return { ...examined, verdict: "corrupt" };
    return { ...examined, record, verdict: verdict === "unproven" && whenUnproven === "recover" ? "dead" : verdict };
  } finally {
    yield* closeQuietly(file);
  }
}

function* openJournal(engine: Engine, path: string): Operation<OpenFile | undefined> {
  try {
    return yield* wait(engine.fileSystem.open(path, "read", { follow: false }));
  } catch (error) {
    // Exchanged for something that is no file.
    if (error instanceof SystemError && ["ELOOP", "EISDIR", "ENXIO"].includes(error.code)) return undefined;
    throw error;
  }
}

function* judge(
  engine: Engine,
  file: OpenFile,
  { id, proof, state }: JournalName,
): Operation<"alive" | "dead" | "unproven"> {
  if (isAbandoned(engine, id)) return "dead";
  if (proof.kind === "none") return "unproven";
  if (proof.kind === "process") {
    // Its owner is done with it, however long he lives.
    if (state === "settled") return "dead";
    const liveness = engine.runtime.process.liveness(proof.facts);
    return liveness === "unknown" ? "unproven" : liveness;
  }
  if (engine.capabilities.fileLock === "none") return "unproven";
  try {
    // Shared: two who look at the same time do not take each other for its owner.
    return (yield* wait(file.tryLock(true))) ? "dead" : "alive";
  } catch (error) {
    // A file system without locks proves nothing.
    if (error instanceof SystemError && error.call === "tryLock") return "unproven";
    throw error;
  }
}
