/** Mistakes in what stands in for other packages, and in the kit for other people's code. */
import type { Mutant } from "./mutant.ts";

export const dropInMutants: readonly Mutant[] = [
  {
    name: "a mode that compat may not set is an error, as in a write",
    file: "src/compat/options.ts",
    from: `modeIfPermitted: true`,
    to: `modeIfPermitted: false`,
    tests: ["tests/compat_test.ts"],
  },
  {
    name: "compat reads a mode in a string as a decimal number",
    file: "src/compat/options.ts",
    from: `Number.parseInt(value, 8)`,
    to: `Number.parseInt(value, 10)`,
    tests: ["tests/compat_test.ts"],
  },
  {
    name: "what checks a disk is not on the explored machine",
    file: "src/testing/crash/crash_explorer.ts",
    from: `withRuntime(runtime, () => check(runtime, facts))`,
    to: `check(runtime, facts)`,
    tests: ["tests/testing/ambient_test.ts"],
  },
  {
    name: "a check that returns false has passed",
    file: "src/testing/mistakes.ts",
    from: `if (verdict === undefined) return;`,
    to: `if (verdict === undefined || verdict === false) return;`,
    tests: ["tests/testing/mistakes_test.ts"],
  },
  {
    name: "an exploration does not wait for what its run has not awaited",
    file: "src/testing/mistakes.ts",
    from: `    await untilPendingShows();
    return value;`,
    to: `    return value;`,
    tests: ["tests/testing/mistakes_test.ts"],
  },
  {
    name: "calls of a run that has ended are made",
    file: "src/testing/crash/crash_run.ts",
    from: `    machine.end(() => mistakes.late("run"));`,
    to: ``,
    tests: ["tests/testing/mistakes_test.ts"],
  },
  {
    name: "calls may still be pending when all operations have ended",
    file: "src/testing/schedules/order_run.ts",
    from: `if (over) this.#parts`,
    to: `if (!over) this.#parts`,
    tests: ["tests/testing/mistakes_test.ts"],
  },
  {
    name: "a sweep runs on what its earlier runs have left",
    file: "src/testing/faults/sweep_faults.ts",
    from: `    this.#used.add(behind);`,
    to: ``,
    tests: ["tests/testing/wrong_arguments_test.ts"],
  },
  {
    name: "processes of one machine count as machines of their own",
    file: "src/testing/machine/simulated_process.ts",
    from: `parts.get(runtime as MemoryRuntime)?.machine ?? runtime`,
    to: `runtime`,
    tests: ["tests/testing/wrong_arguments_test.ts"],
  },
  {
    name: "what a path leads to makes no difference to the order of steps",
    file: "src/testing/schedules/order_calls.ts",
    from: `      this.hidden.push(...found(inode));`,
    to: ``,
    tests: ["tests/testing/independent_steps_test.ts"],
  },
  {
    name: "what is acknowledged makes no difference to the order of steps",
    file: "src/testing/schedules/order_moments.ts",
    from: `touches.push(everyFact)`,
    to: `void everyFact`,
    tests: ["tests/testing/independent_steps_test.ts"],
  },
  {
    name: "a schedule that does not fit is made to",
    file: "src/testing/schedules/schedule_explorer.ts",
    from: `if (taken < choices.length) throw`,
    to: `if (taken > choices.length) throw`,
    tests: ["tests/testing/wrong_arguments_test.ts"],
  },
  {
    name: "assertSurvives accepts what did not survive",
    file: "src/testing/assert_survives.ts",
    from: `if (first === undefined && (report`,
    to: `if ((report`,
    tests: ["tests/testing/ambient_test.ts"],
  },
  {
    name: "a simulated file that could not be emptied stays open",
    file: "src/testing/fs/descriptors.ts",
    from: `      yield* wait(file.close());
`,
    to: `      yield* wait(file.stat());
`,
    tests: ["tests/testing/simulated_fs_test.ts"],
  },
  {
    name: "an append through the simulated fs writes where the descriptor stands",
    file: "src/testing/fs/descriptors.ts",
    from: `const position = descriptor.append ?`,
    to: `const position = descriptor.append && at === undefined ?`,
    tests: ["tests/testing/simulated_fs_test.ts"],
  },
  {
    name: "a directory cannot be locked",
    file: "src/lock/with_lock.ts",
    from: `plan: { ...plan, directories: true } };`,
    to: `plan };`,
    tests: ["tests/lock/directories_test.ts"],
  },
  {
    name: "what changes a file locks a directory before it refuses it",
    file: "src/lock/lock.ts",
    from: `lockDirectory: home, directories: plan.directories === true, attempt`,
    to: `lockDirectory: home, directories: true, attempt`,
    tests: ["tests/lock/directories_test.ts"],
  },
  {
    name: "a directory that is named with a slash cannot be locked",
    file: "src/lock/lock_place.ts",
    from: `directories ? withoutTrailingSeparators(path, engine.capabilities.pathStyle) : path;`,
    to: `path;`,
    tests: ["tests/lock/directories_test.ts"],
  },
];
