/**
 * What a workload is: operations that are on record while they run, until the power goes. The table is in workloads.ts.
 */
import { join } from "node:path";
import { makeVersion } from "../support/versions.ts";
import type { Save } from "./methods.ts";
import type { History, Recorder } from "./record.ts";

export interface Surroundings {
  /** Where everything is written. */
  readonly root: string;
  /** The name of this process: of letters. */
  readonly process: string;
  readonly record: Recorder;
  /** The method that the rows for comparisons save with, and how often those of them that end do so. */
  readonly save: Save;
  readonly saves?: number;
}

export interface Workload {
  /** Works until the process is killed, or once. An error ends it: after the cut nothing succeeds any more. */
  run(surroundings: Surroundings): Promise<void>;
  /** What a program of this kind does when it starts again, before anything is judged; complaints. */
  recover?(root: string): string[];
  /** What else must hold after the cut, as complaints. */
  check?(root: string, history: History): string[];
}

/** Content for one write, and the name it has on record. */
export function newVersion({ process, record }: Surroundings, longest: number, count?: number) {
  const version = record.next();
  const writer = count === undefined ? process : `${process}:${count}`;
  return { content: `${process} ${version}`, data: makeVersion({ writer, version }, longest) };
}

/** Runs one operation between its two lines on record. */
export async function recorded(
  { root, record }: Surroundings,
  path: string,
  content: string | null,
  mode: number | undefined,
  run: (path: string) => unknown,
): Promise<void> {
  const name = record.begin(path, content, mode);
  try {
    await run(join(root, path));
    record.done(name);
  } catch (error) {
    record.failed(name, error);
    throw error;
  }
}

/** Repeats for ever, in so many lanes at once. */
export function lanes(count: number, step: (lane: number, round: number) => Promise<void>): Promise<void> {
  const lane = async (number: number) => {
    for (let round = 0;; round++) await step(number, round);
  };
  return Promise.all(Array.from({ length: count }, (_, number) => lane(number))).then(() => {});
}

/** Every other version has other permissions: a version with those of another one would show. */
export const modeFor = (round: number): number => round % 2 === 0 ? 0o640 : 0o604;
