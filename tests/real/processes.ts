/** What tests with several processes share: waiting for lines of theirs, and namespaces to run them in. */
import type { ChildProcess } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import type { SweepResult } from "../../mod.ts";
import { unshare } from "../support/namespaces.ts";
import { type SpawnedScript, spawnScript, type SpawnScriptOptions } from "../support/spawn.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";

/** Everything a process has printed, and a way to wait for some of it. */
export interface Listener {
  readonly text: string;
  /**
   * Resolves with true when a line matches, with false when the process has ended without one, or says nothing for so long
   * that it will not: a test that waits forever would have no result.
   */
  seen(line: RegExp): Promise<boolean>;
}

/** How long a line may take, in milliseconds: many times what it takes on a busy machine. */
const patience = 40_000;

/** Listens to the standard output of a process from now on. */
export function listen(child: ChildProcess): Listener {
  let text = "";
  let ended = false;
  const checks = new Set<() => void>();
  child.stdout?.on("data", (chunk: string | Uint8Array) => {
    text += typeof chunk === "string" ? chunk : new TextDecoder().decode(chunk);
    checks.forEach((check) => check());
  });
  child.once("close", () => {
    ended = true;
    checks.forEach((check) => check());
  });
  return {
    get text() {
      return text;
    },
    seen: (line) =>
      new Promise((resolve) => {
        const check = () => {
          const found = text.split("\n").slice(0, -1).some((each) => line.test(each));
          if (found || ended) end(found);
        };
        const end = (found: boolean) => {
          clearTimeout(timer);
          checks.delete(check);
          resolve(found);
        };
        const timer = setTimeout(end, patience, false);
        checks.add(check);
        check();
      }),
  };
}

/** Starts a script that is killed at the end of the test at the latest. */
export type Spawn = (path: string, args?: readonly string[], options?: SpawnScriptOptions) => SpawnedScript;

/**
 * A directory for a test with processes. Whatever happens, they are dead before it is removed: a test that fails while
 * one is running would otherwise wait for it for ever.
 */
export function withProcesses<T>(run: (directory: string, spawn: Spawn) => Promise<T>): Promise<T> {
  return withTemporaryDirectory(async (folder) => {
    const [directory, scratch] = [join(folder, "work"), join(folder, "scratch")];
    fs.mkdirSync(directory);
    fs.mkdirSync(scratch);
    const scripts: SpawnedScript[] = [];
    const spawn: Spawn = (path, args, options) => {
      const env = { ATOMIC_WRITE_TEST_DIRECTORY: scratch, ...options?.env };
      const script = spawnScript(path, args, { ...options, env });
      scripts.push(script);
      return script;
    };
    try {
      return await run(directory, spawn);
    } finally {
      for (const script of scripts) {
        signal(script, "SIGKILL");
        // Its test has looked at its end, if that matters to it.
        await script.status.catch(() => {});
      }
    }
  });
}

/**
 * Sends a signal. Not child.kill: on Deno that also closes the child's input, which then may still read an end before it
 * dies, and a second signal is never sent.
 */
export function signal({ child }: SpawnedScript, name: NodeJS.Signals): void {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  try {
    process.kill(child.pid, name);
  } catch (error) {
    // It has ended, and the event that says so is still to come.
    if (Reflect.get(Object(error), "code") !== "ESRCH") throw error;
  }
}

/** Waits for the end of a script that must succeed without a complaint; what it printed. */
export async function succeeded({ status }: SpawnedScript): Promise<string> {
  const { code, signal, stdout, stderr } = await status;
  if (code !== 0 || stderr !== "") throw new Error(`a script ended with ${code ?? signal}: ${stderr}`);
  return stdout;
}

/** Makes a script the process with the pid 1 of a namespace of its own; killing the child kills all of it. */
export const inOwnNamespace: SpawnScriptOptions = { wrapper: unshare("--pid") };

/** Sweeps in a process of its own. */
export async function sweepElsewhere(
  spawn: Spawn,
  directory: string,
  options: SpawnScriptOptions = {},
): Promise<SweepResult> {
  return JSON.parse(await succeeded(spawn("tests/real/scripts/sweep_once.ts", [directory], options)));
}

/** The temporary files in a directory. */
export function temporaryFiles(directory: string): string[] {
  return fs.readdirSync(directory).filter((name) => name.endsWith(".tmp")).map((name) => join(directory, name)).sort();
}

/** Makes files look as if nobody had touched them for two minutes: what is younger than one is never swept. */
export function makeOld(paths: readonly string[]): void {
  const then = Date.now() / 1000 - 120;
  for (const path of paths) fs.utimesSync(path, then, then);
}
