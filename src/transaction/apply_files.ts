/**
 * `applyFiles`: several files, one outcome. What is promised is here; how it is kept, in apply.ts.
 */
import { run, runSync } from "../core/operation.ts";
import { apply } from "./apply.ts";
import { type ApplyOptions, type ApplyPlan, type ApplyPlanSync, readApplyRequest } from "./apply_plan.ts";
import type { ApplyResult } from "./apply_result.ts";

export function applyFiles(plan: ApplyPlan, options?: ApplyOptions): Promise<ApplyResult> {
  return run(() => apply(readApplyRequest(plan, options, false)));
}

export function applyFilesSync(plan: ApplyPlanSync, options?: Omit<ApplyOptions, "signal">): ApplyResult {
  return runSync(() => apply(readApplyRequest(plan, options, true)));
}
