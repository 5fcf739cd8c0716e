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
    from: `directories ? path.replace(/(?<=.)\\/+$/, "") : path;`,
    to: `path;`,
    tests: ["tests/lock/directories_test.ts"],
  },
];
