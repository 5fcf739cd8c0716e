/**
 * Signs of a transaction in a directory: is it alive, dead, or not to be judged? Only looks.
 *
 * 1. `locate`: from a name in a directory to the journal, if there is one: here, or where the marker says.
 * 2. `examine` the journal: does it count, does its owner live, what does it say?
 *
 * A stage or placeholder without journal and marker belongs to nobody alive: journal and marker are made before the first
 * of them and removed after the last. It is what a power cut, or a removal that failed, has left.
 */
import { type Operation, wait } from "../core/operation.ts";
import type { ParentDirectory } from "../protocol/directories.ts";
import type { Engine } from "../protocol/engine.ts";
import { closeQuietly, isLockedAgainstReading, readUpTo } from "../protocol/file_call.ts";
import { type JournalName, journalName, journalStates, markerName } from "../protocol/names/transaction.ts";
import { isCredible } from "../protocol/trust.ts";
import type { FileStatus, OpenFile } from "../runtime/runtime.ts";
import { isForbidden, SystemError } from "../runtime/system_error.ts";
import { isAbandoned } from "./journal.ts";
import { type JournalRecord, largestJournal, readJournal } from "./journal_record.ts";
import { anchorOf, readMarker } from "./marker.ts";
import type { KeptReason, Recovery, RecoveryRules } from "./recovery.ts";
import { type DirectoryScan, scanDirectory } from "./scan.ts";

/** Where the journal of a transaction is. */
type Located =
  | { readonly kind: "journal"; readonly home: ParentDirectory; readonly names: readonly JournalName[] }
  /** There is none, and that is certain: what is left of it here is nobody's. */
  | { readonly kind: "orphan" }
  | { readonly kind: "gone" }
  | {
    readonly kind: "kept";
    readonly path: string;
    readonly reason: KeptReason;
    readonly missing?: string;
    /** Whose it is, if it does not count. */
    readonly user?: number;
  };

/** Finds the journal of a transaction of which there is a sign in the directory. */
export function* locate(scan: DirectoryScan, id: string, { homes, rules }: Recovery): Operation<Located> {
  const { home } = scan;
  const names = scan.journals.get(id);
  if (names !== undefined) return { kind: "journal", home, names };
  const path = home.pathOf(markerName(id));
  // Looked at after the stages were seen: a living transaction's marker is there as long as its stages are.
  const found = yield* readMarker(home, id);
  if (found === undefined) return yield* withoutMarker(home, id);
  if (!(yield* isCredible(home, found.status, rules.trust))) {
    return { kind: "kept", path, reason: "untrusted", user: found.status.user };
  }
  if (found.marker === undefined) return { kind: "kept", path, reason: "corrupt" };
  const { directory, anchor } = found.marker;
  const there = yield* homes.find(directory);
  if (there === undefined || anchorOf(there.status) !== anchor) {
    return { kind: "kept", path, reason: "unreachable", missing: directory };
  }
  let elsewhere: readonly JournalName[] | undefined;
  for (let looks = 0; elsewhere === undefined && looks < enoughLooks; looks++) {
    elsewhere = (yield* scanDirectory(there))?.journals.get(id);
  }
  return elsewhere === undefined ? { kind: "orphan" } : { kind: "journal", home: there, names: elsewhere };
}

/**
 * Reading a directory may miss what is renamed in the meantime, under its old name and under its new one (readdir in
 * POSIX), and does where the directory is too large for one call. Each miss needs a change of state, and there are
 * fewer.
 */
const enoughLooks = journalStates.length;

function* withoutMarker(home: ParentDirectory, id: string): Operation<Located> {
  for (let looks = 1; looks < enoughLooks; looks++) {
    const again = yield* scanDirectory(home);
    if (again === undefined) return { kind: "gone" };
    const names = again.journals.get(id);
    if (names !== undefined) return { kind: "journal", home, names };
    if (again.markers.has(id) || !(again.stages.has(id) || again.placeholders.has(id))) return { kind: "gone" };
  }
  return { kind: "orphan" };
}

/** A journal that was looked at. */
export interface Examined {
  readonly id: string;
  /** The directory that it is in. */
  readonly home: ParentDirectory;
  /** Its name, and those names of it that a power cut has left beside. */
  readonly name: JournalName;
  readonly stale: readonly JournalName[];
  /** For people: it is reached by its name in `home`. */
  readonly path: string;
  readonly status: FileStatus;
  readonly record: JournalRecord | undefined;
  readonly verdict: "dead" | KeptReason;
}

/** Looks at a journal; undefined when it is gone. */
export function* examine(
  home: ParentDirectory,
  names: readonly JournalName[],
  { trust, unproven }: Pick<RecoveryRules, "trust" | "unproven">,
): Operation<Examined | undefined> {
  const [name, ...stale] = names;
  if (name === undefined) return undefined;
  const { engine } = home;
  const examined = { id: name.id, home, name, stale, path: home.pathOf(journalName(name)) };
  let file: OpenFile | undefined;
  try {
    file = yield* openJournal(home, name);
  } catch (error) {
    const status = isForbidden(error) ? yield* wait(home.names.linkStat(journalName(name))) : undefined;
    // What others keep to themselves is theirs to recover.
    if (status === undefined || (yield* isCredible(home, status, trust))) throw error;
    return { ...examined, status, record: undefined, verdict: "untrusted" };
  }
  if (file === undefined) return undefined;
  try {
    const status = yield* wait(file.stat());
    const counts = yield* isCredible(home, status, trust);
    let record: JournalRecord | undefined;
    try {
      record = yield* recordIn(engine, file, name.id, counts ? largestJournal : largestForeign);
    } catch (error) {
      // Its owner lives, and holds it in a way that keeps others from reading.
      if (isLockedAgainstReading(error)) return { ...examined, status, record, verdict: "alive" };
      throw error;
    }
    const verdict = yield* judge(engine, file, name);
    if (verdict === "alive") return { ...examined, status, record, verdict };
    // Read, to know what it is in the way of; never carried out.
    if (!counts) return { ...examined, status, record, verdict: "untrusted" };
    // Content is synced before the journal leaves this state: later it can only have been damaged.
    if (isDecided(name) && record === undefined) return { ...examined, status, record, verdict: "corrupt" };
    return {
      ...examined,
      status,
      record,
      verdict: verdict === "unproven" && unproven === "recover" ? "dead" : verdict,
    };
  } finally {
    yield* closeQuietly(file);
  }
}

/** Whether files may have been changed already for a journal with this name, and not settled yet. */
export const isDecided = ({ state }: JournalName): boolean => state === "committed" || state === "rolling-back";

/** Anybody can plant a journal: reading it must cost little. */
const largestForeign = 1 << 20;

function* recordIn(engine: Engine, file: OpenFile, id: string, most: number): Operation<JournalRecord | undefined> {
  const bytes = yield* readUpTo(file, most);
  return bytes === undefined ? undefined : readJournal(engine.runtime, engine.capabilities.pathStyle, id, bytes);
}

function* openJournal(home: ParentDirectory, name: JournalName): Operation<OpenFile | undefined> {
  try {
    return yield* wait(home.names.open(journalName(name), "read"));
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
    // Its owner is done with it, however long that process lives.
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
