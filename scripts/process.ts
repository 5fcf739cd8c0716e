/**
 * Runs programs for the scripts: their output is collected, not shown, and nothing they started survives them.
 *
 * `execute` resolves with the exit code, never rejects because of it. `mustExecute` throws with the whole output.
 * Each program leads a process group of its own, which is killed when the program has ended, timed out, or when this
 * process is told to stop: a hanging grandchild must not hang the run. One that times out tells in its output what it
 * and its descendants were doing, and is interrupted before it is killed: the test runners of Deno and Node then name
 * the tests that have not ended.
 */
import { processorSecondsOfEnded } from "./processor_time.ts";
import { describeProcessTree } from "./process_tree.ts";

export interface Outcome {
  code: number;
  /** Standard output and standard error, in the order of arrival. */
  output: string;
  timedOut: boolean;
  /** Where the system tells. */
  processorSeconds?: number;
}

export interface ExecuteOptions {
  directory?: string;
  /** Added to this process's environment. */
  environment?: Record<string, string>;
  /** Milliseconds; a function is asked again when they have passed, and may give more. */
  timeout?: number | (() => number);
}

/** How long an interrupted program may take to say what it was doing. Milliseconds. */
const LAST_WORDS = 5000;

const canSignalGroups = Deno.build.os !== "windows";
const running = new Set<Deno.ChildProcess>();
const cleanUps = new Set<() => void>();

/** Registers what has to happen even when the run is interrupted. Returns the function that takes it back. */
export function onInterrupt(cleanUp: () => void): () => void {
  cleanUps.add(cleanUp);
  return () => void cleanUps.delete(cleanUp);
}

function killGroup(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    if (canSignalGroups) Deno.kill(-child.pid, signal);
    else child.kill(signal);
  } catch {
    // Nobody is left in the group.
  }
}

function handleInterrupts(): void {
  const stop = () => {
    for (const child of running) killGroup(child, "SIGKILL");
    for (const cleanUp of cleanUps) cleanUp();
    Deno.exit(130);
  };
  Deno.addSignalListener("SIGINT", stop);
  if (canSignalGroups) {
    Deno.addSignalListener("SIGTERM", stop);
    Deno.addSignalListener("SIGHUP", stop);
  }
}
let handlesInterrupts = false;

async function collect(stream: ReadableStream<Uint8Array>, chunks: string[], end: AbortSignal): Promise<void> {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  end.addEventListener("abort", () => reader.cancel().catch(() => {}));
  while (true) {
    const { done, value } = await reader.read();
    if (done) return;
    chunks.push(value);
  }
}

/** A promise for the passing of some time, which does not keep the process alive. */
function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => Deno.unrefTimer(setTimeout(resolve, milliseconds)));
}

/** This process's environment, less what makes programs colour text that nobody sees as it appears. */
function plainEnvironment(): Record<string, string> {
  const { FORCE_COLOR: _, CLICOLOR_FORCE: __, ...environment } = Deno.env.toObject();
  return { ...environment, NO_COLOR: "1" };
}

export async function execute(command: string, args: string[], options: ExecuteOptions = {}): Promise<Outcome> {
  if (!handlesInterrupts) {
    handlesInterrupts = true;
    handleInterrupts();
  }
  const child = new Deno.Command(command, {
    args,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    ...(canSignalGroups ? { detached: true } : {}),
    ...(options.directory === undefined ? {} : { cwd: options.directory }),
    clearEnv: true,
    env: { ...plainEnvironment(), ...options.environment },
  }).spawn();
  running.add(child);
  const chunks: string[] = [];
  const end = new AbortController();
  const collected = Promise.all([collect(child.stdout, chunks, end.signal), collect(child.stderr, chunks, end.signal)]);
  let timedOut = false;
  const started = performance.now();
  const interrupt = () => {
    timedOut = true;
    chunks.push(
      `\nstill running after ${Math.round(performance.now() - started)} ms:\n${describeProcessTree(child.pid)}\n`,
    );
    if (canSignalGroups) child.kill("SIGINT");
    timer = setTimeout(() => killGroup(child, "SIGKILL"), canSignalGroups ? LAST_WORDS : 0);
  };
  let timer: ReturnType<typeof setTimeout> | undefined;
  const watch = () => {
    const limit = typeof options.timeout === "function" ? options.timeout() : options.timeout ?? Infinity;
    const left = limit - (performance.now() - started);
    if (left === Infinity) return;
    // This process may itself have been busy for longer than that, and not know yet that the program has ended.
    timer = left > 0 ? setTimeout(watch, left) : setTimeout(interrupt, 100);
  };
  watch();
  const status = await child.status;
  const processorSeconds = processorSecondsOfEnded();
  clearTimeout(timer);
  running.delete(child);
  killGroup(child, "SIGKILL");
  // A process that left the group may still hold the pipes: what it says later is not waited for.
  await Promise.race([collected, pause(2000)]);
  end.abort();
  return {
    code: status.code,
    output: chunks.join(""),
    timedOut,
    ...(processorSeconds === undefined ? {} : { processorSeconds }),
  };
}

/** Like `execute`, for programs that have to succeed. Resolves with the output. */
export async function mustExecute(command: string, args: string[], options: ExecuteOptions = {}): Promise<string> {
  const { code, output } = await execute(command, args, options);
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with status ${code}:\n${output.trimEnd()}`);
  return output;
}
