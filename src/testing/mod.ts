/**
 * Tools to prove that code which writes files survives: a whole machine in memory, calls that fail on purpose, traces,
 * and every disk that a power cut may leave.
 *
 * - {@linkcode memoryRuntime}: a machine in memory that distinguishes what is safely on disk from what only programs
 * see.
 * - {@linkcode exploreCrashes}, {@linkcode exploreCrashesSync}: cuts the power after every call, and tries every disk that
 *   may be found then. {@linkcode crashStates}: those disks, to look at.
 * - {@linkcode faultRuntime}: lets the Nth call fail. {@linkcode sweepFaults}, {@linkcode sweepFaultsSync}: every call once.
 * - {@linkcode exploreSchedules}: several operations at once, in every order of their steps, with calls failing and the
 *   power cut.
 * - {@linkcode traceRuntime}: writes down what a protocol does.
 * - {@linkcode simulatedFs}: `node:fs` on that machine, for code that knows nothing of all this.
 * - {@linkcode assertSurvives}: a report as an assertion. docs/testing.md shows all of it in vitest, node:test, Deno, Bun.
 *
 * In the callbacks of an exploration, every function of this package and of `simulatedFs()` works on the explored machine.
 * Elsewhere, they take a machine as their option `runtime`, or are called in {@linkcode withRuntime}.
 *
 * What is simulated is the weakest disk that POSIX allows. What is not synced may be lost, kept or torn, each change
 * independently of all others; what is synced stays. Not simulated: hardware that loses what it has confirmed, blocks of
 * removed files that come up in others, content that comes back changed.
 *
 * @example A save function that loses data, and one that is proven
 * ```ts
 * import { writeFileSync } from "@durable/atomic-write";
 * import { exploreCrashesSync, type MemoryRuntime } from "@durable/atomic-write/testing";
 * import assert from "node:assert/strict";
 *
 * // What many programs do: write a temporary file, rename it over the old one.
 * function naiveSave(runtime: MemoryRuntime, text: string) {
 *   const { syncFileSystem: files } = runtime;
 *   const file = files.create("/home/notes.txt.tmp", 0o666);
 *   file.write(new TextEncoder().encode(text));
 *   file.close();
 *   files.rename("/home/notes.txt.tmp", "/home/notes.txt");
 * }
 *
 * function explore(save: (runtime: MemoryRuntime, text: string) => void) {
 *   return exploreCrashesSync({
 *     machine: { files: { "/home/notes.txt": "old notes" } },
 *     run: (runtime, acknowledge) => {
 *       save(runtime, "new notes");
 *       acknowledge("saved"); // from here on, the user relies on it
 *     },
 *     check: (runtime, acknowledged) => {
 *       const text = runtime.readText("/home/notes.txt");
 *       const allowed = acknowledged.includes("saved") ? ["new notes"] : ["old notes", "new notes"];
 *       assert(allowed.includes(text ?? "nothing"), `found ${JSON.stringify(text)}`);
 *     },
 *   });
 * }
 *
 * const naive = explore(naiveSave);
 * console.log(naive.violations[0]?.trace.join("\n")); // create …, write 9, close, rename …, --- power cut ---
 * console.log(naive.violations[0]?.state); // /home/notes.txt 0644 1000:1000 0 bytes ""
 * assert(naive.violations.length > 0);
 *
 * const proven = explore((runtime, text) => writeFileSync("/home/notes.txt", text, { runtime }));
 * assert.deepEqual(proven.violations, []);
 * assert(proven.exhaustive); // every state there is
 * ```
 *
 * @module
 */
export { memoryRuntime } from "./machine/memory_file_system.ts";
export type { MemoryRuntime } from "./machine/memory_options.ts";
export type {
  ForkOptions,
  InitialEntry,
  LosableCall,
  MachineOptions,
  MemoryOptions,
  MountOptions,
  NetworkOptions,
  ProcessOptions,
} from "./machine/memory_options.ts";
export type { MemoryClock } from "./machine/scheduler.ts";
export type { SyncFileSystem, SyncOpenFile } from "./machine/sync_file_system.ts";

export { exploreCrashes, exploreCrashesSync } from "./crash/crash.ts";
export type { CrashMode, CrashOptions, CrashReport, CrashViolation } from "./crash/crash.ts";
export { describeCrashReport } from "./crash/crash_report.ts";
export { crashStates } from "./crash/crash_states.ts";
export type { CrashState, CrashStateOptions, CrashStates } from "./crash/crash_states.ts";

export { faultRuntime } from "./faults/fault_file_system.ts";
export type { Fault, FaultyRuntime } from "./faults/fault_file_system.ts";
export { fittingErrors } from "./faults/fault_codes.ts";
export { sweepFaults, sweepFaultsSync } from "./faults/sweep_faults.ts";
export type { FaultOutcome, FaultSweep, FaultSweepReport } from "./faults/sweep_faults.ts";

export { exploreSchedules } from "./schedules/explore_schedules.ts";
export type {
  ScheduleOptions,
  ScheduleOutcome,
  ScheduleReport,
  ScheduleViolation,
} from "./schedules/explore_schedules.ts";
export type { OperationResult, TogetherOperation } from "./schedules/order_run_parts.ts";
export type { FailedCall, ScheduleFault } from "./schedules/schedule_text.ts";
export { describeScheduleReport } from "./schedules/schedule_report.ts";

export { assertSurvives } from "./assert_survives.ts";
export { simulatedFs, type SimulatedModule } from "./fs/simulated_fs.ts";
export { currentRuntime, withRuntime } from "../runtime/current.ts";

export { traceRuntime } from "./trace_file_system.ts";
export type { TracedRuntime, TraceOptions } from "./trace_file_system.ts";
export type { SeamCall, SeamMethod } from "./faults/intercept.ts";

// The seam itself, for code that is written against it.
export type { Awaitable } from "../core/operation.ts";
export type { PathStyle } from "../core/path.ts";
export type { KernelLock, ProcessFacts, ProcessHost } from "../runtime/process_host.ts";
export type {
  Capabilities,
  Clock,
  DirectoryEntry,
  DirectoryNames,
  EntryKind,
  FileAttributes,
  FileStatus,
  FileSystem,
  FileTimes,
  Hash,
  OpenDirectory,
  OpenFile,
  Runtime,
  SyncLevel,
  SyncReach,
} from "../runtime/runtime.ts";
export { SystemError } from "../runtime/system_error.ts";
