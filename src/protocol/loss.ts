/**
 * What a replacement would lose of the old file, for callers who prefer a refusal: `whenLost: "throw"`. And a mode that was
 * named, which is refused in any case where there are none.
 *
 * `refuseLoss` is asked three times, each time before the commit point: before anything is made, when the new file has its
 * metadata, and when the last look has changed them. After it has thrown, the target is unchanged, and what is staged is
 * still to be discarded.
 */
import { UnsupportedError } from "../core/errors.ts";
import type { FileStatus } from "../runtime/runtime.ts";
import { type Attempt, attemptFailed } from "./failure.ts";
import type { FileReplacement } from "./file_replacement.ts";
import type { WritePlan } from "./write_plan.ts";

/** Whether attributes of the old file are kept: not where a file is replaced as if it were new. */
export const keepsAttributes = ({ mode, mustNotExist }: WritePlan): boolean => mode !== "new" && !mustNotExist;

/** The step that could not keep it, in the words of a trace. */
const steps: Readonly<Record<string, string>> = {
  owner: "setOwner",
  group: "setOwner",
  mode: "setMode",
  setuid: "setMode",
  setgid: "setMode",
  "hard-links": "resolve",
};

/** For systems whose files have no modes: throws where one was named. `status`: of the old file, where there is one. */
export function refuseNamedMode(plan: WritePlan, status: FileStatus | undefined, attempt: Attempt): void {
  const mode = typeof plan.mode === "number" ? plan.mode : status === undefined ? plan.defaults.mode : undefined;
  if (mode === undefined || plan.modeIfPermitted) return;
  const shown = mode.toString(8).padStart(4, "0");
  throw attemptFailed(attempt, "ENOTSUP", "setMode", `files have no permission bits here: mode ${shown} cannot be set`);
}

/** Throws where something of the old file is lost, or could not be seen. */
export function refuseLoss({ attempt, engine, lost, unchecked }: FileReplacement): void {
  const [first] = lost;
  if (first !== undefined) {
    const code = first === "hard-links" ? "EMLINK" : "EPERM";
    throw attemptFailed(attempt, code, steps[first] ?? "setAttribute", `it would lose ${lost.join(", ")}`);
  }
  if (unchecked.length === 0) return;
  const needed = engine.capabilities.attributes
    ? "only who may read the file can see it"
    : "seeing it needs foreign calls: the package koffi, or --allow-ffi";
  const reason = `it may have what cannot be seen here, and would lose it: ${unchecked.join(", ")}; ${needed}`;
  throw new UnsupportedError(attempt.verb, reason, {
    code: "ENOTSUP",
    path: attempt.path,
    step: "attributes",
    targetState: attempt.targetState,
  });
}
