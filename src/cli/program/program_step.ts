/**
 * A program in the role of `validate` or `activate`: a word for each argument, no shell.
 *
 * It has no input, no terminal, and a process group of its own; what it prints is kept, the last 64 KiB of it, and shown
 * when it has failed. When its time is up, or the command is asked to stop while nothing has changed yet, it and all it
 * has started get SIGTERM, and SIGKILL when the program has ended, two seconds later at the latest. What it leaves running in the background when it ends by itself
 * is left running.
 */
import type { ChildProgram } from "../../runtime/host/child_program.ts";
import { currentRuntime } from "../../runtime/current.ts";
import { SystemError } from "../../runtime/system_error.ts";
import { StepFailed } from "./failed.ts";
import { OutputTail } from "./output_tail.ts";
import type { StagedList } from "../../transaction/staged_list.ts";
import type { Call } from "../table.ts";

/** The variables in which a program finds, by the paths of each file, where its new content is; and a file with that. */
const stagedVariable = "ATOMIC_WRITE_STAGED";
const listVariable = "ATOMIC_WRITE_STAGED_FILE";

/** What is run. */
interface ProgramStep {
  readonly name: "validate" | "activate";
  readonly words: readonly string[];
  /** The directory it runs in. */
  readonly directory: string;
  /** How long it may take, in milliseconds. */
  readonly limit: number;
  /** Ends it. */
  readonly signal?: AbortSignal;
}

/** From SIGTERM to SIGKILL, in milliseconds. */
const patience = 2000;
/** How long to wait for the rest of the output of a program that has ended: something in the background may hold it. */
const restOfOutput = 500;
async function collect(read: ChildProgram["readOutput"], take: (chunk: Uint8Array) => void): Promise<void> {
  try {
    for (let chunk = await read(); chunk !== undefined; chunk = await read()) take(chunk);
  } catch {
    // What cannot be read cannot be shown; how the program ends is what counts.
  }
}

/** Waits until a promise is settled, at most that long; returns whether it was. */
async function settles(promise: Promise<unknown>, milliseconds: number, signal?: AbortSignal): Promise<boolean> {
  const done = new AbortController();
  const ends = signal === undefined ? done.signal : AbortSignal.any([done.signal, signal]);
  const sleep = currentRuntime().clock.sleep(milliseconds, ends).then(() => false, () => false);
  const settled = promise.then(() => true);
  const result = await Promise.race([settled, sleep]);
  done.abort();
  return result;
}

/** Ends the program and all that it has started. */
async function end(program: ChildProgram): Promise<void> {
  program.send("SIGTERM");
  await settles(program.ended, patience);
  program.send("SIGKILL");
  await program.ended;
}

/** What is said of a program while it runs. */
const titles = { validate: "validating", activate: "activating" } as const;

/** Waits for the end of the program as long as it may take; whether it has ended by then. */
async function endsInTime(
  program: ChildProgram,
  { name, limit, signal }: ProgramStep,
  progress: Call["progress"],
): Promise<boolean> {
  const { clock } = currentRuntime();
  const begin = clock.monotonic();
  const report = await progress(titles[name], "second");
  for (let left = limit; left > 0; left = begin + limit - clock.monotonic()) {
    if (await settles(program.ended, Math.min(left, 1000), signal)) return true;
    if (signal?.aborted) return false;
    report(Math.round((clock.monotonic() - begin) / 1000));
  }
  return false;
}

async function start(
  host: Call["host"],
  { name, words, directory }: ProgramStep,
  { path, text = "" }: StagedList,
): Promise<ChildProgram> {
  try {
    // Empty rather than missing, or that of a program around this one.
    const environment = { [stagedVariable]: text, [listVariable]: path };
    return await host.start(words, "apart", { directory, environment });
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    throw new StepFailed(`cannot be started (${error.code})`, {
      step: name,
      command: words,
      timedOut: false,
      output: "",
    }, error);
  }
}

/**
 * Runs the program to its end. Throws a StepFailed unless it ends with status 0; when the signal has ended it, returns,
 * and the caller asks the signal.
 */
export async function runProgramStep(
  { host, progress }: Pick<Call, "host" | "progress">,
  step: ProgramStep,
  staged: StagedList,
): Promise<void> {
  const { name, words, limit, signal } = step;
  if (signal?.aborted) return;
  const program = await start(host, step, staged);
  const tail = new OutputTail();
  const read = Promise.all([program.readOutput, program.readErrors].map((each) => collect(each, tail.lines())));
  const inTime = await endsInTime(program, step, progress);
  if (!inTime) await end(program);
  const { status, signal: by } = await program.ended;
  await settles(read, restOfOutput);
  if (!inTime && signal?.aborted) return;
  if (inTime && status === 0) return;
  const how = !inTime
    ? `did not end within ${limit / 1000} s, and was ended`
    : by === undefined
    ? `ended with status ${status}`
    : `was ended by ${by}`;
  throw new StepFailed(how, {
    step: name,
    command: words,
    status,
    ...by === undefined ? {} : { signal: by },
    timedOut: !inTime,
    output: tail.text(),
  });
}
