/**
 * Processes of every runtime, each with worker threads, that do everything at once in one directory, while some are
 * killed, some are stopped for a while, and some of their syncs fail. Then: no update is lost, nothing is torn, pairs
 * are whole, what was acknowledged is there, and a sweep takes what the dead left.
 *
 * Without @std/assert, because `deno task storm:together` runs it as it is.
 */
import * as fs from "node:fs";
import { join } from "node:path";
import { sweep } from "../../mod.ts";
import { openLogReader } from "../../src/log/mod.ts";
import { openObjectStore } from "../../src/store/mod.ts";
import { recoverTransactions } from "../../src/transaction/mod.ts";
import type { RuntimeName, SpawnedScript } from "../support/spawn.ts";
import { readVersion } from "../support/versions.ts";
import { makeOld, signal, type Spawn, withProcesses } from "./processes.ts";

export interface Counter {
  readonly count: number;
}

/** What a thread does. */
export type Kind = "count" | "write" | "claim" | "pair" | "put" | "append";

/** A line of a thread's record. */
export interface Line {
  readonly kind: Kind;
  readonly number: number;
  /** "ended": the thread has done all it was to do, and `told` is how many of its syncs failed. */
  readonly state: "begun" | "done" | "unchanged" | "replaced" | "unknown" | "ended";
  readonly told?: string;
}

export interface TogetherOptions {
  readonly runtimes: readonly RuntimeName[];
  /** Processes on each of them, and worker threads beside the main one of each. */
  readonly processes: number;
  readonly workers: number;
  /** Operations of each thread. */
  readonly operations: number;
  /** How many processes are killed, and how often one is stopped for a while. */
  readonly kills: number;
  readonly stops: number;
  /** The share of syncs that fail. */
  readonly failing: number;
}

/** What happened: a run in which one of these is 0 has not shown what it was for. */
export interface TogetherReport {
  readonly done: Record<Kind, number>;
  readonly refused: number;
  readonly undecided: number;
  readonly kills: number;
  readonly stops: number;
  readonly failedSyncs: number;
  readonly swept: number;
}

const pause = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

/** Ten times what any run needs. */
const mostProcesses = 2_000;

class Together {
  readonly #records: string;
  readonly #alive = new Map<string, SpawnedScript>();
  #started = 0;
  kills = 0;
  stops = 0;

