/**
 * Many runs of `atomic-write update FILE -- jq …`, so many at a time, on every runtime in turn: each adds 1 to a counter
 * in one JSON file. Without @std/assert, because `deno task storm:locks` runs it as it is.
 */
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import { withProcesses } from "../real/processes.ts";
import type { RuntimeName } from "../support/spawn.ts";

export interface ManyUpdates {
  readonly runtimes: readonly RuntimeName[];
  readonly commands: number;
  /** How many run at a time. */
  readonly parallel: number;
}

/** Whether the program jq is there. */
export const hasJq = (): boolean => spawnSync("jq", ["--version"]).status === 0;

/** Runs them, and throws unless every one of them counts. */
export function manyUpdates({ runtimes, commands, parallel }: ManyUpdates): Promise<void> {
  return withProcesses(async (directory, spawn) => {
    const path = join(directory, "state.json");
    fs.writeFileSync(path, '{"count":0}\n');
    let started = 0;
    const worker = async () => {
      while (started < commands) {
        const runtime = runtimes[started++ % runtimes.length];
        const args = ["update", path, "--", "jq", "-c", ".count += 1"];
        const { code, stderr } = await spawn("cli.ts", args, { runtime }).status;
        if (code !== 0 || stderr !== "") throw new Error(`an update ended with ${code}: ${stderr}`);
      }
    };
    await Promise.all(Array.from({ length: parallel }, worker));
    const content = fs.readFileSync(path, "utf8");
    if (content !== `{"count":${commands}}\n`) throw new Error(`after ${commands} updates the file is ${content}`);
  });
}
