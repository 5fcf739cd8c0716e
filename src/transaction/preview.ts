/**
 * What applying a plan would do, as far as it can be determined by looking: no lock is taken, nothing is made, nothing
 * called. What others do before it is applied can change it.
 */
import type { Source } from "../core/bytes.ts";
import { type Operation, run, wait } from "../core/operation.ts";
import { type Engine, parentOf } from "../protocol/engine.ts";
import { type Attempt, beginAttempt, translate } from "../protocol/failure.ts";
import type { ApplyName } from "./apply.ts";
import { type ApplyOptions, type ApplyPlan, type ApplyRequest, readApplyRequest } from "./apply_plan.ts";
import { type Before, isEqual, lookBefore, mayBeLeft } from "./compare.ts";
import { Homes } from "../protocol/homes.ts";
import { findParticipants } from "./participants.ts";

/** What would happen to a file or directory. */
interface Preview {
  readonly path: string;
  readonly state: "create" | "replace" | "remove" | "make" | "unchanged";
}

/** What would happen. */
export interface ApplyPreview {
  /** Whether any file would change: then `validate` and `activate` would be called. */
  readonly changed: boolean;
  readonly files: readonly Preview[];
  readonly directories: readonly Preview[];
}

/** Looks at everything that a plan names. Throws what applying it would throw before its first step. */
export function previewFilesNamed(name: ApplyName, plan: ApplyPlan, options: ApplyOptions): Promise<ApplyPreview> {
  return run(() => lookAtPlan(readApplyRequest(plan, options, false), name));
}

function* lookAtPlan(request: ApplyRequest, { verb, path }: ApplyName): Operation<ApplyPreview> {
  const { engine } = request;
  const attempt = beginAttempt(verb, path);
  try {
    const directories: Preview[] = [];
    for (const directory of request.directories) {
      const there = yield* wait(engine.fileSystem.stat(directory.path));
      directories.push({ path: directory.path, state: there === undefined ? "make" : "unchanged" });
    }
    const missing = directories.filter(({ state }) => state === "make").map((each) => each.path);
    const isNew = (file: string) => missing.includes(parentOf(engine, file));
    const found = yield* previewFound(request, ({ path: file }) => !isNew(file), attempt);
    const files = request.files.map((file): Preview => {
      return found.get(file.path) ?? { path: file.path, state: file.removes ? "unchanged" : "create" };
    });
    return { changed: files.some(({ state }) => state !== "unchanged"), files, directories };
  } catch (error) {
    throw translate(error, attempt);
  }
}

/** Looks at the files whose directories are there. */
function* previewFound(
  { engine, files, rules }: ApplyRequest,
  isThere: (file: ApplyRequest["files"][number]) => boolean,
  attempt: Attempt,
): Operation<Map<string, Preview>> {
  const found = new Map<string, Preview>();
  const there = files.filter(isThere);
  const homes = new Homes(engine, rules, attempt);
  try {
    const participants = yield* findParticipants(engine, there, homes, attempt);
    for (const [index, participant] of participants.entries()) {
      const file = there[index];
      if (file === undefined) continue;
      const before = yield* lookBefore(engine, participant, file.plan, attempt);
      const isThere = before.status !== undefined;
      const stands = file.removes
        ? !isThere
        : isEqual(engine, before, file) || (yield* isStreamed(engine, before, file));
      const state = stands ? "unchanged" : file.removes ? "remove" : isThere ? "replace" : "create";
      found.set(file.path, { path: participant.path, state });
    }
  } finally {
    yield* homes.close();
  }
  return found;
}

/** Whether content that comes in pieces is what is there already: all of it is read. */
function* isStreamed(engine: Engine, before: Before, { source }: { readonly source: Source }): Operation<boolean> {
  if (source.kind !== "chunks" || !mayBeLeft(engine, before)) return false;
  const hash = engine.runtime.createHash();
  for (let chunk = yield* wait(source.next()); chunk !== undefined; chunk = yield* wait(source.next())) {
    hash.update(chunk);
  }
  return hash.digest() === before.digest;
}
