/**
 * Runs a script of this repository in a process of its own, on any of the three runtimes, from a test on any of them.
 *
 *     const { status } = spawnScript("tests/support/scripts/write_once.ts", [path], { runtime: "bun" });
 *     const { code, stdout } = await status;
 *
 * Paths are those of the source, relative to the checkout. Deno runs the source; Node and Bun run what the test command
 * compiled from it. The test command says how in ATOMIC_WRITE_TEST_RUNTIMES; without it (a test file run by hand) only
 * the current runtime is known. Children still running when the test process ends are killed.
 */
import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { notEmpty } from "./tally.ts";

export type RuntimeName = "deno" | "node" | "bun";

/** How a runtime runs a script. */
export interface RuntimeCommand {
  command: string;
  /** Before the script. On Deno without permissions, which are an option of `spawnScript`. */
  args: string[];
  /** What the script's path is relative to. */
  directory: string;
  extension: ".ts" | ".js";
  /** Scripts that are run from another file. */
  scripts?: Record<string, string>;
  /** Absent when the test file was started by hand. */
  version?: string;
}

export interface SpawnScriptOptions {
  /** Default: the runtime this test runs on. */
  runtime?: RuntimeName | undefined;
  /** Added to this process's environment; `undefined` removes a variable. */
  env?: Record<string, string | undefined>;
  /** Written to the script's standard input, which is then closed. Default: an empty input. "pipe": left to the test. */
  stdin?: string | Uint8Array | "pipe";
  cwd?: string;
  /** Deno only. Default: all. */
  permissions?: string[];
  /** A program that runs the runtime: `["strace", "-f", "-o", file]`, `["unshare", "--pid", "--fork"]`. */
  wrapper?: string[];
}

export interface ScriptStatus {
  code: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
}

export interface SpawnedScript {
  child: ChildProcess;
  /** Resolves when the process has ended and its output is read; rejects when it could not be started. */
  status: Promise<ScriptStatus>;
}

/** The runtime that this test runs on. */
export const currentRuntime: RuntimeName = "Deno" in globalThis ? "deno" : "Bun" in globalThis ? "bun" : "node";

function currentCommand(): RuntimeCommand {
  const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
  const directory = fileURLToPath(new URL("../../", import.meta.url));
  return { command: process.execPath, args: currentRuntime === "node" ? [] : ["run"], directory, extension };
}

function known(): Partial<Record<RuntimeName, RuntimeCommand>> {
  const told = process.env["ATOMIC_WRITE_TEST_RUNTIMES"];
  return told === undefined ? { [currentRuntime]: currentCommand() } : JSON.parse(told);
}

/** The runtimes that scripts can be run on here. */
export function runtimes(): RuntimeName[] {
  const commands = known();
  return notEmpty((["deno", "node", "bun"] as const).filter((name) => commands[name] !== undefined), "runtimes");
}

/**
 * What Deno is started with. Its node:child_process adds `-A` to what it starts as `Deno.execPath()` without any
 * permission flag (Deno 2.9.6, seen by `Deno.permissions` in the child), so there is always one: the network, which
 * nothing here uses, is denied by name.
 */
function denoPermissions(permissions: readonly string[] | undefined): readonly string[] {
  return permissions === undefined ? ["--allow-all"] : ["--deny-net", ...permissions];
}

/** The program and arguments that run a script. */
export function scriptCommand(
  path: string,
  args: readonly string[] = [],
  options: Pick<SpawnScriptOptions, "runtime" | "permissions" | "wrapper"> = {},
): [string, ...string[]] {
  const name = options.runtime ?? currentRuntime;
  const runtime = known()[name];
  if (runtime === undefined) throw new Error(`This run of the tests has no ${name}; run them with the test command`);
  const script = runtime.scripts?.[path] ??
    `${runtime.directory.replace(/[\\/]$/, "")}/${path.replace(/\.ts$/, runtime.extension)}`;
  const permissions = name === "deno" ? ["--no-prompt", ...denoPermissions(options.permissions)] : [];
  return [...options.wrapper ?? [], runtime.command, ...runtime.args, ...permissions, script, ...args] as [string];
}

const children = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});

/**
 * All that is printed. By events, as tests listen: on Bun a stream that is read by an iterator tells its other listeners
 * of nothing.
 */
function read(stream: NodeJS.ReadableStream | null): Promise<string> {
  if (stream === null) return Promise.resolve("");
  let text = "";
  stream.setEncoding("utf8");
  return new Promise((resolve, reject) => {
    stream.on("data", (chunk: string) => text += chunk);
    stream.once("error", reject);
    stream.once("end", () => resolve(text));
    stream.once("close", () => resolve(text));
  });
}

function watch(child: ChildProcess): Promise<ScriptStatus> {
  children.add(child);
  const ended = new Promise<[number | null, string | null]>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve([code, signal]));
  });
  const status = Promise.all([ended, read(child.stdout), read(child.stderr)])
    .then(([[code, signal], stdout, stderr]) => ({ code, signal, stdout, stderr }))
    .finally(() => children.delete(child));
  // A test may kill a child and never look at its status.
  status.catch(() => {});
  return status;
}

/** Starts any program the way `spawnScript` starts scripts. */
export function spawnProgram(
  [command, ...args]: readonly [string, ...string[]],
  options: Omit<SpawnScriptOptions, "runtime" | "permissions" | "wrapper"> = {},
): SpawnedScript {
  const settings: SpawnOptions = {
    env: { ...process.env, ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  };
  const child = spawn(command, args, settings);
  // A script that ends before it has read its input is not a failure of the test.
  child.stdin?.on("error", () => {});
  if (options.stdin !== "pipe") child.stdin?.end(options.stdin ?? "");
  return { child, status: watch(child) };
}

/** Starts a script of this repository. */
export function spawnScript(
  path: string,
  args: readonly string[] = [],
  options: SpawnScriptOptions = {},
): SpawnedScript {
  return spawnProgram(scriptCommand(path, args, options), options);
}
