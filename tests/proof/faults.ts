/**
 * Fails every call of a row's operation, with every error that fits, and checks what the caller was told against what
 * is there: on the disk as programs see it, on every disk that a power cut may leave, and in the tables of the process.
 */
import { assert, assertEquals } from "@std/assert";
import { FileError, LockError } from "../../mod.ts";
import { type Operation, run, runSync, wait } from "../../src/core/operation.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import {
  crashStates,
  type Fault,
  type FaultOutcome,
  faultRuntime,
  type FaultSweep,
  type FaultSweepReport,
  type MemoryRuntime,
  memoryRuntime,
  type SeamCall,
  sweepFaults,
  sweepFaultsSync,
} from "../../src/testing/mod.ts";
import { loseAnswers } from "../support/lost_answers.ts";
import { type Api, asyncApi, syncApi } from "./api.ts";
import { again } from "./explore.ts";
import {
  checkErrors,
  checkLocks,
  checkTables,
  checkTargetState,
  errorsOf,
  plainPath,
  systemErrorOf,
} from "./fault_errors.ts";
import { checkDisk, isTemporary, stateOf, temporaryFiles } from "./legal.ts";
import { type Acknowledged, lastVersion, type Row, versionAt } from "./row.ts";
import { notEmpty } from "../support/tally.ts";

/** What of a sweep is different: another call that fails beside the one that is swept. */
export interface Aggravation {
  readonly name: string;
  /** Every one of these calls fails, too. */
  readonly always?: { readonly method: string; readonly error: string };
}

/** What the operation told, beside its result. */
interface Told {
  readonly facts: Acknowledged[];
  /** How many calls there were before the first that the aggravation let fail. */
  aggravatedAt?: number;
  readonly machine: MemoryRuntime;
}

/** Whether the operation does without the call that fails: then what fails later is the first failure. */
function* isHarmless(row: Row, fault: Fault): Operation<boolean> {
  const api = row.only === "async" ? asyncApi : syncApi;
  const { runtime } = faultRuntime(machineFor(row, api), fault);
  try {
    yield* wait(api.drive(() => row.run({ api, runtime, acknowledge: () => {} })));
    return true;
  } catch (error) {
    return FileError.is(error) && error.code === row.refused;
  }
}

function* checkError(
  outcome: FaultOutcome<MemoryRuntime>,
  row: Row,
  error: unknown,
  { aggravatedAt }: Told,
  { always }: Aggravation,
): Operation<FileError> {
  const { struck } = outcome.faulty;
  assert(FileError.is(error), `${error} is no FileError`);
  if (error.code === row.refused) return error;
  // Who insists on a kernel lock learns that there is none here.
  if (struck?.method === "tryLock" && error.code === "ENOTSUP") return error;
  const first = systemErrorOf(error);
  assert(first !== undefined, `${error.message} has no cause`);
  const { fault } = outcome;
  if (first.call === always?.method && aggravatedAt !== undefined) {
    const isFirst = struck === undefined || (typeof fault?.at === "number" && fault.at >= aggravatedAt);
    if (isFirst || fault === undefined || (yield* isHarmless(row, fault))) return error;
  }
  assert(struck !== undefined, `${error.message} without a fault`);
  assertEquals([first.call, error.code], [struck.method, first.code], "the first error is the one that is reported");
  const steps: string[] = struck.method === "sync" ? ["sync", "syncDirectory"] : [struck.method];
  assert(steps.includes(error.step), `the step is ${error.step}, and what failed was ${struck.method}`);
  return error;
}

/** Temporary files and backups that are there must have been named. */
function checkLeftovers(machine: MemoryRuntime, row: Row, outcome: FaultOutcome<MemoryRuntime>, before: Told): void {
  const { result } = outcome;
  const told = "error" in result ? errorsOf(result.error) : [result.value];
  if (told.some((each) => LockError.is(each) && each.targetState === "unknown")) return;
  const named = told.flatMap((each) =>
    (typeof each === "object" && each !== null ? Reflect.get(each, "leftBehind") ?? [] : []) as readonly string[]
  );
  const known = new Set([
    ...named.map(plainPath),
    ...temporaryFiles(before.machine),
    ...Object.keys(before.machine.files()),
  ]);
  const left = temporaryFiles(machine).map((path) => path.replace(/\/$/, "")).filter((path) => !known.has(path));
  assertEquals(left.filter((path) => !isInLock(path)), [], "left behind and not named");
  if (!("error" in result) || !FileError.is(result.error) || result.error.targetState !== "unchanged") return;
  if (row.backups === undefined || before.facts.length > 0) return;
  // A name that leads to the present file is no earlier version: nothing counts or restores it.
  const { path, directory } = row.backups;
  const listed = runSync(() => wait(syncApi.listBackups(path, { backupDirectory: directory, runtime: machine })));
  const backups = listed.map((backup) => backup.path).filter((path) => !known.has(path));
  assertEquals(backups, [], "a backup of a write that failed, not named");
}

