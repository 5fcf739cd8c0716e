/**
 * What the disk of a simulated machine may hold if the power failed now: for tests that want to look at the states
 * themselves. `exploreCrashes` is built from the same parts.
 */
import { readGiven } from "../../core/operation.ts";
import { OutOfRange } from "../../core/errors.ts";
import { type CrashedDisk, CrashSpace } from "./crash_space.ts";
import { Machine, type MachinePast } from "../machine/machine.ts";
import type { MemoryRuntime } from "../machine/memory_options.ts";
import { picture } from "../machine/picture.ts";
import { SeededRandom } from "../random.ts";
import { Settlement } from "./settlement.ts";
import { partsOf, SimulatedProcess } from "../machine/simulated_process.ts";
import { crashStateOptions } from "../testing_options.ts";

/** How finely states are distinguished; as in `exploreCrashes`. */
export interface CrashStateOptions {
  /** Bytes that reach the medium together. Default 512. */
  sectorSize?: number;
  /** In how many pieces, at sector boundaries, a write may be torn. Default 3. */
  pieces?: number;
  /** Files whose content makes no difference. */
  volatile?: (path: string) => boolean;
}

/** A disk that may be found. */
export interface CrashState {
  /** The disk: a line for each name. */
  readonly picture: string;
  /** A machine that starts on it. Each call starts another one. */
  start(): MemoryRuntime;
}

/** All disks that may be found. */
export interface CrashStates extends Iterable<CrashState> {
  /** How many there are; Infinity when there are too many to list. Iterating then throws a RangeError. */
  readonly count: number;
  /** One by chance. Each change is lost with probability `loss`: 0 keeps all, 1 loses all that was not synced. */
  sample(seed: number, loss?: number): CrashState;
}

/**
 * The disks that may be found if the power failed now. What happens to the machine afterwards does not change them.
 *
 * @example
 * ```ts
 * import { crashStates, memoryRuntime } from "@durable/atomic-write/testing";
 *
 * const machine = memoryRuntime();
 * machine.syncFileSystem.create("/a", 0o644).close(); // neither file nor directory is synced
 * console.log(crashStates(machine).count); // 2: there, and not there
 * ```
 */
export function crashStates(runtime: MemoryRuntime, options: CrashStateOptions = {}): CrashStates {
  const { sectorSize = 512, pieces = 3, volatile } = readGiven(() => crashStateOptions(options));
  const { machine, record } = readGiven(() => partsOf(runtime));
  const space = new CrashSpace(machine.disk.snapshot(), machine.plan, new Settlement({ sectorSize, pieces }), volatile);
  const past: MachinePast = {
    starts: machine.starts,
    lives: machine.lives,
    now: machine.scheduler.now(),
    end: "power cut",
  };
  const stateOf = (disk: CrashedDisk): CrashState => {
    const start = () => new SimulatedProcess(new Machine(machine.plan, disk.image(), past), record);
    return {
      get picture() {
        return picture(partsOf(start()).machine);
      },
      start,
    };
  };
  function* disks(): Generator<CrashedDisk> {
    if (space.count === Infinity) throw new OutOfRange("There are too many states to list: use sample");
    if (!space.repeats) return yield* space.disks();
    const seen = new Set<string>();
    for (const disk of space.disks()) {
      if (!seen.has(disk.key)) yield disk;
      seen.add(disk.key);
    }
  }
  return {
    get count() {
      return space.repeats && space.count < Infinity ? [...disks()].length : space.count;
    },
    *[Symbol.iterator]() {
      for (const disk of disks()) yield stateOf(disk);
    },
    sample: (seed, loss = 0.5) => stateOf(space.chance(new SeededRandom(seed), loss)),
  };
}
