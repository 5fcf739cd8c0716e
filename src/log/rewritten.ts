/**
 * The content of the file that takes a log's place when the end of the log is not known to be safely on disk.
 *
 * The log reads well, but its last records may be in memory alone: a sync that failed has left them readable and clean,
 * and every later one of the same file succeeds without writing them. Written into another file, they are safely on disk
 * when that is synced. Header and snapshot are taken along, and the snapshot keeps the digest it has: damage to it stays
 * damage. State after a failure: the log is what it was.
 */
import { type Operation, wait } from "../core/operation.ts";
import { drawNumber } from "./append_file.ts";
import type { Engine } from "../protocol/engine.ts";
import { attemptFailed } from "../protocol/failure.ts";
import type { Filling } from "../protocol/replace_file.ts";
import type { FileReplacement } from "../protocol/file_replacement.ts";
import type { OpenFile } from "../runtime/runtime.ts";
import { copyRecords } from "./checkpoint.ts";
import { formatLogHeader, type LogHeader, logHeaderSize, recordsOf } from "./log_header.ts";

/** The filling with what is readable in the open log `file`; with `skips`, also behind damage. `header`: its beginning. */
export function rewrittenFilling(engine: Engine, file: OpenFile, header: LogHeader, skips = false): Filling {
  return {
    bytes: undefined,
    repeatable: true,
    fill: (write) => fill(engine, file, { header, skips }, write),
    cancel: () => undefined,
  };
}

interface Rewritten {
  readonly header: LogHeader;
  readonly skips: boolean;
}

function* fill(
  engine: Engine,
  file: OpenFile,
  { header, skips }: Rewritten,
  write: FileReplacement,
): Operation<void> {
  const identity = drawNumber(engine);
  const records = recordsOf(header);
  yield* write.writer.take(formatLogHeader({ ...header, identity }));
  yield* copySnapshot(file, records.start, write);
  yield* copyRecords(engine, { file, records, from: header.firstSequence, skips }, identity, records.start, write);
}

const pieceSize = 256 * 1024;

function* copySnapshot(file: OpenFile, end: number, { writer, attempt }: FileReplacement): Operation<void> {
  yield* wait(file.seek(logHeaderSize));
  for (let offset = logHeaderSize; offset < end;) {
    const piece = new Uint8Array(Math.min(pieceSize, end - offset));
    const count = yield* wait(file.read(piece));
    if (count === 0) {
      throw attemptFailed(attempt, "ESTALE", "read", "another program truncated the log without taking its lock");
    }
    yield* writer.take(piece.subarray(0, count));
    offset += count;
  }
}
