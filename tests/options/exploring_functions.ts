/** The functions of `./testing` that explore, let fail and trace, and the rows of each. */
import {
  assertSurvives,
  type CrashReport,
  crashStates,
  exploreCrashes,
  exploreCrashesSync,
  exploreSchedules,
  type Fault,
  faultRuntime,
  type FaultSweepReport,
  type MemoryRuntime,
  memoryRuntime,
  type Runtime,
  type ScheduleReport,
  sweepFaults,
  sweepFaultsSync,
  traceRuntime,
} from "../../src/testing/mod.ts";
import { bytes, make, makeSynced } from "./machine_files.ts";
import type { OptionRow, Seen } from "./option_row.ts";
import type { Tested } from "./tested_function.ts";
import { signalRow } from "./write_rows.ts";

const refuses = (): never => {
  throw new Error("refused");
};
/** Not to be found on any disk that is checked. */
const forbidden = "/forbidden";
const checks = (machine: MemoryRuntime): void => {
  if (machine.statusOf(forbidden) !== undefined) refuses();
};

const crash = ({ value }: Seen): CrashReport => value as CrashReport;
const isViolated = ({ value }: Seen): boolean => (value as CrashReport | ScheduleReport).violations.length > 0;
const states = ({ value }: Seen): number => (value as CrashReport | ScheduleReport).states;
const stateRows = (all: number, [sectors, pieces, kept]: readonly [number, number, number]): OptionRow[] => [
  { option: "sectorSize", value: 4_096, base: { pieces: 3 }, see: states, without: all, with: sectors },
  { option: "pieces", value: 1, base: { sectorSize: 512 }, see: states, without: all, with: pieces },
  { option: "volatile", value: () => true, base: { pieces: 3 }, see: states, without: all, with: kept },
];
const plant = (machine: MemoryRuntime): void => machine.put(forbidden);
/** What an exploration can be made to check that it must not find. */
const plantingRows: OptionRow[] = [
  { option: "machine", value: { files: { [forbidden]: "" } }, see: isViolated, without: false, with: true },
  { option: "setup", value: plant, see: isViolated, without: false, with: true },
  { option: "recover", value: plant, see: isViolated, without: false, with: true },
];

const crashes: Tested = {
  called: {
    name: "exploreCrashes",
    exports: ["exploreCrashes", "exploreCrashesSync"],
    bound: true,
    needed: { run: (machine: MemoryRuntime) => makeSynced(machine, "/a"), check: checks },
    call: (_scene, options, synchronous) =>
      (synchronous ? exploreCrashesSync : exploreCrashes)(options as unknown as Parameters<typeof exploreCrashes>[0]),
  },
  rows: [
    ...plantingRows,
    { option: "limit", value: 2, see: (seen) => crash(seen).exhaustive, without: true, with: false },
    {
      option: "seed",
      value: 7,
      base: { check: refuses },
      see: (seen) => crash(seen).violations[0]?.seed,
      without: 1,
      with: 7,
    },
    { option: "modes", value: ["kill"], see: states, without: 16, with: 4 },
    { option: "fraction", value: 0.2, see: (seen) => crash(seen).exhaustive, without: true, with: false },
    {
      option: "stopAfter",
      value: 1,
      base: { check: refuses },
      see: (seen) => crash(seen).violations.length,
      without: 10,
      with: 1,
    },
    signalRow,
    ...stateRows(16, [8, 4, 2]),
  ],
};

const statesOf: Tested = {
  called: {
    name: "crashStates",
    exports: ["crashStates"],
    bound: true,
    call({ machine }, options) {
      make(machine, "/d/new").close();
      return { states: crashStates(machine, options).count };
    },
  },
  rows: stateRows(16, [8, 4, 2]),
};

/** What becomes of three writes: how many bytes, or the code. */
function threeWrites(scene: { machine: MemoryRuntime }, fault: Fault): unknown[] {
  const { runtime } = faultRuntime(scene.machine, fault);
  const file = runtime.syncFileSystem.create("/d/f", 0o644);
  if (!("write" in file)) throw new Error("/d/f is there already");
  const told = [1, 2, 3].map(() => {
    try {
      return file.write(bytes(5));
    } catch (error) {
      return (error as { code: string }).code;
    }
  });
  return [...told, scene.machine.statusOf("/d/f")?.size];
}

const faults: Tested = {
  called: {
    name: "faultRuntime",
    exports: ["faultRuntime"],
    bound: true,
    needed: { at: ({ method }: { method: string }) => method === "write", error: "EIO" },
    call: (scene, options) => threeWrites(scene, options as unknown as Fault),
  },
  rows: [
    {
      option: "times",
      value: "always",
      see: ({ value }) => value,
      without: ["EIO", 5, 5, 10],
      with: ["EIO", "EIO", "EIO", 0],
    },
    { option: "short", value: 2, see: ({ value }) => value, without: ["EIO", 5, 5, 10], with: [2, "EIO", 5, 7] },
    { option: "effect", value: "done", see: ({ value }) => value, without: ["EIO", 5, 5, 10], with: ["EIO", 5, 5, 15] },
  ],
};

