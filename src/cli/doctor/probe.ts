/** What the probes of `doctor` work with, and how they answer: every one measures, and a failure is an answer, too. */
import { childOf, type Engine } from "../../protocol/engine.ts";
import type { CommandHost } from "../../runtime/host/command_host.ts";
import type { OpenFile } from "../../runtime/runtime.ts";
import { SystemError } from "../../runtime/system_error.ts";

/** Where and with what is measured. */
export interface Bench {
  readonly engine: Engine;
  readonly host: CommandHost;
  /** The directory for measurements. */
  readonly scratch: string;
  /** Aborts between measurements. */
  readonly signal: AbortSignal;
}

/** The code of a failure in the place of an answer. */
export interface Failed {
  readonly failed: string;
}

/** Whether an answer is a failure. */
export function isFailed(answer: unknown): answer is Failed {
  return typeof answer === "object" && answer !== null && "failed" in answer;
}

/** Runs a probe. */
export async function attempt<T>(probe: () => Promise<T>): Promise<T | Failed> {
  try {
    return await probe();
  } catch (error) {
    const code = error instanceof SystemError ? error.code : Reflect.get(Object(error), "code");
    if (typeof code !== "string") throw error;
    return { failed: code };
  }
}

/** A name in the scratch directory. */
export const scratchFile = ({ engine, scratch }: Bench, name: string): string => childOf(engine, scratch, name);

/** Creates a file there, hands it to `use`, and closes it. */
export async function withFile<T>(bench: Bench, name: string, use: (file: OpenFile) => Promise<T>): Promise<T> {
  const file = await bench.engine.fileSystem.create(scratchFile(bench, name), 0o600);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

/** All of a content. */
export async function writeAll(file: OpenFile, bytes: Uint8Array): Promise<void> {
  for (let left = bytes; left.length > 0;) left = left.subarray(await file.write(left));
}

/** A slow disk is measured by fewer rounds. */
const longestSeries = 1000;

/** The median of up to `rounds` times that something takes, in milliseconds; `prepare` is not timed. */
export async function medianTime(
  { engine: { runtime: { clock } }, signal }: Bench,
  rounds: number,
  work: (round: number) => unknown,
  prepare: (round: number) => unknown = () => {},
): Promise<number> {
  const times: number[] = [];
  const began = clock.monotonic();
  for (let round = 0; round < rounds && (round < 3 || clock.monotonic() - began < longestSeries); round++) {
    signal.throwIfAborted();
    await prepare(round);
    const started = clock.monotonic();
    await work(round);
    times.push(clock.monotonic() - started);
  }
  times.sort((a, b) => a - b);
  return times[Math.floor(times.length / 2)] ?? 0;
}
