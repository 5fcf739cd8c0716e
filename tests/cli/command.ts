/** Runs the command in a process of its own, as its tests see it. */
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { scriptCommand, type ScriptStatus, type SpawnedScript, spawnProgram, spawnScript } from "../support/spawn.ts";
import type { SpawnScriptOptions } from "../support/spawn.ts";

/** The command with these arguments, in `directory`. */
export function start(directory: string, args: readonly string[], options: SpawnScriptOptions = {}): SpawnedScript {
  return spawnScript("cli.ts", args, { cwd: directory, ...options });
}

/** Runs it to its end. */
export function atomicWrite(
  directory: string,
  args: readonly string[],
  options: SpawnScriptOptions = {},
): Promise<ScriptStatus> {
  return start(directory, args, options).status;
}

/** What it prints with `--json`. */
export async function answer(
  directory: string,
  args: readonly string[],
  options: SpawnScriptOptions = {},
): Promise<Record<string, unknown>> {
  const { stdout } = await atomicWrite(directory, ["--json", ...args], options);
  return JSON.parse(stdout);
}

/** Deno puts a directory of its own in front of the PATH of what its `node:child_process` starts. */
export function withoutDenosPath(message: string): string {
  return message.replace(/"[^":]*\/node_compat_bin:/, '"');
}

const quote = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;

/** Runs lines of shell in which `atomic-write` is the command on this runtime. */
export function inShell(
  directory: string,
  lines: string,
  options: { shell?: string; wrapper?: string[]; env?: Record<string, string> } = {},
): Promise<ScriptStatus> {
  const bin = fs.mkdtempSync(join(directory, ".bin-"));
  const command = scriptCommand("cli.ts", [], options.wrapper === undefined ? {} : { wrapper: options.wrapper });
  fs.writeFileSync(join(bin, "atomic-write"), `#!/bin/sh\nexec ${command.map(quote).join(" ")} "$@"\n`, {
    mode: 0o755,
  });
  const env = { ...options.env, PATH: `${bin}:${process.env["PATH"] ?? ""}` };
  const { status } = spawnProgram([options.shell ?? "sh", "-c", lines], { cwd: directory, env });
  return status.finally(() => fs.rmSync(bin, { recursive: true, force: true }));
}

/** All names in a directory but those of the tests themselves. */
export function names(directory: string): string[] {
  return fs.readdirSync(directory).filter((name) => !name.startsWith(".bin-")).sort();
}

/** The content of a file as text. */
export function text(directory: string, name: string): string {
  return fs.readFileSync(join(directory, name), "utf8");
}

/** Makes a file that is there before the command is. */
export function put(directory: string, name: string, content: string | Uint8Array, mode = 0o644): void {
  const path = join(directory, name);
  fs.writeFileSync(path, content);
  fs.chmodSync(path, mode);
}

/** Permission bits. */
export function modeOf(directory: string, name: string): string {
  return (fs.statSync(join(directory, name)).mode & 0o7777).toString(8);
}

/** Sends a signal. (Deno's `child.kill` closes the child's input as well, and reports the signal whatever came of it.) */
export function send(child: SpawnedScript["child"], signal: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null) return;
  try {
    process.kill(child.pid, signal);
  } catch (error) {
    // It has ended, and this process has not been told yet.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** SIGHUP, SIGINT and SIGTERM as bits of a signal mask. */
const stopSignals = 0x4003n;

/** Whether a process listens to all three, as no runtime does by itself; undefined where the system does not tell. */
function listens(pid: number): boolean | undefined {
  try {
    const caught = /SigCgt:\s*([0-9a-f]+)/.exec(fs.readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return caught === undefined ? undefined : (BigInt(`0x${caught}`) & stopSignals) === stopSignals;
  } catch {
    return undefined;
  }
}

/** Waits until the command has begun to listen to signals. */
export async function untilListening({ pid }: SpawnedScript["child"]): Promise<void> {
  const isKnown = pid !== undefined && listens(pid) !== undefined;
  if (isKnown) await until(() => listens(pid) !== false);
  // A runtime may need a moment between the system's handler and its own.
  await new Promise((resolve) => setTimeout(resolve, isKnown ? 200 : 2000));
}

/** Waits until something is true. */
export async function until(what: () => boolean): Promise<void> {
  const end = Date.now() + 30_000;
  while (!what()) {
    if (Date.now() > end) throw new Error("It did not happen in 30 seconds");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
