/**
 * Runs test files on one runtime, a process for each file, a few at a time. A file of its own process cannot disturb
 * another's working directory, umask or open files, its output stays together, and a hanging one is killed alone.
 *
 * A file that fails without a failed test (it could not be loaded, it crashed, it hung) and a file without a test
 * count as one failed test.
 */
import { execute } from "../process.ts";
import { BUILD, exists } from "../toolchain/folders.ts";
import { readJunit, type TestResult } from "./junit.ts";
import { newDirectory, removeLeftovers } from "./leftovers.ts";

/** How one runtime runs a test file and writes its report. */
export interface TestRunner {
  name: string;
  command: (path: string, report: string) => [string, ...string[]];
  environment: Record<string, string>;
}

export interface FileResult {
  path: string;
  tests: TestResult[];
  output: string;
  /** Names of files that the tests left in their directory. */
  leftovers: string[];
}

/** How long a file may take, by effort: a hanging one must not use up the time of a whole run. */
const TIMEOUTS = { quick: 120_000, normal: 300_000, long: 3_600_000 } as const;

/** The lines that tests/support/skip.ts prints. */
function readSkips(output: string): { name: string; reason: string }[] {
  return [...output.matchAll(/^# SKIP (.*?): (.*)$/gm)].map(([, name = "", reason = ""]) => ({ name, reason }));
}

/** Marks the tests that skipped themselves: their runtime counted them as passed. */
function applySkips(tests: TestResult[], output: string): TestResult[] {
  const result = [...tests];
  for (const { name, reason } of readSkips(output)) {
    const exact = result.findIndex((test) => test.name === name && test.state === "passed");
    const ending = result.findIndex((test) => name.endsWith(test.name) && test.state === "passed");
    const index = exact >= 0 ? exact : ending;
    // A subtest that the runtime did not report (Bun) was not counted as passed either.
    if (index >= 0) result.splice(index, 1);
    result.push({ name, state: "skipped", reason });
  }
  return result;
}

async function runFile(runner: TestRunner, path: string, timeout: number): Promise<FileResult> {
  const report = `${BUILD}/reports/${runner.name}/${path.replaceAll("/", "__")}.${Deno.pid}.xml`;
  Deno.mkdirSync(report.replace(/\/[^/]*$/, ""), { recursive: true });
  const directory = newDirectory();
  const [command, ...args] = runner.command(path, report);
  const environment = {
    ...runner.environment,
    ATOMIC_WRITE_TEST_DIRECTORY: directory,
  };
  const { code, output, timedOut } = await execute(command, args, { environment, timeout });
  const leftovers = removeLeftovers(directory);
  const tests = exists(report) ? applySkips(readJunit(Deno.readTextFileSync(report)), output) : [];
  if (exists(report)) Deno.removeSync(report);
  const failed = (reason: string) => tests.push({ name: path, state: "failed", reason });
  if (timedOut) failed(`still running after ${timeout / 1000} s`);
  else if (code !== 0 && !tests.some(({ state }) => state === "failed")) failed(`ended with status ${code}`);
  else if (tests.length === 0) failed("no test in this file");
  return { path, tests, output, leftovers };
}

/** Runs the files; `report` is called with each result as it arrives. */
export async function runFiles(
  runner: TestRunner,
  paths: readonly string[],
  { jobs, effort }: { jobs: number; effort: keyof typeof TIMEOUTS },
  report: (result: FileResult) => void,
): Promise<FileResult[]> {
  const results: FileResult[] = [];
  const waiting = [...paths];
  const work = async () => {
    for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
      const result = await runFile(runner, path, TIMEOUTS[effort]);
      results.push(result);
      report(result);
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return results;
}
