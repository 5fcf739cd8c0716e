/**
 * The content of the files of a plan. A source that cannot be read, or changes while it is read, is an error before
 * anything has changed: half of an old version and half of a new one are no version.
 *
 * Small sources are read at once, so that a plan that changes nothing writes nothing; large ones when it is their turn.
 */
import { openSource } from "../../file/copy_file.ts";
import type { FileData } from "../../core/bytes.ts";
import { run as drive } from "../../core/operation.ts";
import type { Engine } from "../../protocol/engine.ts";
import { type Attempt, attemptFailed, beginAttempt, translate } from "../../protocol/failure.ts";
import { closeQuietly, readAll } from "../../protocol/file_call.ts";
import type { FileStatus, OpenFile } from "../../runtime/runtime.ts";
import type { DeployFile } from "./deploy_plan.ts";

/** Certificates and configuration are smaller. */
const readAtOnce = 1024 * 1024;
const chunkSize = 256 * 1024;

/** Runs a body with a source open. */
async function withSource<T>(
  engine: Engine,
  path: string,
  attempt: Attempt,
  body: (file: OpenFile) => Promise<T>,
): Promise<T> {
  try {
    const file = await drive(() => openSource(engine, path, attempt));
    try {
      return await body(file);
    } finally {
      await drive(() => closeQuietly(file));
    }
  } catch (error) {
    throw translate(error, attempt);
  }
}

async function confirm(file: OpenFile, before: FileStatus, path: string, attempt: Attempt): Promise<void> {
  const { size, modified, identity } = await file.stat();
  if (size === before.size && modified === before.modified && identity === before.identity) return;
  throw attemptFailed(attempt, "EAGAIN", "read", `${JSON.stringify(path)} changed while it was read`);
}

async function* chunksOf(
  engine: Engine,
  path: string,
  before: FileStatus,
  attempt: Attempt,
): AsyncGenerator<Uint8Array, void, void> {
  try {
    const file = await drive(() => openSource(engine, path, attempt));
    try {
      for (;;) {
        // Not the same buffer twice: what is handed out may be written later.
        const buffer = new Uint8Array(chunkSize);
        const count = await file.read(buffer);
        if (count === 0) break;
        yield buffer.subarray(0, count);
      }
      await confirm(file, before, path, attempt);
    } finally {
      await drive(() => closeQuietly(file));
    }
  } catch (error) {
    throw translate(error, attempt);
  }
}

/** The content of a file of the plan. */
export async function contentOf(
  engine: Engine,
  { path, from }: { readonly path: string; readonly from: NonNullable<DeployFile["from"]> },
): Promise<FileData> {
  if ("content" in from) return from.content;
  const { source } = from;
  const verb = `Cannot copy ${JSON.stringify(source)} to`;
  const attempt = beginAttempt(verb, path);
  return await withSource(engine, source, attempt, async (file): Promise<FileData> => {
    const before = await file.stat();
    if (before.size > readAtOnce) return chunksOf(engine, source, before, attempt);
    const bytes = await drive(() => readAll(file));
    await confirm(file, before, source, attempt);
    return bytes;
  });
}
