/**
 * The one run of what is to survive, recorded: `setup` on a new machine, then `run`, whose every call the recorder sees.
 *
 * A run that leaves anything behind is an error, not a report: what comes after its end was never cut off. So is one that
 * has not touched the machine.
 */
import type { Awaitable, Operation } from "../../core/operation.ts";
import type { MemoryOptions, MemoryRuntime } from "../machine/memory_options.ts";
import { startMachine } from "../machine/memory_file_system.ts";
import { partsOf, type ProcessParts } from "../machine/simulated_process.ts";
import { callOn, type Mistakes } from "../mistakes.ts";
import { isPromiseLike } from "../option_readers.ts";
import { nothingExplored, nothingReached } from "../nothing_explored.ts";
import { CrashRecorder } from "./crash_recorder.ts";

/** What a run is made of. */
interface RunParts {
  readonly options: {
    readonly machine?: MemoryOptions;
    readonly setup?: (runtime: MemoryRuntime) => Awaitable<unknown>;
    readonly run: (runtime: MemoryRuntime, acknowledge: (fact: unknown) => void) => Awaitable<unknown>;
  };
  readonly seed: number;
  readonly synchronous: boolean;
  readonly mistakes: Mistakes;
}

/** A run that has ended: what was recorded of it, on which machine, by which process. */
interface RecordedRun extends ProcessParts {
  readonly recorder: CrashRecorder;
}

/** Prepares a machine, and runs on it. */
export function* recordRun(parts: RunParts): Operation<RecordedRun> {
  const recorder = new CrashRecorder();
  const runtime = yield* prepare(parts, recorder);
  yield* record(parts, runtime, recorder);
  return { recorder, ...partsOf(runtime) };
}

/** The process that `run` is given. */
function* prepare({ options, seed, synchronous, mistakes }: RunParts, recorder: CrashRecorder) {
  const { setup, machine: machineOptions = {} } = options;
  const first = startMachine({ seed, ...machineOptions }, recorder.around);
  const { machine } = partsOf(first);
  if (setup !== undefined) {
    yield* callOn(first, synchronous, () => setup(first), () => {
      // What `setup` left open or locked, and what it knows, ends with its process.
      first.kill();
      machine.end(() => mistakes.late("setup"));
    });
    mistakes.throwFirst();
  }
  first.syncAll();
  return setup === undefined ? first : first.fork();
}

function* record(parts: RunParts, runtime: MemoryRuntime, recorder: CrashRecorder): Operation<void> {
  const { options: { run }, synchronous, mistakes } = parts;
  const { machine } = partsOf(runtime);
  let over = false;
  const acknowledge = (fact: unknown) => {
    if (over) throw mistakes.late("run");
    mistakes.requireFact(fact);
    recorder.acknowledge(fact);
  };
  const end = () => {
    over = true;
    recorder.stop();
    machine.end(() => mistakes.late("run"));
  };
  let refused = false;
  const begin = () => {
    const returned = run(runtime, acknowledge);
    // The error will be that it cannot be waited for.
    refused = synchronous && isPromiseLike(returned);
    return returned;
  };
  recorder.start(machine);
  try {
    yield* callOn(runtime, synchronous, begin, end);
  } catch (error) {
    mistakes.throwFirst();
    throw recorder.calls === 0 && !refused ? nothingReached("run", error) : error;
  }
  mistakes.throwFirst();
  if (recorder.calls === 0) throw nothingExplored("run");
}
