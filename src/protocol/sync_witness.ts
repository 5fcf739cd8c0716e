/**
 * A witness for whether a file system still takes changes, where the success of a sync says too little: the error may
 * have been reported to another process.
 *
 * A journal that has been aborted refuses every new name: ext4 answers EROFS and xfs EIO, where another sync, and on
 * ext4 also `stat` and `access`, would say that all is well. So a name is created and removed again, beside what was
 * synced. It costs three calls (some 50 µs), and is asked for only by a synchronous call while asynchronous syncs are in
 * flight, for which it cannot wait, and after a sync has failed there. After a failure nothing is left, or what `sweep` knows as a temporary file.
 */
import { type Operation, wait } from "../core/operation.ts";
import type { OpenFile } from "../runtime/runtime.ts";
import { childOf, type Engine } from "./engine.ts";
import { processProof, temporaryName } from "./names/names.ts";

/** Throws what the file system of a directory answers to a change of its names. */
export function* witnessSync(engine: Engine, directory: string): Operation<void> {
  const { fileSystem, runtime } = engine;
  const proof = processProof(runtime.process.facts());
  const path = childOf(engine, directory, temporaryName("sync", proof, (length) => runtime.random(length)));
  const file: OpenFile = yield* wait(fileSystem.create(path, 0o600));
  try {
    yield* wait(file.close());
  } finally {
    yield* wait(fileSystem.remove(path));
  }
}
