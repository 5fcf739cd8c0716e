/**
 * What is behind the name of a version: a version, nothing, or something that is none and is never trusted.
 *
 * The name is opened without following a symlink, and the open file is asked: no cache of names or attributes has an
 * answer to that. Its end is read first, so that nothing is allocated for what is no version. Nothing is changed here.
 */
import { type Operation, wait } from "../../core/operation.ts";
import type { FileStatus, OpenFile } from "../../runtime/runtime.ts";
import { SystemError } from "../../runtime/system_error.ts";
import { childOf, type Engine } from "../engine.ts";
import { allocate, closeQuietly, openedStatus } from "../file_call.ts";
import { knownOwner } from "../known_owner.ts";
import { contentName } from "../names/version.ts";
import { hasWhatWasWritten, longestTrailer, parseTrailer, type ReadTrailer } from "./trailer.ts";

/** A version that was opened and read. */
export interface SeenVersion {
  readonly kind: "version";
  readonly path: string;
  /** The file that has its content: `path` itself, or where there are no hard links a file in that directory. */
  readonly contentPath: string;
  readonly status: FileStatus;
  readonly trailer: ReadTrailer;
  readonly inDirectory: boolean;
}

/** A version with its content. */
interface WholeVersion extends SeenVersion {
  readonly content: Uint8Array;
}

/**
 * `"gone"`: nothing has that name. `"foreign"`: what has it is no version, or may have been put there by somebody who
 * may not replace the file itself. `"damaged"`: a version whose content is not what was written.
 */
type Sight<Version> = Version | { readonly kind: "gone" } | { readonly kind: "foreign" } | {
  readonly kind: "damaged";
};

/** What is worth a file of its own is read in one piece up to this size. */
const smallFile = 64 * 1024;
/** Removed by another machine while it was open here: what the name leads to now is another question. */
const mostStale = 4;

/** What open(2) says of what is no plain file: a symlink, a FIFO, a socket, a device. */
const notPlain = new Set(["ELOOP", "ENXIO", "EISDIR"]);

/** Looks at version `number` at `path`; `directory` is what it is in. */
export function* inspectVersion(
  engine: Engine,
  { path, number }: { readonly path: string; readonly number: number },
  directory: FileStatus,
): Operation<Sight<SeenVersion>> {
  return yield* lookInto(
    engine,
    path,
    (file, inDirectory) => readEnd(engine, file, { path, number, inDirectory, directory }),
  );
}

/** The same, with its content. */
export function* readVersion(
  engine: Engine,
  { path, number }: { readonly path: string; readonly number: number },
  directory: FileStatus,
): Operation<Sight<WholeVersion>> {
  return yield* lookInto(engine, path, function* (file, inDirectory): Operation<Sight<WholeVersion>> {
    const seen = yield* readEnd(engine, file, { path, number, inDirectory, directory });
    if (seen.kind !== "version") return seen;
    const { size } = seen.trailer;
    let content = seen.all?.subarray(0, size);
    if (content === undefined) {
      yield* wait(file.seek(0));
      content = yield* readExactly(file, size);
    }
    if (content.length !== size || !hasWhatWasWritten(engine, content, seen.trailer)) return { kind: "damaged" };
    return { ...seen, content };
  });
}

function* lookInto<Version>(
  engine: Engine,
  path: string,
  look: (file: OpenFile, inDirectory: boolean) => Operation<Sight<Version>>,
): Operation<Sight<Version>> {
  for (let looks = 1;; looks++) {
    try {
      const opened = yield* openContent(engine, path);
      if (opened === undefined) return { kind: "gone" };
      try {
        return yield* look(opened.file, opened.inDirectory);
      } finally {
        yield* closeQuietly(opened.file);
      }
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      if (error.call === "open" && notPlain.has(error.code)) return { kind: "foreign" };
      if (error.code !== "ESTALE" || looks === mostStale) throw error;
    }
  }
}

function* openContent(engine: Engine, path: string): Operation<{ file: OpenFile; inDirectory: boolean } | undefined> {
  const { fileSystem } = engine;
  try {
    const file = yield* wait(fileSystem.open(path, "read", { follow: false }));
    return file && { file, inDirectory: false };
  } catch (error) {
    if (!(error instanceof SystemError) || error.code !== "EISDIR") throw error;
  }
  const file = yield* wait(fileSystem.open(childOf(engine, path, contentName), "read", { follow: false }));
  if (file !== undefined) return { file, inDirectory: true };
  // A version that was cleaned away by now, or a directory of somebody else, whose name is taken: EISDIR once more.
  const again = yield* wait(fileSystem.open(path, "read", { follow: false }));
  return again && { file: again, inDirectory: false };
}

interface Looked {
  readonly path: string;
  readonly number: number;
  readonly inDirectory: boolean;
  readonly directory: FileStatus;
}

function* readEnd(
  engine: Engine,
  file: OpenFile,
  { path, number, inDirectory, directory }: Looked,
): Operation<Sight<SeenVersion & { readonly all?: Uint8Array }>> {
  const status = yield* openedStatus(file);
  if (status.kind !== "file" || !mayBeBelieved(engine, status, directory)) return { kind: "foreign" };
  const isSmall = status.size <= smallFile;
  const wanted = Math.min(status.size, isSmall ? smallFile : longestTrailer);
  if (!isSmall) yield* wait(file.seek(status.size - wanted));
  const end = yield* readExactly(file, wanted);
  const trailer = end.length === wanted ? parseTrailer(end, number, status.size) : undefined;
  if (trailer === undefined) return { kind: "foreign" };
  const contentPath = inDirectory ? childOf(engine, path, contentName) : path;
  return { kind: "version", path, contentPath, status, trailer, inDirectory, ...isSmall ? { all: end } : {} };
}

/** Whether everybody may make names there and nobody may replace those of others: a sticky directory, such as /tmp. */
const isForEverybody = ({ capabilities }: Engine, { mode }: FileStatus): boolean =>
  capabilities.owner && (mode & 0o1000) !== 0 && (mode & 0o022) !== 0;

/**
 * In a directory for everybody, only what belongs to us, to root or to the directory's owner is trusted. Elsewhere,
 * a user who can make a version could as well replace the file.
 */
function mayBeBelieved(engine: Engine, { user }: FileStatus, directory: FileStatus): boolean {
  if (!isForEverybody(engine, directory)) return true;
  return user === 0 || user === directory.user || user === knownOwner(engine.runtime)?.user;
}

/** Whether a version of ours is trusted by the owner of what it is made from; who we are may not be known. */
export function isBelievedBy(engine: Engine, { user }: FileStatus, directory: FileStatus): boolean {
  const own = knownOwner(engine.runtime)?.user;
  if (own === undefined || !isForEverybody(engine, directory)) return true;
  return own === 0 || own === directory.user || own === user;
}

/** Up to `size` bytes; fewer where the file ends before. */
function* readExactly(file: OpenFile, size: number): Operation<Uint8Array> {
  const bytes = allocate(size);
  let used = 0;
  while (used < size) {
    const count = yield* wait(file.read(bytes.subarray(used)));
    if (count === 0) break;
    used += count;
  }
  return bytes.subarray(0, used);
}
