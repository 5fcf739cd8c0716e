/**
 * The test command: `npx -y deno@2.9.6 task test` on a machine that has Node with npm and nothing else.
 *
 * First what is missing is fetched into build/tools, and source and tests are compiled into build/out. Then the suite
 * runs on Deno from the source and on Node and Bun from the compiled JavaScript, and the npm package is built and used:
 * all from one queue, the longest first, so that no processor is idle before the end. Whatever fails is counted and the
 * rest still runs; a runtime that cannot be had is a failure. The last line is `N passed, N failed`, and the exit code
 * is 0 only when nothing failed and something passed.
 */
import { checkTypes } from "./check_types.ts";
import { bundleCommand } from "./npm/bundle.ts";
import { testNpmPackage } from "./npm/section.ts";
import { readOptions, type SectionName, SECTIONS, type TestOptions, USAGE, UsageError } from "./suite/options.ts";
import { add, countLine, type Counts, printFile, printSection } from "./suite/report.ts";
import { expectedWeight } from "./suite/order.ts";
import { type FileResult, runFile, runQueue, type TestRunner } from "./suite/run_files.ts";
import { bunRunner, denoRunner, nodeRunner, type Programs, testEnvironment } from "./suite/runners.ts";
import { attempt, step } from "./suite/step.ts";
import { currentTurn, notDue } from "./suite/turn.ts";
import { prepareBun } from "./toolchain/bun.ts";
import { listFiles, OUT } from "./toolchain/folders.ts";
import { linkFsExt } from "./toolchain/fs_ext.ts";
import { linkKoffi } from "./toolchain/koffi.ts";
import { prepareNode } from "./toolchain/node.ts";
import {
  chooseStandardLibrary,
  denoArguments,
  installForNode,
  runsRealPackages,
} from "./toolchain/standard_library.ts";

