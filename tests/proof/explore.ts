/**
 * Explores rows of the table: every disk that a power cut may leave after any call, and every moment a process may be
 * killed in. Each is looked at as it is found, then swept, then the operation is done once more.
 */
import { assert, assertEquals } from "@std/assert";
import { breakLockSync, FileError, inspectLockSync } from "../../mod.ts";
import { type Operation, run, runSync, wait } from "../../src/core/operation.ts";
import {
  type CrashOptions,
  type CrashReport,
  describeCrashReport,
  exploreCrashes,
  exploreCrashesSync,
  type MemoryRuntime,
} from "../../src/testing/mod.ts";
import { byEffort, inTurn } from "../support/effort.ts";
import type { Figures } from "../support/explored_figures.ts";
import { currentRuntime } from "../support/spawn.ts";
import { type Api, asyncApi, syncApi } from "./api.ts";
import { checkDisk, checkFinal, type End, isSame, isTemporary, stateOf, temporaryFiles } from "./legal.ts";
import { parseTemporaryName } from "../../src/protocol/names/names.ts";
import { impatient } from "./patience.ts";
import { type Acknowledged, lastVersion, nameOf, type Row, versionAt } from "./row.ts";
import { notEmpty } from "../support/tally.ts";

/** How a row is driven. */
export interface Way {
  readonly api: Api;
  /** What `MachineOptions.delay` says. */
  readonly delay: "none" | "every";
  readonly seed?: number;
}

/** Both drivers, the asynchronous one over a file system that promises every call. */
export const ways: readonly Way[] = [{ api: syncApi, delay: "none" }, { api: asyncApi, delay: "every" }];

/** Every tenth row on the other runtimes, each its own: which states there are is found by the same code everywhere. */
const tenth = { deno: undefined, node: 0, bun: 5 }[currentRuntime];

/**
 * The rows that are explored here: all on one runtime, a tenth on the others; of these every `stride`-th; and of these a
 * quarter in each run of the whole suite.
 */
export function explored(rows: readonly Row[], stride: number): Row[] {
  const here = rows.filter((_row, index) => tenth === undefined || index % 10 === tenth);
  return inTurn(here.filter((_row, index) => index % stride === 0), 4);
}

/** Longer ago than what a sweep calls young. */
const longAgo = 61_000;

