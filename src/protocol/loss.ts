/**
 * What a replacement would lose of the old file, for callers who prefer a refusal: `whenLost: "throw"`.
 *
 * `refuseLoss` is asked three times, each time before the commit point: before anything is made, when the new file has its
 * metadata, and when the last look has changed them. After it has thrown, the target is unchanged, and what is staged is
 * still to be discarded.
 */
import { UnsupportedError } from "../core/errors.ts";
import { attemptFailed } from "./failure.ts";
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

/** Throws where something of the old file is lost, or could not be seen. */
export function refuseLoss({ attempt, lost, unchecked }: FileReplacement): void {
  const [first] = lost;
  if (first !== undefined) {
    const code = first === "hard-links" ? "EMLINK" : "EPERM";
    throw attemptFailed(attempt, code, steps[first] ?? "setAttribute", `it would lose ${lost.join(", ")}`);
  }
  if (unchecked.length === 0) return;
  const reason = `it may have what cannot be seen here, and would lose it: ${unchecked.join(", ")}; ` +
    "seeing it needs foreign calls: the package koffi, or --allow-ffi";
  throw new UnsupportedError(`${attempt.verb} ${JSON.stringify(attempt.path)}`, reason, {
    code: "ENOTSUP",
    path: attempt.path,
    step: "attributes",
    targetState: attempt.targetState,
  });
}
