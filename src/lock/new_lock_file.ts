/** What the lock file of a file is like that is not there yet: it is for those whom the file is going to be for. */
import type { Engine } from "../protocol/engine.ts";
import type { WritePlan } from "../protocol/write_plan.ts";
import type { LockFileModel } from "./lock_plan.ts";

/** Undefined where the plan says nothing of that. */
export function newLockFile({ runtime: { process } }: Engine, plan: WritePlan): LockFileModel | undefined {
  const mode = typeof plan.mode === "number" ? plan.mode : plan.defaults.mode;
  const owner = typeof plan.owner === "object" ? plan.owner : plan.defaults.owner;
  if (mode === undefined && owner === undefined && plan.newFileMode === 0o666) return undefined;
  const numberOf = (name: string | number | undefined, find: (name: string) => number | undefined) =>
    typeof name === "string" ? find(name) : name;
  return {
    mode: mode ?? plan.newFileMode,
    exact: mode !== undefined,
    user: numberOf(owner?.user, (name) => process.userNumber(name)),
    group: numberOf(owner?.group, (name) => process.groupNumber(name)),
  };
}
