/** Mistakes in the command: statuses, messages, input, signals. */
import type { Mutant } from "./mutant.ts";

const statuses = ["tests/cli/exit_status_test.ts", "tests/cli/failures_test.ts"];
const statusesAndWrite = ["tests/cli/exit_status_test.ts", "tests/cli/input_test.ts"];
const input = ["tests/cli/input_test.ts"];
const signals = ["tests/cli/signals_test.ts"];
const output = ["tests/cli/output_test.ts"];
const write = ["tests/cli/write_test.ts"];

export const commandMutants: readonly Mutant[] = [
  {
    name: "a file name drives the terminal",
    file: "src/core/quotation.ts",
    from: `return text.replace(drivingInText, escaped);`,
    to: `return text;`,
    tests: ["tests/cli/shown_test.ts"],
  },
  {
    name: "a conflict ends with the status of an error of the disk",
    file: "src/cli/exit_status.ts",
    from: `  [ConflictError.is, exitStatus.conflict],
`,
    to: ``,
    tests: statuses,
  },
  {
    name: "a lock that was not free in time ends with another status than flock's",
    file: "src/cli/exit_status.ts",
    from: `notInTime: 1,`,
    to: `notInTime: 75,`,
    tests: statuses,
  },
  {
    name: "a transaction that was rolled back ends as one that was not",
    file: "src/cli/exit_status.ts",
    from: `  [(error) => ActivationError.is(error) && error.targetState === "unchanged", exitStatus.rolledBack],
`,
    to: ``,
    tests: statuses,
  },
  {
    name: "an unknown code is an internal error",
    file: "src/cli/exit_status.ts",
    from: `return statusOfCode[code] ?? exitStatus.inputOutput;`,
    to: `return statusOfCode[code] ?? exitStatus.internal;`,
    tests: statuses,
  },
  {
    name: "a missing input is a file that cannot be created",
    file: "src/cli/exit_status.ts",
    from: `if (inputSteps.has(error.step) && unreadable.has(error.code)) return exitStatus.noInput;`,
    to: `if (inputSteps.has(error.step) && unreadable.size === 0) return exitStatus.noInput;`,
    tests: statuses,
  },
  {
    name: "an interruption has no signal",
    file: "src/cli/failure.ts",
    from: `return failure(exitStatus.done, details, { lines, signal });
  }`,
    to: `return failure(exitStatus.done, details, { lines });
  }`,
    tests: statuses,
  },
  {
    name: "files that are left behind are not reported",
    file: "src/cli/failure.ts",
    from: `    ...leftBehind.map((name) => \`left behind: \${JSON.stringify(name)}\`),
`,
    to: ``,
    tests: statuses,
  },
  {
    name: "an error names no hint",
    file: "src/cli/failure.ts",
    from: `const hint = error.hint === undefined ? [] :`,
    to: `const hint = error.hint !== undefined ? [] :`,
    tests: statusesAndWrite,
  },
  {
    name: "empty input is taken",
    file: "src/cli/input.ts",
    from: `    if (chunk === undefined && last === undefined && !(rules.allowEmpty && checker === undefined)) {`,
    to: `    if (chunk === undefined && last === undefined && checker !== undefined) {`,
    tests: input,
  },
  {
    name: "JSON that ends too early is taken",
    file: "src/cli/input.ts",
    from: `chunk === undefined ? checker?.end() : checker?.write(chunk)`,
    to: `chunk === undefined ? undefined : checker?.write(chunk)`,
    tests: input,
  },
  {
    name: "a newline is added where there is one",
    file: "src/cli/input.ts",
    from: `last !== undefined && last !== lineFeed) yield`,
    to: `last !== undefined) yield`,
    tests: write,
  },
  {
    name: "input that was read is overwritten by what comes next",
    file: "src/cli/input.ts",
    from: `chunks.push(new Uint8Array(value));`,
    to: `chunks.push(value);`,
    tests: input,
  },
  {
    name: "a signal does not end the command's work",
    file: "src/cli/interruption.ts",
    from: `  host.onSignal((signal) => controller.abort(new Interrupted(attempt, path, signal)));
`,
    to: `  host.onSignal((signal) => void new Interrupted(attempt, path, signal));
`,
    tests: signals,
  },
  {
    name: "a command that was interrupted exits with 0",
    file: "src/cli/main.ts",
    from: `  if (end.signal !== undefined) return await host.endBySignal(end.signal);
`,
    to: ``,
    tests: signals,
  },
  {
    name: "a result that cannot be printed is a success",
    file: "src/cli/main.ts",
    from: `return { status: status === exitStatus.done ? printed : status,`,
    to: `return { status,`,
    tests: output,
  },
  {
    name: "a reader of the output that has gone away makes a change fail",
    file: "src/cli/main.ts",
    from: `return changing ? exitStatus.done : 128`,
    to: `return changing ? 141 : 128`,
    tests: output,
  },
  {
    name: "an error is missing from the JSON output",
    file: "src/cli/main.ts",
    from: `  if (asksForJson(host.arguments)) print(`,
    to: `  if (!asksForJson(host.arguments)) print(`,
    tests: output,
  },
  {
    name: "a misplaced command becomes a file",
    file: "src/cli/main.ts",
    from: `  if (file === misplaced) throw`,
    to: `  if (file === misplaced && args.length > 99) throw`,
    tests: write,
  },
  {
    name: "a lower durability than requested is not reported",
    file: "src/cli/results.ts",
    from: `  return reached === (wanted ?? "full") ? [] : [`,
    to: `  return reached !== (wanted ?? "full") ? [] : [`,
    tests: write,
  },
  {
    name: "--create replaces a file",
    file: "src/cli/results.ts",
    from: `    ...create ? { ifExists: "fail" } : {},
`,
    to: ``,
    tests: write,
  },
  {
    name: "the line of progress shows a file's name as it is",
    file: "src/cli/progress.ts",
    from: `const title = shownLine(this.#title);`,
    to: `const title = this.#title;`,
    tests: ["tests/cli/progress_test.ts"],
  },
  {
    name: "lines on standard output show what drives a terminal",
    file: "src/cli/main.ts",
    from: `outcome.isColoured ? line : shownText(line)`,
    to: `line`,
    tests: ["tests/cli/shown_test.ts"],
  },
  {
    name: "options are recommended that the command does not have",
    file: "src/cli/failure.ts",
    from: `  option === undefined || options === undefined || Object.hasOwn(options, option);`,
    to: `  option === undefined || options === undefined || option !== "";`,
    tests: ["tests/cli/failures_test.ts"],
  },
];
