/**
 * Many power cuts of one machine, in a process of their own, in namespaces of their own:
 *
 *     const outcome = await runSeries({ fileSystem: "xfs", runtime: "node", scenes, cuts: 20, longest: 25 });
 *
 * Its mounts are seen by nobody else, whose namespaces would keep them alive over an unmount; and however it ends, the
 * kernel ends every process in it, unmounts everything and frees the loop devices. It ends when its input does: whoever
 * started it holds the other end, and cannot die without letting go.
 */
import process from "node:process";
import { spawnSync } from "node:child_process";
import { type RuntimeName, type SpawnedScript, spawnScript } from "../support/spawn.ts";
import type { CutResult } from "./cut_result.ts";
import type { Scene } from "./scenes.ts";

export interface SeriesOrder {
  /** A row of the table of file systems. */
  readonly fileSystem: string;
  /** Of the first process of each scene. */
  readonly runtime: RuntimeName;
  /** By name; they take turns. */
  readonly scenes: Readonly<Record<string, Scene>>;
  /** With each method, where methods are compared. */
  readonly cuts: number;
  /** Of the first cut; every cut has its own. */
  readonly seed: number;
  /** Milliseconds at most between the moment when all are at work (or have ended) and the cut. */
  readonly longest: number;
  /** The same where they have ended; default: as long. */
  readonly longestAfterEnd?: number;
  /** Ways of saving to compare, which take turns at each cut; without any, all that our functions promise is judged. */
  readonly methods?: readonly string[];
  /** The node_modules folder that packages of others are in. */
  readonly peers?: string;
  /** Default: true. False: every runtime does without functions of the C library. */
  readonly foreignCalls?: boolean;
  /** Stops at the first cut that lost something. */
  readonly untilLoss?: boolean;
}

export interface CutReport extends CutResult {
  readonly scene: string;
  /** What saved; "" for our functions with all their promises. */
  readonly method: string;
  readonly seed: number;
}

export interface SeriesOutcome {
  /** Why this machine cannot cut its power. */
  readonly unavailable?: string;
  readonly cuts: readonly CutReport[];
  /** What the file system's checker says at the end. */
  readonly checker: string;
}

/** What runs a process in namespaces of its own. */
export const NAMESPACES = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];

/** Why there can be no power cuts here; undefined when there can. Loop devices and mkfs are known only later. */
export function cannotCut(): string | undefined {
  if (process.platform !== "linux") return "needs Linux";
  if (process.getuid?.() !== 0) return "needs root";
  const { error, status } = spawnSync(NAMESPACES[0] ?? "", [...NAMESPACES.slice(1), "true"]);
  if (error !== undefined) return "needs the program unshare (Debian: apt-get install util-linux)";
  return status === 0 ? undefined : "needs namespaces of its own";
}

/** Starts a series; its status is to be given to `readOutcome`. */
export function startSeries(order: SeriesOrder): SpawnedScript {
  const options = { wrapper: NAMESPACES, stdin: "pipe" } as const;
  return spawnScript("tests/powercut/scripts/cuts.ts", [JSON.stringify(order)], options);
}

/** Waits for the end of a series; throws when it was not run to its end. */
export async function readOutcome({ status }: SpawnedScript): Promise<SeriesOutcome> {
  const { code, stdout, stderr } = await status;
  if (code !== 0) throw new Error(`The power cuts ended with status ${code}: ${stdout}${stderr}`);
  return JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as SeriesOutcome;
}

/** Runs a series to its end; throws when it could not be run to its end. */
export function runSeries(order: SeriesOrder): Promise<SeriesOutcome> {
  return readOutcome(startSeries(order));
}
