/** What the tests of locks share: holders in other processes, other programs that lock, and time. */
import { assert, assertEquals } from "@std/assert";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import process from "node:process";
import { currentRuntime as runtimeHere } from "../../src/runtime/current.ts";
import { listen, type Listener, signal } from "../real/processes.ts";
import { currentRuntime, type RuntimeName, type SpawnedScript, spawnProgram, spawnScript } from "../support/spawn.ts";
import { skip } from "../support/skip.ts";
import { removeDirectory, testDirectory, withTemporaryDirectory } from "../support/temporary_directory.ts";
import type { LockBackend } from "../../src/lock/lock_info.ts";
import { hiddenAddon } from "./hidden_addon.ts";

/** A runtime, and how it gets at flock. */
export interface Variant {
  readonly name: string;
  readonly runtime: RuntimeName;
  readonly env: Record<string, string>;
}

/** The ways in which this runtime gets at flock. (The others have theirs in their own run of the tests.) */
export function variants(): Variant[] {
  const name = currentRuntime;
  const own: Variant = { name, runtime: name, env: {} };
  return name === "node" ? [own, { name: "node without fs-ext", runtime: name, env: hiddenAddon }] : [own];
}

/** Whether the program flock(1) and a Python with fcntl are there. */
export const hasFlockProgram = (): boolean => spawnSync("flock", ["--version"]).status === 0;
export const hasPython = (): boolean => spawnSync("python3", ["-c", "import fcntl"]).status === 0;
export const hasKernelLock = (): boolean => runtimeHere().capabilities.fileLock !== "none";

/** Another process, and what it says. */
export interface Other {
  readonly script: SpawnedScript;
  readonly heard: Listener;
  /** Tells it to give the lock back, and waits for its end. */
  release(): Promise<void>;
  /** SIGKILL, and its end. */
  kill(): Promise<void>;
}

/** Processes of the test that runs; what it leaves is killed, or a test that fails would wait for them for ever. */
const started = new Set<SpawnedScript>();

/** A directory for a test with other processes, which are dead before it is removed. */
export function withOthers<T>(run: (directory: string) => T | Promise<T>): Promise<T> {
  return withTemporaryDirectory(async (directory) => {
    try {
      return await run(directory);
    } finally {
      for (const script of started) {
        signal(script, "SIGKILL");
        // Its test has looked at its end, if that matters to it.
        await script.status.catch(() => {});
      }
      started.clear();
    }
  });
}

/** Another process, from a script that was started. */
export function other(script: SpawnedScript): Other {
  started.add(script);
  const { child, status } = script;
  return {
    script,
    heard: listen(child),
    release: async () => {
      child.stdin?.end("\n");
      const { code, stderr } = await status;
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
    },
    kill: async () => {
      signal(script, "SIGKILL");
      await status;
    },
  };
}

/** Starts a process that asks for the lock; it need not have it yet. */
export function ask(path: string, options: object = {}, variant?: Variant, how = ""): Other {
  return askBy([path, JSON.stringify(options), how], variant);
}

/** A process that has found the lock held, and waits for it. */
export async function waitFor(path: string, options: object = {}, variant?: Variant, how = ""): Promise<Other> {
  const asked = askBy([path, JSON.stringify(options), how, "tells"], variant);
  await untilHeard(asked.script, asked.heard, /^waits$/);
  return asked;
}

function askBy(args: readonly string[], variant?: Variant): Other {
  return other(spawnScript("tests/lock/scripts/hold.ts", args, {
    runtime: variant?.runtime,
    env: variant?.env ?? {},
    stdin: "pipe",
  }));
}

/** Waits for a line; fails with what the process complained about when it ends without it, or goes on without it. */
export async function untilHeard(script: SpawnedScript, heard: Listener, line: RegExp): Promise<void> {
  if (await heard.seen(line)) return;
  signal(script, "SIGKILL");
  const { code, signal: killed, stderr } = await script.status;
  assert(false, `it never said ${line}, but ended with ${code ?? killed}: ${heard.text}${stderr}`);
}

