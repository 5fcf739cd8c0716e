/**
 * A temporary file beside its target, and the proof of its owner's life.
 *
 * `createTemporary`: a name nobody can guess, created exclusively; where the kernel has locks, the open file is locked,
 * so that anyone can test whether its owner lives by trying to lock it too, in any pid namespace. Its content is written
 * by a `ContentWriter` (content_writer.ts).
 *
 * When creating fails, nothing is left. After `createTemporary` the caller owns file and name, and discards both.
 */
import { type Operation, wait } from "../core/operation.ts";
import type { OpenFile } from "../runtime/runtime.ts";
import { SystemError } from "../runtime/system_error.ts";
import { refuseInheritedLists } from "./attributes.ts";
import type { Engine } from "./engine.ts";
import type { ParentDirectory } from "./directories.ts";
import { attachCleanup, type Attempt, type CleanupFailure, tidy, translate } from "./failure.ts";
import { LearnedDevices } from "./learned_devices.ts";
import { processProof, type Proof, temporaryName } from "./names/names.ts";
import { isUnsupported } from "./sync_codes.ts";

/** A created temporary file. */
export interface TemporaryFile {
  /** The directory it is in. */
  readonly home: ParentDirectory;
  readonly name: string;
  /** The same as a path. */
  readonly path: string;
  readonly file: OpenFile;
}

/** Devices that answered that they have no locks. */
const lockless = new LearnedDevices();

/** A name that is taken is a planted one, or a 2^-128 accident: three tries tell the difference. */
const mostTries = 3;

/** `program`: also where the lock costs the start of a program, which is too much for every write. */
function proofFor(engine: Engine, device: string, program: boolean): Proof {
  const { fileLock } = engine.capabilities;
  const locks = fileLock === "call" || (program && fileLock === "program");
  if (locks && !lockless.has(engine.fileSystem, device)) return { kind: "lock" };
  return processProof(engine.runtime.process.facts());
}

/** ENOLCK is how NFS without its lock service says that it has none. */
const hasNoLocks = (error: unknown): boolean =>
  isUnsupported(error) || (error instanceof SystemError && error.code === "ENOLCK");

/** Creates a temporary file for `name` in its directory. */
export function createTemporary(
  home: ParentDirectory,
  name: string,
  mode: number,
  attempt: Attempt,
): Operation<ProvenFile> {
  // Not locked: another process is testing this very file. It finds that the file is new, and leaves it.
  return createProven(home, { target: name, program: false }, mode, attempt);
}

/** A file whose name says how its owner's death can be proven, and whether it is locked, where that is the proof. */
interface ProvenFile extends TemporaryFile {
  readonly proof: Proof;
  /** False where somebody else held the lock in the moment of asking. */
  readonly locked: boolean;
}

/** How a file is named that carries the proof of its owner's life. */
interface ProvenNaming {
  /** The file that it is temporary for, or a name of its own, new with every call. */
  readonly target: string | ((proof: Proof) => string);
  /** Whether it is locked also where that costs the start of a program. */
  readonly program: boolean;
}

/** Creates a file whose name carries the proof of its owner's life. */
export function* createProven(
  home: ParentDirectory,
  { target, program }: ProvenNaming,
  mode: number,
  attempt: Attempt,
): Operation<ProvenFile> {
  const { engine, status: { device } } = home;
  for (let tries = 1;; tries++) {
    const proof = proofFor(engine, device, program);
    const name = typeof target === "string"
      ? temporaryName(target, proof, (length) => engine.runtime.random(length))
      : target(proof);
    const path = home.pathOf(name);
    let file: OpenFile;
    try {
      file = yield* wait(home.names.create(name, mode));
    } catch (error) {
      if (error instanceof SystemError && error.code === "EEXIST" && tries < mostTries) continue;
      throw error;
    }
    let asked = false;
    try {
      if (engine.capabilities.listsBesideMode === true) yield* refuseInheritedLists(engine, file, mode);
      if (proof.kind !== "lock") return { home, name, path, file, proof, locked: false };
      asked = true;
      return { home, name, path, file, proof, locked: yield* wait(file.tryLock(false)) };
    } catch (error) {
      const failures: CleanupFailure[] = [];
      yield* tidy(failures, () => file.close());
      yield* tidy(failures, () => home.names.remove(name), path);
      // That there are no locks here is no failure; that what was made for finding out stays, is.
      const failure = asked && hasNoLocks(error) ? failures[0] : { error };
      if (failure !== undefined) throw attachCleanup(translate(failure.error, attempt), failures, attempt);
      lockless.add(engine.fileSystem, device);
    }
  }
}