  constructor(readonly directory: string, readonly spawn: Spawn, readonly options: TogetherOptions) {
    this.#records = `${directory}.records`;
    fs.mkdirSync(this.#records);
  }

  /** Lets all of them work to their end. */
  async run(): Promise<void> {
    const { runtimes, processes } = this.options;
    const running = runtimes.flatMap((runtime) => Array.from({ length: processes }, () => this.#process(runtime)));
    let over = false;
    const all = Promise.all(running).finally(() => over = true);
    const disturbing = this.#disturb(() => over);
    try {
      await all;
    } finally {
      this.#alive.forEach((script) => signal(script, "SIGKILL"));
      await disturbing;
    }
  }

  /** One process after another: while there is somebody to be killed or stopped, somebody is at work. */
  async #process(runtime: RuntimeName): Promise<void> {
    const { operations, workers, failing } = this.options;
    while (this.#started < mostProcesses) {
      const name = `${runtime}${++this.#started}`;
      const args = [this.directory, name, String(operations), String(workers), String(failing)];
      const script = this.spawn("tests/real/scripts/work_together.ts", args, { runtime });
      this.#alive.set(name, script);
      const { code, signal, stderr } = await script.status;
      this.#alive.delete(name);
      if (signal === "SIGKILL") continue;
      if (code !== 0 || stderr !== "") throw new Error(`${name} ended with ${code ?? signal}: ${stderr}`);
      if (!this.#isCalm) continue;
      return;
    }
    throw new Error(`${mostProcesses} processes have ended, and still too few were killed or stopped`);
  }

  /** Whether enough of them were killed and stopped. */
  get #isCalm(): boolean {
    return this.kills >= this.options.kills && this.stops >= this.options.stops;
  }

  /** Kills and stops processes that have done something, one after another, until there was enough of it. */
  async #disturb(isOver: () => boolean): Promise<void> {
    const { kills, stops } = this.options;
    while (!isOver() && !this.#isCalm) {
      await pause(5 + Math.random() * 100);
      const busy = [...this.#alive].filter(([name]) => fs.existsSync(join(this.#records, `${name}.0`)));
      const [, script] = busy[Math.floor(Math.random() * busy.length)] ?? [];
      if (script === undefined || script.child.exitCode !== null) continue;
      if (this.stops < stops && (this.kills >= kills || Math.random() < 0.5)) {
        signal(script, "SIGSTOP");
        await pause(50 + Math.random() * 100);
        signal(script, "SIGCONT");
        this.stops++;
      } else {
        signal(script, "SIGKILL");
        await script.status;
        this.kills++;
      }
    }
  }

  /** All lines of all threads, each operation with how it ended; "begun" where it did not. */
  outcomes(): { thread: string; line: Line }[] {
    return fs.readdirSync(this.#records).flatMap((thread) => {
      const ended = new Map<number, Line>();
      for (const text of fs.readFileSync(join(this.#records, thread), "utf8").split("\n")) {
        // Only a kill cuts a line short, and then its operation has not told how it ended.
        if (text.endsWith("}")) ended.set(...numbered(JSON.parse(text)));
      }
      return [...ended.values()].map((line) => ({ thread, line }));
    });
  }
}

const numbered = (line: Line): [number, Line] => [line.number, line];

function check(isTrue: boolean, what: string): asserts isTrue {
  if (!isTrue) throw new Error(what);
}

type Outcomes = ReturnType<Together["outcomes"]>;

const decided = (outcomes: Outcomes, kind: Kind, states: readonly Line["state"][]) =>
  outcomes.filter(({ line }) => line.kind === kind && states.includes(line.state));

/** What may have happened without having been acknowledged. */
const open = ["begun", "replaced", "unknown"] as const;

/** What all of them have left is what they were told, once a recovery has settled what the killed ones had begun. */
async function judge(directory: string, outcomes: Outcomes): Promise<number> {
  const { conflicts } = await recoverTransactions(directory);
  check(conflicts.length === 0, `recovery met conflicts: ${conflicts.join()}`);
  const content = (name: string) => fs.readFileSync(join(directory, name));

  const { count } = JSON.parse(content("counter").toString()) as Counter;
  const counted = decided(outcomes, "count", ["done"]).length;
  const most = counted + decided(outcomes, "count", open).length;
  check(count >= counted && count <= most, `${count} counted; ${counted} acknowledged, ${most} at the most`);

  readVersion(content("shared"));
  const [first, second] = [content("pair-a"), content("pair-b")];
  check(first.equals(second), "one file of the pair is of another transaction than the other");
  readVersion(first);

  for (const name of fs.readdirSync(directory).filter((each) => each.startsWith("claim-"))) {
    const { writer, version } = readVersion(content(name));
    const winners = decided(outcomes, "claim", ["done"]).filter(({ line }) => line.number === version);
    check(winners.length <= 1, `${name} was created ${winners.length} times`);
    check(winners.every(({ thread }) => thread === writer), `${name} is not its creator's`);
  }
  for (const { line } of decided(outcomes, "claim", ["done"])) content(`claim-${line.number}`);

  const store = await openObjectStore(join(directory, "store"));
  const { corrupt } = await store.verify();
  check(corrupt.length === 0, `damaged objects: ${corrupt.join()}`);
  for (const { line } of decided(outcomes, "put", ["done"])) await store.get(line.told ?? "");

  const logged = new Set<string>();
  for await (const { data } of openLogReader(join(directory, "log")).read()) logged.add(new TextDecoder().decode(data));
  for (const { line } of decided(outcomes, "append", ["done"])) {
    check(logged.has(line.told ?? ""), `the log has lost ${line.told}`);
  }
  return await sweepDead(directory);
}

const temporaries = (directory: string): string[] =>
  (fs.readdirSync(directory, { recursive: true }) as string[])
    .filter((name) => name.endsWith(".tmp")).map((name) => join(directory, name));

async function sweepDead(directory: string): Promise<number> {
  const dead = temporaries(directory);
  makeOld(dead);
  const { removed } = await sweep(directory, { recursive: true });
  const left = temporaries(directory);
  check(left.length === 0 && removed.length === dead.length, `a sweep left ${left.join()} of ${dead.join()}`);
  return dead.length;
}

/** Lets it rage, and judges. */
export function together(options: TogetherOptions): Promise<TogetherReport> {
  return withProcesses(async (directory, spawn) => {
    const storm = new Together(directory, spawn, options);
    await storm.run();
    const outcomes = storm.outcomes();
    const swept = await judge(directory, outcomes);
    const countOf = (states: readonly Line["state"][]) =>
      outcomes.filter(({ line }) => states.includes(line.state)).length;
    const doneOf = (kind: Kind): [Kind, number] => [kind, decided(outcomes, kind, ["done"]).length];
    const kinds: Kind[] = ["count", "write", "claim", "pair", "put", "append"];
    const failed = outcomes.filter(({ line }) => line.state === "ended").map(({ line }) => Number(line.told));
    return {
      done: Object.fromEntries(kinds.map(doneOf)) as Record<Kind, number>,
      refused: countOf(["unchanged"]),
      undecided: countOf(open),
      kills: storm.kills,
      stops: storm.stops,
      failedSyncs: failed.reduce((sum, each) => sum + each, 0),
      swept,
    };
  });
}