const isInLock = (path: string): boolean => /\.lock\.[a-z2-7]{26}\./.test(path) && isTemporary(path);

/** How many disks are looked at after each fault. */
const mostStates = 200;

/** What was told to be durable is so on every disk that may be found now. */
function checkDurable(row: Row, { machine, facts }: Pick<Told, "machine" | "facts">): void {
  if (facts.length === 0) return;
  const states = crashStates(machine, { volatile: (path) => path.endsWith(".lock") });
  const few = states.count <= mostStates ? states : Array.from({ length: 20 }, (_, seed) => states.sample(seed, 1));
  for (const state of few) checkDisk(state.start(), row, facts, "power cut");
}

/** The row, less what the caller was told that he does not get. */
function asTold(row: Row, { faulty, fault, result }: FaultOutcome<MemoryRuntime>, facts: readonly Acknowledged[]): Row {
  const { struck } = faulty;
  // Content that cannot be read cannot be seen to be equal: then it is written, with what a new file gets.
  const unread = row.equal === true && struck !== undefined && ["open", "stat", "read"].includes(struck.method);
  const isMetadata = struck !== undefined && ["setOwner", "setMode"].includes(struck.method);
  const once = fault?.times !== "always";
  // Of a write that has succeeded: its lock may not be given back, and then the error says what was lost.
  const isDone = "value" in result || LockError.is(result.error);
  const contentOnly = isMetadata && !(once && struck.path.endsWith(".lock")) && isDone;
  // A copy made for a backup may lose its owner as well; what it loses is not told.
  const isTold = row.backups === undefined && row.files.length === 1;
  const answer = "value" in result ? result.value : result.error;
  const isChange = LockError.is(answer) ? answer.targetState === "replaced" : once;
  if (contentOnly && isChange && isTold && typeof answer === "object" && answer !== null) {
    const lost: unknown = Reflect.get(answer, "lost");
    assert(Array.isArray(lost) && lost.some((what) => ["owner", "group", "mode"].includes(what)), "told what was lost");
  }
  const nameless = facts.some(({ durability }) => durability === "file");
  // Content that was only put into order, under a name that could not be: nothing of it is certain.
  const unordered = nameless && row.machine.capabilities?.barrierSync === true;
  // A copy made for a backup is reported as unsynced by no result.
  const unsyncedCopy = struck?.method === "sync" && row.machine.disk?.hardLinks === false && isDone;
  const torn = row.torn === true || unordered || unsyncedCopy || facts.some(({ durability }) => durability === "none");
  // Where names are not durable, those of backups are not, and what they made obsolete is gone all the same.
  const backups = row.backups !== undefined && nameless ? { ...row.backups, before: [], afterwards: [] } : row.backups;
  return { ...row, contentOnly: contentOnly || unread, torn, ...backups === undefined ? {} : { backups } };
}

/** Whether what was acknowledged can be held against the disk. */
function isPromised(row: Row, { faulty: { struck }, fault }: FaultOutcome<MemoryRuntime>): boolean {
  // Whoever is not told what was reached is promised nothing where a sync is not to be had.
  if (row.untold === true && (struck?.method === "sync" || struck?.method === "openDirectory")) return false;
  // A sync without room fails for its own file; the simulated disk loses what others have changed as well.
  const isFull = fault?.error === "ENOSPC" || fault?.error === "EDQUOT";
  return row.concurrent !== true || struck?.method !== "sync" || !isFull;
}

