/**
 * `deno task test:windows`: the suite on the Windows builds of Node 22, Node 24, Bun and Deno, under Wine.
 *
 * First Wine and the builds are fetched (once; scripts/windows/folder.ts), and the suite is compiled and copied into
 * the chroot. Then every test file that is not for Deno's own tools runs on every build, a file at a time and two builds
 * side by side. Tests of what Wine does not do as Windows does, or of what Linux alone has, are expected to fail: they
 * count as skipped, and are failures once they pass (scripts/windows/not_here.ts). The last line is
 * `N passed, N failed, N skipped`; exits with 1 if anything failed.
 */
import { mustExecute } from "./process.ts";
import { add, countLine, type Counts, printFile, printSection } from "./suite/report.ts";
import { type FileResult, runFile, runQueue } from "./suite/run_files.ts";
import { step } from "./suite/step.ts";
import { compileChanged } from "./toolchain/compile.ts";
import { listFiles } from "./toolchain/folders.ts";
import { installForNode } from "./toolchain/standard_library.ts";
import { BUILDS, makeWineFolder, type WindowsBuild, wineIsThere } from "./windows/folder.ts";
import { mustHold } from "./windows/must_hold.ts";
import { excuse, isNotRun, neverExcused, record } from "./windows/not_here.ts";
import { copySuite, windowsRunner } from "./windows/runners.ts";
import { openSession } from "./windows/session.ts";

const USAGE = `deno task test:windows [-- OPTIONS]
  --only=node22,node24,bun,deno  run these builds only
  --filter=TEXT                  run only the test files whose path contains TEXT (repeatable)
  --if-there                     run only if Wine is there already
  --simulated                    on Node 24 alone, and only what needs the simulated machine more than Windows
  --jobs=N                       builds at once (default: 2)
  --seconds=N                    how long a test file may take (default: 240)
  --record                       put what fails into scripts/windows/not_here.json, as not examined yet
  --verbose                      the output of passing files, too
  ATOMIC_WRITE_WINE=FOLDER       environment: where Wine is (default: build/wine)`;

/** What mostly runs on the simulated machine: a share for every change. */
const SIMULATED = ["tests/core/", "tests/protocol/", "tests/testing/", "tests/busy_target", "tests/write_order"];

interface Options {
  builds: readonly WindowsBuild[];
  filters: readonly string[];
  ifThere: boolean;
  jobs: number;
  seconds: number;
  verbose: boolean;
  records: boolean;
}

function readOptions(args: readonly string[]): Options {
  const options = {
    builds: BUILDS,
    filters: [] as string[],
    ifThere: false,
    jobs: 2,
    seconds: 240,
    verbose: false,
    records: false,
  };
  for (const argument of args) {
    const [name, value = ""] = argument.split(/=(.*)/s);
    if (argument === "--") continue;
    else if (name === "--only") {
      options.builds = value.split(",").map((wanted) => {
        const build = BUILDS.find(({ name }) => name === wanted);
        if (build === undefined) throw new TypeError(`no build "${wanted}"\n${USAGE}`);
        return build;
      });
    } else if (name === "--filter") options.filters.push(value);
    else if (name === "--jobs" && Number(value) >= 1) options.jobs = Math.floor(Number(value));
    else if (name === "--seconds" && Number(value) >= 1) options.seconds = Math.floor(Number(value));
    else if (argument === "--if-there") options.ifThere = true;
    else if (argument === "--simulated") {
      options.builds = BUILDS.filter(({ name }) => name === "node24");
      options.filters.push(...SIMULATED);
    } else if (argument === "--verbose") options.verbose = true;
    else if (argument === "--record") options.records = true;
    else throw new TypeError(`unknown argument: ${argument}\n${USAGE}`);
  }
  return options;
}

function testFiles(filters: readonly string[]): string[] {
  const files = ["tests", "examples"].flatMap((folder) => listFiles(folder)).filter((path) =>
    path.endsWith("_test.ts") && !/^tests\/(deno|node|bun)\//.test(path) &&
    (filters.length === 0 || filters.some((filter) => path.includes(filter)))
  );
  if (files.length === 0) throw new TypeError(`no test file has ${filters.join(" or ")} in its path`);
  return files;
}

/** All files on one build, in a session of its own. */
async function runBuild(build: WindowsBuild, { filters, seconds, verbose, records }: Options): Promise<Counts> {
  const session = await openSession(build.name);
  try {
    const runner = windowsRunner(build, session, seconds);
    const results: FileResult[] = [];
    for (const path of testFiles(filters)) {
      const reason = isNotRun(path);
      if (reason !== undefined) {
        results.push({
          path,
          tests: [{ name: path, state: "skipped", reason }],
          output: "",
          leftovers: [],
          seconds: 0,
        });
        continue;
      }
      // The session ends it earlier; this is for a session that does not.
      const result = await runFile(runner, path, { effort: "quick", timeout: (seconds + 30) * 1000 });
      const judged = { ...result, tests: excuse(path, result.tests) };
      results.push(judged);
      if (records) record(path, judged.tests);
      printFile(build.title, judged, verbose);
    }
    return printSection(build.title, results);
  } finally {
    await session.close();
  }
}

/** Runs a command of the chroot's shell on what all sessions begin with. */
async function prepareWine(command: string): Promise<void> {
  const session = await openSession();
  try {
    const [program, ...args] = session.command(["sh", "-c", command], { directory: "/", seconds: 300 });
    await mustExecute(program, args);
  } finally {
    await session.close();
  }
}

async function main(options: Options): Promise<Counts> {
  let total: Counts = { passed: 0, failed: 0, skipped: 0 };
  if (options.ifThere && !wineIsThere()) {
    console.log("Windows builds: Wine is not there; `deno task test:windows` makes it");
    return { ...total, skipped: 1 };
  }
  await makeWineFolder(prepareWine);
  compileChanged();
  await installForNode("local");
  await copySuite();
  if (options.filters.length === 0) total = printSection("What must hold", await mustHold(options.builds));
  const jobs = options.builds.map((build) => async () => {
    total = add(total, await runBuild(build, options));
  });
  await runQueue(jobs, options.jobs);
  if (options.filters.length > 0 || options.builds !== BUILDS) return total;
  const unused = () => Promise.resolve(neverExcused().join("\n"));
  return add(total, printSection("The list of what cannot pass", [await step("holds nothing that passes", unused)]));
}

if (Deno.args.includes("--help")) console.log(USAGE);
else {
  const started = performance.now();
  const counts = await main(readOptions(Deno.args));
  console.log(`all in ${((performance.now() - started) / 1000).toFixed(0)} s`);
  console.log(countLine(counts));
  Deno.exit(counts.failed === 0 ? 0 : 1);
}