function* attempt(row: Row, api: Api, runtime: MemoryRuntime): Operation<unknown> {
  try {
    yield* row.run({ api, runtime: impatient(runtime), acknowledge: () => {} });
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Does the operation once more on what was found, and checks that it succeeds, or is refused because it had succeeded. */
export function* again(row: Row, machine: MemoryRuntime): Operation<void> {
  const done = row.files.every((file) => {
    const found = versionAt(machine, file.path);
    return row.torn === true ? found !== file.versions[0] : isSame(row, found, lastVersion(file));
  });
  const api = row.only === "async" ? asyncApi : syncApi;
  let error = yield* attempt(row, api, machine);
  if (row.remedy !== undefined && FileError.is(error) && error.code === row.remedy.code) {
    machine.syncFileSystem.remove(row.remedy.path);
    error = yield* attempt(row, api, machine);
  }
  if (error !== undefined) {
    const expected = row.refused ?? (done ? row.repeatRefused : undefined);
    if (!FileError.is(error) || error.code !== expected) throw error;
    // Torn content is somebody's content: what must not be replaced is not.
    if (row.torn === true && row.refused === undefined) return;
  }
  checkFinal(machine, row);
  assertEquals(machine.openHandles, []);
}

const provenByLock = (path: string): boolean => parseTemporaryName(nameOf(path))?.proof.kind === "lock";

function sweepAll(row: Row, machine: MemoryRuntime): void {
  const before = stateOf(machine, row);
  machine.clock.advance(longAgo);
  syncApi.sweep("/", { recursive: true, runtime: machine });
  // Whose owner no lock proves dead, and who ran before the machine was started anew, goes by age alone.
  const locks = row.machine.disk?.fileLock !== false && row.machine.capabilities?.fileLock !== "none";
  if (locks) assertEquals(temporaryFiles(machine).filter((path) => provenByLock(path)), []);
  syncApi.sweep("/", { recursive: true, olderThan: longAgo, runtime: machine });
  assertEquals(temporaryFiles(machine), []);
  assertEquals(stateOf(machine, row), before);
}

/** What sweeping and repeating depend on: what is there under which name. Nobody reads the content of temporary files. */
function situationOf(row: Row, machine: MemoryRuntime, files: Record<string, string>): string {
  const names = Object.entries(files).map(([path, text]) => isTemporary(path) ? path : `${path} ${text}`);
  return `${names.join("|")} ${JSON.stringify(stateOf(machine, row, Object.keys(files)))}`;
}

/** A lock directory does not say whether its holder was here before the power cut or is somewhere else: people do. */
function breakLocks(row: Row, machine: MemoryRuntime): void {
  for (const { path } of notEmpty(row.files)) {
    const info = inspectLockSync(path, { runtime: machine });
    if (info?.backend === "directory" && info.liveness === "unknown") {
      assert(breakLockSync(path, info, { runtime: machine }), "a lock that nobody holds can be broken");
    }
  }
}

function* check(
  row: Row,
  machine: MemoryRuntime,
  facts: readonly Acknowledged[],
  end: End,
  seen: Set<string>,
): Operation<void> {
  const files = machine.files();
  checkDisk(machine, row, facts, end, Object.keys(files));
  const situation = situationOf(row, machine, files);
  if (seen.has(situation)) return;
  seen.add(situation);
  sweepAll(row, machine);
  if (end === "power cut") breakLocks(row, machine);
  yield* again(row, machine);
}

const isLockFile = (path: string): boolean => path.endsWith(".lock");

function optionsFor(row: Row, way: Way, end: End): CrashOptions {
  const { api, delay, seed = 1 } = way;
  const drive = row.only === "async" ? run : runSync;
  const seen = new Set<string>();
  return {
    machine: { ...row.machine, delay, seed },
    seed,
    modes: [end === "kill" ? "kill" : "strict"],
    volatile: isLockFile,
    stopAfter: 1,
    run: (runtime, acknowledge) =>
      api.drive(function* () {
        const error = yield* refusal(row, { api, runtime, acknowledge });
        if (row.refused !== undefined) assertEquals(FileError.is(error) ? error.code : error, row.refused);
      }),
    check: (machine, facts) => drive(() => check(row, machine, facts as readonly Acknowledged[], end, seen)),
  };
}

/** What an operation that is always refused threw; what any other throws goes on. */
function* refusal(row: Row, tools: Parameters<Row["run"]>[0]): Operation<unknown> {
  try {
    yield* row.run(tools);
    return undefined;
  } catch (error) {
    if (row.refused === undefined) throw error;
    return error;
  }
}

/** The ways in which a row can be driven: where calls meet, several orders of them. */
export function waysOf(row: Row): Way[] {
  const fitting = ways.filter(({ api }) => (row.only ?? api.name) === api.name);
  if (row.concurrent !== true) return fitting;
  return fitting.flatMap((way) => [1, 2, 3, 4, 5].map((seed) => ({ ...way, seed })));
}

function* exploreEnd(row: Row, way: Way, end: End): Operation<CrashReport> {
  const options = optionsFor(row, way, end);
  const synchronous = way.api.name === "sync" && row.only !== "async";
  const report = synchronous ? exploreCrashesSync(options) : yield* wait(exploreCrashes(options));
  if (report.violations.length > 0) {
    throw new Error(`${row.name} (${way.api.name}, ${end}): ${describeCrashReport(report)}`);
  }
  return report;
}

/** Explores a row in one way, with power cuts and kills. */
export function exploreRow(row: Row, way: Way): Promise<CrashReport[]> {
  return run(function* () {
    return [yield* exploreEnd(row, way, "power cut"), yield* exploreEnd(row, way, "kill")];
  });
}

/** An operation that is done over and over: every version becomes an earlier one, and the oldest go. */
function repeated(row: Row): Row {
  if (row.backups === undefined) return row;
  const legal = [...row.backups.legal, ...row.files.flatMap(({ versions }) => versions)];
  return { ...row, backups: { ...row.backups, legal, before: [], afterwards: [] } };
}

/** The same, with the power cut again during every recovery: the sweep, and the operation once more. */
export function exploreRecovery(given: Row): CrashReport {
  const row = repeated(given);
  const options = optionsFor(row, { api: syncApi, delay: "none" }, "power cut");
  /** What each start of the machine has recovered from: what looks the same is recovered from in the same way. */
  const recovered = new Map<string | undefined, Set<string>>();
  const known = new WeakSet<MemoryRuntime>();
  const report = exploreCrashesSync({
    ...options,
    limit: byEffort({ quick: 500, normal: 20_000, long: 200_000 }),
    recover: (machine) => {
      const files = machine.files();
      checkDisk(machine, row, [], "power cut", Object.keys(files));
      const boot = machine.process.facts()?.boot;
      const seen = recovered.get(boot) ?? new Set();
      recovered.set(boot, seen);
      const situation = situationOf(row, machine, files);
      if (seen.has(situation)) return void known.add(machine);
      seen.add(situation);
      sweepAll(row, machine);
      breakLocks(row, machine);
      runSync(() => again(row, machine));
    },
    check: (machine) => {
      if (known.has(machine)) return;
      checkFinal(machine, row);
      assertEquals(temporaryFiles(machine), []);
    },
  });
  if (report.violations.length > 0) throw new Error(`${row.name} (recovery): ${describeCrashReport(report)}`);
  return report;
}

/** Adds up what was explored, and says it: a line for each row, and one for all. */
export class Tally {
  #rows = 0;
  #calls = 0;
  #states = 0;
  #recovery = 0;
  #samples = 0;
  readonly #started = performance.now();

  /** Counts the reports of a row. */
  add(row: Row, how: string, reports: readonly CrashReport[]): void {
    this.#rows++;
    for (const report of reports) {
      this.#calls += report.operations;
      this.#states += report.states;
      this.#recovery += report.recoveryStates;
      if (!report.exhaustive) this.#samples++;
      console.log(`${row.name} (${how}): ${describeCrashReport(report)}`);
    }
  }

  /** What is kept of it, and printed by docs/proof.md. */
  get figures(): Figures {
    const second = this.#recovery > 0 ? { afterSecondCut: this.#recovery } : {};
    return { explorations: this.#rows, calls: this.#calls, states: this.#states, ...second, samples: this.#samples };
  }

  /** How many states there were. */
  get states(): number {
    return this.#states;
  }

  /** How many explorations were samples only. */
  get samples(): number {
    return this.#samples;
  }

  /** One line. */
  summary(what: string): string {
    const seconds = ((performance.now() - this.#started) / 1000).toFixed(1);
    const recovered = this.#recovery > 0 ? `, ${this.#recovery} of them after cutting off a recovery` : "";
    const completeness = this.#samples === 0 ? "exhaustive" : `${this.#samples} explorations by samples`;
    return `# EXPLORED ${what}: ${this.#rows} explorations, ${this.#calls} calls, ${this.#states} states${recovered}, ` +
      `${completeness}, no violations (${seconds} s)`;
  }
}