const runs = ({ value }: Seen): number => (value as FaultSweepReport).runs;
const sweeps: Tested = {
  called: {
    name: "sweepFaults",
    exports: ["sweepFaults", "sweepFaultsSync"],
    bound: true,
    needed: {
      make: () => memoryRuntime(),
      operation: (runtime: Runtime) => makeSynced(runtime, "/a"),
      check: () => {},
    },
    call: (_scene, options, synchronous) =>
      (synchronous ? sweepFaultsSync : sweepFaults)(options as unknown as Parameters<typeof sweepFaults>[0]),
  },
  rows: [
    { option: "errors", value: ["EIO"], see: runs, without: 40, with: 12 },
    { option: "times", value: ["once"], see: runs, without: 40, with: 20 },
    { option: "short", value: [], see: runs, without: 40, with: 36 },
    signalRow,
  ],
};

const random = "a".repeat(26);
const tracing: Tested = {
  called: {
    name: "traceRuntime",
    exports: ["traceRuntime"],
    bound: true,
    call({ machine }, options) {
      const { runtime, trace } = traceRuntime(machine, options);
      runtime.syncFileSystem.linkStat(`/d/.a.${random}.tmp`);
      runtime.syncFileSystem.makeDirectory("/d/x", 0o755);
      return trace;
    },
  },
  rows: [
    {
      option: "base",
      value: "/d",
      see: ({ value }) => value,
      without: ["linkStat /d/.a.<random>.tmp = none", "makeDirectory /d/x 0755"],
      with: ["linkStat .a.<random>.tmp = none", "makeDirectory x 0755"],
    },
    {
      option: "random",
      value: false,
      see: ({ value }) => value,
      without: ["linkStat /d/.a.<random>.tmp = none", "makeDirectory /d/x 0755"],
      with: [`linkStat /d/.a.${random}.tmp = none`, "makeDirectory /d/x 0755"],
    },
    {
      option: "only",
      value: (method: string) => method !== "linkStat",
      see: ({ value }) => value,
      without: ["linkStat /d/.a.<random>.tmp = none", "makeDirectory /d/x 0755"],
      with: ["makeDirectory /d/x 0755"],
    },
  ],
};

const report = ({ value }: Seen): ScheduleReport => value as ScheduleReport;
/** Two that replace one file, each by its own. */
const together = ["/a", "/b"].map((path) => async ({ fileSystem }: Runtime) => {
  const file = await fileSystem.create(path, 0o644);
  if (!("write" in file)) throw new Error(`${path} is there already`);
  await file.write(bytes(3_000));
  await file.sync("full");
  await file.close();
  await fileSystem.rename(path, "/c");
});

/** A recovery that changes the disk, once. */
async function makeOnce({ fileSystem }: Runtime): Promise<void> {
  if (await fileSystem.linkStat("/recovered") !== undefined) return;
  await (await fileSystem.create("/recovered", 0o644)).close();
}

const schedules: Tested = {
  called: {
    name: "exploreSchedules",
    exports: ["exploreSchedules"],
    bound: true,
    needed: { together, check: checks },
    call: (_scene, options) => exploreSchedules(options as unknown as Parameters<typeof exploreSchedules>[0]),
  },
  rows: [
    ...plantingRows,
    { option: "watch", value: refuses, see: isViolated, without: false, with: true },
    { option: "ended", value: refuses, see: isViolated, without: false, with: true },
    {
      option: "processes",
      value: "each",
      base: {
        ended: ({ processes }: { processes: unknown[] }) => {
          if (processes.length > 1) refuses();
        },
      },
      see: isViolated,
      without: false,
      with: true,
    },
    { option: "preemptions", value: 0, see: (seen) => report(seen).orders, without: 144, with: 25 },
    { option: "faults", value: "none", see: (seen) => report(seen).faults, without: 2, with: 0 },
    { option: "limit", value: 1, see: (seen) => report(seen).exhaustive, without: true, with: false },
    { option: "samples", value: 0, see: (seen) => report(seen).orders, without: 144, with: 132 },
    {
      option: "recoveryDisks",
      value: 0,
      base: { recover: makeOnce },
      see: (seen) => report(seen).recoveryStates,
      without: 94,
      with: 0,
    },
    { option: "disks", value: 1, see: (seen) => report(seen).exhaustive, without: true, with: false },
    {
      option: "seed",
      value: 7,
      base: { ended: refuses },
      see: (seen) => report(seen).violations[0]?.seed,
      without: 1,
      with: 7,
    },
    {
      option: "stopAfter",
      value: 2,
      base: { ended: refuses },
      see: (seen) => report(seen).violations.length,
      without: 1,
      with: 2,
    },
    { option: "schedule", value: "A1", see: (seen) => report(seen).orders, without: 144, with: 1 },
    signalRow,
    // Where nothing is said, a write is torn in two here.
    ...stateRows(129, [94, 46, 25]).map((row) => row.option === "pieces" ? { ...row, without: 94 } : row),
  ],
};

const asserting: Tested = {
  called: {
    name: "assertSurvives",
    exports: ["assertSurvives"],
    bound: true,
    call: (_scene, options) => {
      const run = (machine: MemoryRuntime) => makeSynced(machine, "/a");
      assertSurvives(exploreCrashesSync({ run, check: checks, limit: 1 }), options);
    },
  },
  rows: [{
    option: "exhaustive",
    value: true,
    see: ({ code }) => code?.split(":")[0],
    without: undefined,
    with: "Only a sample was explored",
  }],
};

/** What works on machines. */
export const exploringFunctions: readonly Tested[] = [
  crashes,
  statesOf,
  faults,
  sweeps,
  tracing,
  schedules,
  asserting,
];
