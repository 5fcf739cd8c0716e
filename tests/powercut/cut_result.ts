/** What one power cut has shown. */
import type { Complaint } from "./judge.ts";

export interface CutResult {
  /** Operations that were acknowledged before the cut. */
  readonly acknowledged: number;
  /** Operations that failed before the cut, while there was power. */
  readonly failed: number;
  /** Files of which something was acknowledged, or that were there before: each must be found, and be whole. */
  readonly files: number;
  readonly complaints: readonly Complaint[];
}