function* checkOutcome(
  given: Row,
  outcome: FaultOutcome<MemoryRuntime>,
  told: Told,
  before: Told,
  aggravation: Aggravation,
): Operation<void> {
  const { machine, faulty, fault, result } = outcome;
  const facts = isPromised(given, outcome) ? told.facts : [];
  const row = asTold(given, outcome, facts);
  assertEquals([machine.openHandles, faulty.openHandles], [[], []], "open handles");
  checkTables();
  checkLocks(machine);
  checkDisk(machine, row, facts, "kill");
  if ("error" in result && row.concurrent === true) checkErrors(faulty, result.error);
  else if ("error" in result) {
    const error = yield* checkError(outcome, row, result.error, told, aggravation);
    checkTargetState(machine, row, error, facts);
    // One that takes the place of a result names what the result would have named, which has no reasons.
    const isReasoned = error.leftBehind.length === 0 || error.cleanupErrors.length > 0;
    assert(isReasoned || (LockError.is(error) && error.targetState === "replaced"), "what is left behind has a reason");
    assert(error.code === row.refused || fault !== undefined || aggravation.always !== undefined, String(error));
  } else {
    for (const file of notEmpty(row.files)) {
      if (row.refused === undefined && !row.contentOnly) {
        assertEquals(versionAt(machine, file.path), lastVersion(file), "success");
      }
    }
  }
  checkLeftovers(machine, row, outcome, before);
  checkDurable(row, { machine, facts });
  // After a failed sync equal content is not trusted but written, with what a new file gets.
  const isDistrusted = row.equal === true && faulty.struck?.method === "sync";
  yield* checkRetry(isDistrusted ? { ...row, contentOnly: true } : row, machine, result);
}

function* checkRetry(row: Row, machine: MemoryRuntime, result: FaultOutcome<MemoryRuntime>["result"]): Operation<void> {
  // What is done already may be refused, and what is removed for good may be gone.
  const before = stateOf(machine, row);
  try {
    yield* again(row, machine);
  } catch (error) {
    throw new Error(`a plain repetition afterwards fails: ${error}\nbefore it: ${JSON.stringify(before)}`, {
      cause: "error" in result ? result.error : error,
    });
  }
}

function machineFor(row: Row, api: Api): MemoryRuntime {
  const machine = memoryRuntime({ ...row.machine, delay: api.name === "async" ? "every" : "none" });
  machine.syncAll();
  return machine;
}

type Times = FaultSweep<MemoryRuntime>["times"];

function sweepOf(row: Row, api: Api, aggravation: Aggravation, times?: Times): FaultSweep<MemoryRuntime> {
  const before: Told = { facts: [], machine: machineFor(row, api) };
  let told: Told = before;
  const aggravated = (runtime: Runtime): Runtime => {
    const { always } = aggravation;
    if (always === undefined) return runtime;
    const at = ({ method }: SeamCall, index: number) => {
      if (method === always.method) told.aggravatedAt ??= index;
      return method === always.method;
    };
    return faultRuntime(runtime, { at, error: always.error, times: "always" }).runtime;
  };
  return {
    ...times === undefined ? {} : { times },
    make: () => {
      told = { facts: [], machine: machineFor(row, api) };
      return told.machine;
    },
    operation: (runtime) =>
      api.drive(() => row.run({ api, runtime: aggravated(runtime), acknowledge: (fact) => told.facts.push(fact) })),
    check: (outcome) =>
      (row.only === "async" ? run : runSync)(() => checkOutcome(row, outcome, told, before, aggravation)),
  };
}

/** Sweeps the faults of a row, driven one way; `times`: once, from then on always, or both (default). */
export function sweepRow(
  row: Row,
  api: Api,
  aggravation: Aggravation = { name: "alone" },
  times?: Times,
): Promise<FaultSweepReport> {
  return run(function* () {
    const sweep = sweepOf(row, api, aggravation, times);
    try {
      return api.name === "sync" ? sweepFaultsSync(sweep) : yield* wait(sweepFaults(sweep));
    } catch (error) {
      throw new Error(`${row.name} (${api.name}, ${aggravation.name}): ${(error as Error).message}`, { cause: error });
    }
  });
}

/** The drivers of a row. */
export function driversOf(row: Row): Api[] {
  return [syncApi, asyncApi].filter(({ name }) => (row.only ?? name) === name);
}

/** Sweeps the lost answers of a row; how many there were. */
export async function sweepLostAnswers(row: Row, effect: "done" | "hidden"): Promise<number> {
  const [api = syncApi] = driversOf(row);
  try {
    return await run(() => loseAnswers(sweepOf(row, api, { name: `lost answers, ${effect}` }), effect));
  } catch (error) {
    throw new Error(`${row.name}: ${(error as Error).message}`, { cause: error });
  }
}
