/**
 * `listGenerations`: what was published at a path, and what is there still. Only looks, without a lock.
 */
import { type FilePath, filePath, readOptions } from "../core/options.ts";
import { type Operation, run, runSync } from "../core/operation.ts";
import { closeParent, openParent } from "../protocol/directories.ts";
import { nameOf, parentOf, runtimeOption } from "../protocol/engine.ts";
import { type Attempt, attemptFailed, beginAttempt, translate } from "../protocol/failure.ts";
import { inRoom } from "../protocol/room.ts";
import { type TrustOption, trustReader } from "../protocol/trust.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { Publication } from "./publication.ts";
import { type PublishRequest, readSwitchRequest } from "./publish_options.ts";

/** A directory that is or was published. */
export interface PublishedGeneration {
  /** Its path. */
  generation: string;
  /** When it was published, in milliseconds since 1970, by the clock of that moment; later than every one before it. */
  published: number;
  /** When it was gone back from: no `rollBackDirectory` goes back to it unless it is named. */
  withdrawn?: number;
  /** Whether the published path leads to it now. */
  current: boolean;
}

/** Options of {@linkcode listGenerations}. */
export interface ListGenerationsOptions extends TrustOption {
  /** The machine to work on. Default: the one this code runs on. */
  runtime?: Runtime;
}

const readers = { runtime: runtimeOption, trust: trustReader };

function* generationsOf(path: FilePath, options: unknown, synchronous: boolean): Operation<PublishedGeneration[]> {
  filePath(path, "path");
  const request = readSwitchRequest(path, { ...readOptions(options, readers), unsafePath: "allow" }, synchronous);
  const { engine } = request;
  const attempt = beginAttempt("Cannot list the generations of", request.path);
  return yield* inRoom(engine, "calls", {}, () => generationsIn(request, attempt));
}

function* generationsIn(request: PublishRequest, attempt: Attempt): Operation<PublishedGeneration[]> {
  const { engine, rules } = request;
  try {
    const home = yield* openParent(engine, parentOf(engine, request.path), rules, attempt);
    try {
      const publication = new Publication(home, nameOf(engine, request.path), request, attempt);
      const current = yield* publication.current();
      const generations = yield* publication.generations();
      if (current.kind === "nothing" && generations.length === 0) {
        throw attemptFailed(attempt, "ENOENT", "resolve", "nothing is published there");
      }
      return generations.map(({ name, time, withdrawn }) => ({
        generation: publication.at(name),
        published: time,
        ...withdrawn === undefined ? {} : { withdrawn },
        current: current.kind === "generation" && current.name === name,
      }));
    } finally {
      yield* closeParent(home);
    }
  } catch (error) {
    throw translate(error, attempt);
  }
}

/**
 * Lists the generations of a published directory that are there still, the newest first.
 *
 * @example
 * ```ts
 * import { writeFile } from "@durable/atomic-write";
 * import { listGenerations, publishDirectory } from "@durable/atomic-write/transaction";
 *
 * await publishDirectory("site", (building) => writeFile(`${building}/index.html`, "old"));
 * await publishDirectory("site", (building) => writeFile(`${building}/index.html`, "new"));
 * const generations = await listGenerations("site");
 * console.log(generations.map(({ current }) => current)); // [ true, false ]
 * ```
 *
 * @param path What {@linkcode publishDirectory} has published.
 * @param options Whose generations count, and the machine.
 * @returns The generations, with those that were gone back from.
 * @throws {WriteError} Nothing was ever published there: ENOENT (`"unchanged"`).
 */
export function listGenerations(path: FilePath, options?: ListGenerationsOptions): Promise<PublishedGeneration[]> {
  return run(() => generationsOf(path, options, false));
}

/**
 * Like {@linkcode listGenerations}, synchronously.
 *
 * @example
 * ```ts
 * import { writeFileSync } from "@durable/atomic-write";
 * import { listGenerationsSync, publishDirectorySync } from "@durable/atomic-write/transaction";
 *
 * publishDirectorySync("site", (building) => writeFileSync(`${building}/a`, "x"));
 * console.log(listGenerationsSync("site").length); // 1
 * ```
 *
 * @param path What {@linkcode publishDirectory} has published.
 * @param options Whose generations count, and the machine.
 * @returns The generations, with those that were gone back from.
 * @throws What {@linkcode listGenerations} rejects with.
 */
export function listGenerationsSync(path: FilePath, options?: ListGenerationsOptions): PublishedGeneration[] {
  return runSync(() => generationsOf(path, options, true));
}