/** The test files for a runtime: all, but those below tests/deno, tests/node and tests/bun only there. */
function testFiles(options: TestOptions, runtime: SectionName): string[] {
  const folders = runtime === "deno" ? ["tests", "scripts", "examples"] : ["tests", "examples"];
  return folders.flatMap((folder) => listFiles(folder)).filter((path) => {
    const only = path.match(/^tests\/(deno|node|bun)\//)?.[1];
    const wanted = options.filters.length === 0 || options.filters.some((filter) => path.includes(filter));
    return path.endsWith("_test.ts") && (only ?? runtime) === runtime && wanted;
  });
}

/**
 * Throws where a filter chooses nothing: misspelt, or left behind by a rename, it would pass with less than it says.
 * Several filters may be meant for different runtimes (tests/deno runs on one only), so each must choose a file of any
 * runtime, and all together one of those wanted.
 */
function refuseIdleFilters(options: TestOptions): void {
  const { only, filters } = options;
  const chooses = (some: readonly string[], sections: readonly SectionName[]) =>
    sections.some((name) => name !== "npm" && testFiles({ ...options, filters: some }, name).length > 0);
  for (const filter of filters) {
    if (!chooses([filter], SECTIONS)) throw new UsageError(`--filter=${filter}: no test file has this in its path`);
  }
  if (filters.length > 0 && !chooses(filters, only)) {
    throw new UsageError(`--filter=${filters.join(" --filter=")} chooses no test file of ${only.join(", ")}`);
  }
}

/**
 * The JavaScript for Node and Bun; resolves with its type errors, where somebody looks for them: a run that is filtered,
 * or on Deno only (whose tests start scripts on the others), gets the JavaScript and nothing else. Imported late, because
 * that installs the compiler, and a failure to do so has to be counted like any other.
 */
async function makeJavaScript(looksAtTypes: boolean): Promise<string> {
  const { compile, compileChanged } = await import("./toolchain/compile.ts");
  if (looksAtTypes) return await compile();
  compileChanged();
  return "";
}

/** A section of the output: what runs in it, and what is printed once all of that has ended. */
interface Section {
  title: string;
  jobs: { weight: number; run: () => Promise<FileResult[]> }[];
}

/** The section of a runtime: its test files, or the one failure that it cannot be had. */
function runtimeSection(
  name: "deno" | "node" | "bun",
  { title, runner, problem }: { title: string; runner: TestRunner | undefined; problem: string },
  options: TestOptions,
): Section {
  if (runner === undefined) {
    const job = () => step(`${title} can be had`, () => Promise.resolve(problem));
    return { title, jobs: [{ weight: 0, run: async () => [await job()] }] };
  }
  const files = testFiles(options, name);
  const left = options.whole ? [] : files.filter(notDue(name, currentTurn()));
  if (left.length > 0) {
    console.log(`${title}: ${left.length} files run on Deno only in this turn (--whole: everywhere)`);
  }
  return {
    title,
    jobs: files.filter((path) => !left.includes(path)).map((path) => ({
      weight: expectedWeight(path, name),
      run: async () => [await runFile(runner, path, options)],
    })),
  };
}

/** Runs the jobs of all sections in one queue, and prints each section when its last job has ended. */
async function runSections(sections: readonly Section[], options: TestOptions): Promise<Counts> {
  let total: Counts = { passed: 0, failed: 0, skipped: 0 };
  const queue = sections.flatMap(({ title, jobs }) => {
    const results: FileResult[] = [];
    let left = jobs.length;
    const close = () => {
      total = add(total, printSection(title, results));
    };
    if (left === 0) close();
    return jobs.map(({ weight, run }) => ({
      weight,
      run: async () => {
        for (const result of await run()) {
          results.push(result);
          printFile(title, result, options.verbose);
        }
        if (--left === 0) close();
      },
    }));
  });
  const longestFirst = queue.toSorted((a, b) => b.weight - a.weight);
  await runQueue(longestFirst.map(({ run }) => run), options.jobs);
  return total;
}

async function main(options: TestOptions): Promise<Counts> {
  refuseIdleFilters(options);
  const wants = (name: SectionName) => options.only.includes(name);
  const runs = (name: "deno" | "node" | "bun") => wants(name) && testFiles(options, name).length > 0;
  // What is not run need not be compiled.
  const wantsJavaScript = runs("node") || runs("bun");
  const needsJavaScript = wantsJavaScript || runs("deno");
  const looksAtTypes = wantsJavaScript && options.filters.length === 0;
  const library = await chooseStandardLibrary(options.standardLibrary);
  console.log(`@std comes from ${library === "jsr" ? "JSR" : "tests/std_local (JSR was not reached or not wanted)"}`);
  const args = denoArguments(library);

  const preparing = performance.now();
  const checked = options.filters.length > 0 ? testFiles(options, "deno") : undefined;
  // The check is a process of its own, so it goes on while the compiler keeps this one busy.
  const checking = wants("deno") ? step("deno check", () => checkTypes(args, checked)) : undefined;
  const [node, bun] = await Promise.all([attempt(() => prepareNode(options.node)), attempt(prepareBun)]);
  // After them: the compiler does not let go of this thread, and their timeouts would pass meanwhile.
  const made = needsJavaScript ? await attempt(() => makeJavaScript(looksAtTypes)) : { value: "", problem: "" };
  const bundled = wantsJavaScript && wants("node")
    ? await attempt(() => bundleCommand(OUT, `${OUT}/command`))
    : { value: undefined, problem: "" };
  if (bundled.problem !== "") console.log(`Node runs the command unbundled: ${bundled.problem}`);
  // Before the addon is put beside it.
  const installed = await attempt(async () => needsJavaScript && await installForNode(library, { node: node.value }));
  const programs: Programs = { denoArguments: args, node: node.value, bun: bun.value, command: bundled.value };
  const environment = {
    ...testEnvironment(programs, options.effort),
    ...options.whole ? {} : { ATOMIC_WRITE_TEST_TURN: String(currentTurn()) },
  };
  const addon = needsJavaScript && node.value !== undefined ? await linkFsExt(node.value, OUT) : "";
  const koffi = needsJavaScript && node.value !== undefined ? await linkKoffi(OUT) : "";
  console.log(`prepared in ${((performance.now() - preparing) / 1000).toFixed(1)} s`);

  const sections: Section[] = [];
  if (checking !== undefined) {
    const runner = denoRunner(programs, environment);
    const section = runtimeSection("deno", { title: `Deno ${Deno.version.deno}`, runner, problem: "" }, options);
    sections.push({ ...section, jobs: [{ weight: Infinity, run: async () => [await checking] }, ...section.jobs] });
  }
  // What could not be compiled at all counts always.
  if (looksAtTypes || made.problem !== "") {
    const tsc = () => step("tsc", () => Promise.resolve(made.problem + (made.value ?? "")));
    sections.push({ title: "TypeScript for Node and Bun", jobs: [{ weight: 0, run: async () => [await tsc()] }] });
  }
  if (installed.problem !== "") {
    // The stand-ins are in its place, so that everything else can still fail or pass.
    const real = () => step("@std from JSR for Node and Bun", () => Promise.resolve(installed.problem));
    sections.push({ title: "JSR", jobs: [{ weight: 0, run: async () => [await real()] }] });
  }
  if (wants("node")) {
    const title = node.value ? `Node ${node.value.version}` : "Node";
    if (addon !== "") console.log(`${title}: running without fs-ext: ${addon}`);
    if (koffi !== "") console.log(`${title}: running without koffi: ${koffi}`);
    if (library === "jsr" && !runsRealPackages(node.value)) {
      console.log(`${title}: running with tests/std_local: @std/assert needs methods of Set that it does not have`);
    }
    const runner = node.value && nodeRunner(node.value, environment);
    sections.push(runtimeSection("node", { title, runner, problem: node.problem }, options));
  }
  if (wants("bun")) {
    const title = bun.value ? `Bun ${bun.value.version}` : "Bun";
    const runner = bun.value && bunRunner(bun.value, environment);
    sections.push(runtimeSection("bun", { title, runner, problem: bun.problem }, options));
  }
  if (wants("npm")) {
    const run = async () =>
      node.value && bun.value
        ? await testNpmPackage({ node: node.value, bun: bun.value, library })
        : [await step("Node and Bun are available", () => Promise.resolve(node.problem + bun.problem))];
    sections.push({ title: "npm package", jobs: [{ weight: 100, run }] });
  }
  return await runSections(sections, options);
}

if (Deno.args.includes("--help")) {
  console.log(USAGE);
} else {
  const started = performance.now();
  let counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  try {
    counts = await main(readOptions(Deno.args, Deno.env.get("STD")));
  } catch (error) {
    const stack = error instanceof Error && !(error instanceof UsageError) ? error.stack : undefined;
    console.log(stack ?? (error instanceof Error ? error.message : String(error)));
    counts.failed++;
  }
  console.log(`all in ${((performance.now() - started) / 1000).toFixed(0)} s`);
  console.log(countLine(counts));
  Deno.exit(counts.failed === 0 && counts.passed > 0 ? 0 : 1);
}
