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
];