/** What a process says in the end of its request for the lock: `held BACKEND SHARED`, or `not in time`. */
export async function answerOf({ script, heard }: Other): Promise<string> {
  await untilHeard(script, heard, /^(held|not in time)/);
  return heard.text.replace(/^waits\n/, "").trim();
}

/** A process that holds the lock. */
export async function hold(path: string, options: object = {}, variant?: Variant, how = ""): Promise<Other> {
  const asked = ask(path, options, variant, how);
  await untilHeard(asked.script, asked.heard, /^held /);
  return asked;
}

/** A program of somebody else's that holds a lock on a file: flock(1), or Python's fcntl.flock. */
export async function foreignHold(program: "flock" | "python", file: string, shared = false): Promise<Other> {
  const python = "import fcntl, sys\n" +
    "file = open(sys.argv[1], 'a')\n" +
    "fcntl.flock(file, fcntl.LOCK_SH if sys.argv[2] == '-s' else fcntl.LOCK_EX)\n" +
    "print('held', flush=True)\n" +
    "sys.stdin.read()\n";
  const flag = shared ? "-s" : "-x";
  const started = other(spawnProgram(
    program === "flock"
      ? ["flock", flag, file, "sh", "-c", "echo held; exec cat >/dev/null"]
      : ["python3", "-c", python, file, flag],
    { stdin: "pipe" },
  ));
  assert(await started.heard.seen(/^held/), "the other program did not get the lock");
  return started;
}

/** Whether somebody else's program gets a lock on a file at once. */
export function foreignGets(program: "flock" | "python", file: string, shared = false): boolean {
  const flag = shared ? "-s" : "-x";
  if (program === "flock") return spawnSync("flock", ["-n", flag, file, "true"]).status === 0;
  const python = "import fcntl, sys\n" +
    "kind = fcntl.LOCK_SH if sys.argv[2] == '-s' else fcntl.LOCK_EX\n" +
    "fcntl.flock(open(sys.argv[1], 'a'), kind | fcntl.LOCK_NB)\n";
  return spawnSync("python3", ["-c", python, file, flag], { stdio: "ignore" }).status === 0;
}

export const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Waits until something is so that nobody tells us about. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let attempt = 0; attempt < 1000; attempt++) {
    if (await condition()) return;
    await pause(10);
  }
  assert(false, `waited without success until ${what}`);
}

/** The state of a process as Linux tells it: `R`, `S`, `T` for stopped, `Z`; undefined when it is gone. */
export function stateOf(pid: number): string | undefined {
  try {
    const line = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    return line.slice(line.lastIndexOf(")") + 2)[0];
  } catch {
    return undefined;
  }
}

/** Whether the time of a directory's creation stays what it was when something is made in it; under Wine it does not. */
function keepsCreationTime(): boolean {
  const directory = fs.mkdtempSync(join(testDirectory(), "created-"));
  try {
    const created = () => fs.statSync(directory).birthtimeMs;
    const before = created();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    fs.writeFileSync(join(directory, "file"), "");
    return created() === before;
  } finally {
    removeDirectory(directory);
  }
}

/** The kinds of locks that this system can be asked for; those that it cannot keep apart are skipped as one test. */
export function lockBackends(): readonly LockBackend[] {
  const kernel: LockBackend[] = hasKernelLock() ? ["flock"] : [];
  if (keepsCreationTime()) return [...kernel, "directory"];
  test("lock directories", (t) => skip(t, "the time of a directory's creation changes there"));
  return kernel;
}

/** Whether this system says of a process by its number whether it lives: without it a lock directory is never taken over. */
export const provesDeath = (): boolean => runtimeHere().process.facts() !== undefined;

export const isLinux = process.platform === "linux";
