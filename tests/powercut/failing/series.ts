/**
 * Many cuts of failing disks, in a process and in namespaces of their own, as those of series.ts:
 *
 *     const outcome = await readFailing(startFailing({ fileSystem: "xfs", runtime: "node", writers: 4, cuts: 20, … }));
 */
import { type RuntimeName, type SpawnedScript, spawnScript } from "../../support/spawn.ts";
import { NAMESPACES } from "../series.ts";
import type { FailingReport } from "./cut.ts";

export interface FailingOrder {
  /** A row of the table of file systems whose disk is ours. */
  readonly fileSystem: string;
  /** Of the processes that write. */
  readonly runtime: RuntimeName;
  /** Names of scenes; they take turns. */
  readonly scenes: readonly string[];
  /** Lanes in flight in each process. */
  readonly writers: number;
  /** Processes that write at the same time. Default 1. */
  readonly processes?: number;
  /** Cuts at which the disk has really failed. */
  readonly cuts: number;
  /** Of the first cut; every cut has its own. */
  readonly seed: number;
  /** Stops at the first cut that lost something. */
  readonly untilLoss?: boolean;
  /** Stops earlier after so long. */
  readonly seconds?: number;
}

export interface FailingOutcome {
  /** Why no disk can fail on this machine. */
  readonly unavailable?: string;
  /** Those at which the disk has failed. */
  readonly cuts: readonly FailingReport[];
  /** Cuts at which no request met the plan: they prove nothing, and do not count. */
  readonly without: number;
}

/** Starts a series; its status is to be given to `readFailing`. */
export function startFailing(order: FailingOrder): SpawnedScript {
  const options = { wrapper: NAMESPACES, stdin: "pipe" } as const;
  return spawnScript("tests/powercut/scripts/cut_failing.ts", [JSON.stringify(order)], options);
}

/** Waits for the end of a series; throws when it was not run to its end, or when it has shown nothing. */
export async function readFailing({ status }: SpawnedScript): Promise<FailingOutcome> {
  const { code, stdout, stderr } = await status;
  if (code !== 0) throw new Error(`The cuts of failing disks ended with status ${code}: ${stdout}${stderr}`);
  const outcome = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as FailingOutcome;
  if (outcome.unavailable !== undefined) return outcome;
  if (!outcome.cuts.some(({ errors }) => errors > 0)) throw new Error("No disk has failed: nothing was shown");
  if (!outcome.cuts.some(({ acknowledged }) => acknowledged > 0)) throw new Error("Nothing was acknowledged or judged");
  return outcome;
}
