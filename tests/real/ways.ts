/**
 * The ways to write a file: every public function that goes through the protocol, asynchronous and synchronous. What
 * holds for one must hold for all.
 */
import * as fs from "node:fs";
import { join } from "node:path";
import {
  copyFile,
  copyFileSync,
  openFileWriter,
  openFileWriterSync,
  writeFile,
  type WriteFileOptions,
  writeFileSync,
  type WriteFileSyncOptions,
  type WriteResult,
} from "../../mod.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";

/** Writes all of the content to the path. `signal` is for the asynchronous ones. */
export type Way = (path: string, content: Uint8Array, options?: WriteFileSyncOptions) => Promise<WriteResult>;

const pieceSize = 50_000;

/** The content in pieces, as a program that makes it bit by bit has it. */
export function* pieces(content: Uint8Array): Generator<Uint8Array<ArrayBufferLike>> {
  for (let start = 0; start < content.length; start += pieceSize) yield content.subarray(start, start + pieceSize);
}

function streamOf(content: Uint8Array): ReadableStream<Uint8Array> {
  const rest = pieces(content);
  return new ReadableStream({
    pull(controller) {
      const { done, value } = rest.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
}

/** A file with the content, on the disk where the tests work. */
function withSource<T>(content: Uint8Array, run: (path: string) => T | Promise<T>): Promise<T> {
  return withTemporaryDirectory((directory) => {
    const source = join(directory, "source");
    fs.writeFileSync(source, content);
    return run(source);
  });
}

async function throughWriter(path: string, content: Uint8Array, options?: WriteFileOptions): Promise<WriteResult> {
  const writer = await openFileWriter(path, options);
  try {
    for (const piece of pieces(content)) await writer.write(piece);
    return await writer.commit();
  } finally {
    await writer.discard();
  }
}

function throughWriterSync(path: string, content: Uint8Array, options?: WriteFileSyncOptions): WriteResult {
  const writer = openFileWriterSync(path, options);
  try {
    for (const piece of pieces(content)) writer.write(piece);
    return writer.commit();
  } finally {
    writer.discard();
  }
}

/** By name, so that a child process can be told one. */
export const ways: Record<string, Way> = {
  "writeFile": (path, content, options) => writeFile(path, content, options),
  "writeFile of a stream": (path, content, options) => writeFile(path, streamOf(content), options),
  "copyFile": (path, content, options) => withSource(content, (source) => copyFile(source, path, options)),
  "openFileWriter": throughWriter,
  // deno-lint-ignore require-await -- what it throws shall be a rejection, like that of the others
  "writeFileSync": async (path, content, options) => writeFileSync(path, content, options),
  // deno-lint-ignore require-await -- see above
  "writeFileSync of pieces": async (path, content, options) => writeFileSync(path, pieces(content), options),
  "copyFileSync": (path, content, options) => withSource(content, (source) => copyFileSync(source, path, options)),
  // deno-lint-ignore require-await -- see above
  "openFileWriterSync": async (path, content, options) => throughWriterSync(path, content, options),
};

/** Bytes that are not alike, so that nothing shortens, shares or compresses them away. */
export function content(size: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(size);
  let state = seed >>> 0 || 1;
  for (let index = 0; index < size; index++) {
    // xorshift32: https://www.jstatsoft.org/article/view/v008i14
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[index] = state;
  }
  return bytes;
}
