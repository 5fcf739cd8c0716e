/**
 * Whether a name can be a reference beside those that exist: as a path, and on a disk that does not tell letters apart.
 *
 * Called inside the lock of the references. Directories without references, which a power cut or a failed removal may
 * leave, do not count: they are removed.
 */
import { FileError } from "../core/errors.ts";
import { type Operation, wait } from "../core/operation.ts";
import { conflict } from "../protocol/conflict.ts";
import { childOf, nameOf, parentOf } from "../protocol/engine.ts";
import type { Attempt } from "../protocol/failure.ts";
import { inDirectory } from "../protocol/in_directory.ts";
import { foldName } from "../protocol/names/store.ts";
import type { EntryKind } from "../runtime/runtime.ts";
import { SystemError } from "../runtime/system_error.ts";
import type { StoreContext } from "./store.ts";

/** Throws a ConflictError if another reference is in the way of this one. */
export function* checkFree(context: StoreContext, parts: readonly string[], attempt: Attempt): Operation<void> {
  const { fileSystem } = context.engine;
  let directory = context.directory;
  for (const [index, part] of parts.entries()) {
    const entries = yield* wait(fileSystem.readDirectory(directory));
    if (entries === undefined) return;
    const same = entries.filter(({ name }) => foldName(name) === foldName(part));
    const path = childOf(context.engine, directory, part);
    const own = same.find(({ name }) => name === part)?.kind;
    const shown = parts.slice(0, index + 1).join("/");
    if (own === undefined) {
      const other = same[0];
      if (other === undefined) return;
      const names = `${JSON.stringify(other.name)} and ${JSON.stringify(part)}`;
      throw conflict(attempt, `${names} are one name on a disk that does not tell letters apart`, "resolve");
    }
    const last = index === parts.length - 1;
    if (!last && own !== "directory") {
      throw conflict(attempt, `${JSON.stringify(shown)} is a reference itself`, "resolve");
    }
    if (last && own === "directory") yield* clear(context, path, attempt, shown);
    directory = path;
  }
}

function* clear(context: StoreContext, path: string, attempt: Attempt, shown: string): Operation<void> {
  const found = yield* removeTree(context, path, attempt);
  if (found === undefined) return;
  const name = JSON.stringify(`${shown}/`);
  const reason = found === "file" ? `there are references below ${name}` : `${name} cannot be removed`;
  throw conflict(attempt, reason, "resolve");
}

/** Removes a directory in which there is nothing but directories; else says what is in the way. */
function* removeTree(context: StoreContext, path: string, attempt: Attempt): Operation<EntryKind | undefined> {
  const { engine } = context;
  for (const { name, kind } of (yield* wait(engine.fileSystem.readDirectory(path))) ?? []) {
    if (kind !== "directory") return kind;
    const found = yield* removeTree(context, childOf(engine, path, name), attempt);
    if (found !== undefined) return found;
  }
  try {
    const name = nameOf(engine, path);
    yield* inDirectory(
      { engine, directory: parentOf(engine, path), attempt },
      (names) => wait(names.removeDirectory(name)),
    );
    return undefined;
  } catch (error) {
    if (error instanceof SystemError || FileError.is(error)) return "other";
    throw error;
  }
}
