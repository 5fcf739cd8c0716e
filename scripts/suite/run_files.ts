/**
 * Runs test files, a process for each, the files of all runtimes in one queue and a few at a time. A file of its own
 * process cannot disturb another's working directory, umask or open files, its output stays together, and a hanging one
 * is killed alone, after it has told what it was doing.
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
  seconds: number;
  /** How long it kept processors busy, where the system tells. */
  processorSeconds?: number;
  /** It was ended before its end. */
  timedOut?: boolean;
}

/** How long a file may take, by effort: a hanging one must not use up the time of a whole run. */
const TIMEOUTS = { quick: 120_000, normal: 180_000, long: 3_600_000 } as const;

/**
 * A machine that has much else to do gets more time: by its load for each processor now, six times as much at most. Asked
 * again when that time is over, since the load may have come after the file was started.
 */
function patience(): number {
  const load = Math.max(...Deno.loadavg());
  return Math.min(6, Math.max(1, load / (2 * navigator.hardwareConcurrency)));
}

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

/** Runs one test file on one runtime. `timeout` is in milliseconds. */
export async function runFile(
  runner: TestRunner,
  path: string,
  { effort, timeout = TIMEOUTS[effort] }: { effort: keyof typeof TIMEOUTS; timeout?: number },
): Promise<FileResult> {
  const report = `${BUILD}/reports/${runner.name}/${path.replaceAll("/", "__")}.${Deno.pid}.xml`;
  Deno.mkdirSync(report.replace(/\/[^/]*$/, ""), { recursive: true });
  const directory = newDirectory();
  const [command, ...args] = runner.command(path, report);
  const environment = {
    ...runner.environment,
    ATOMIC_WRITE_TEST_DIRECTORY: directory,
  };
  const started = performance.now();
  const { code, output, timedOut, processorSeconds } = await execute(command, args, {
    environment,
    timeout: () => timeout * patience(),
  });
  const seconds = (performance.now() - started) / 1000;
  const leftovers = removeLeftovers(directory);
  const tests = exists(report) ? applySkips(readJunit(Deno.readTextFileSync(report)), output) : [];
  if (exists(report)) Deno.removeSync(report);
  const failed = (reason: string) => tests.push({ name: path, state: "failed", reason });
  if (timedOut) failed(`still running after ${seconds.toFixed(0)} s`);
  else if (code !== 0 && !tests.some(({ state }) => state === "failed")) failed(`ended with status ${code}`);
  else if (tests.length === 0) failed("no test in this file");
  const busy = processorSeconds === undefined ? {} : { processorSeconds };
  return { path, tests, output, leftovers, seconds, timedOut, ...busy };
}

/** Runs the jobs in their order, `atOnce` at a time. */
export async function runQueue(jobs: readonly (() => Promise<void>)[], atOnce: number): Promise<void> {
  const waiting = [...jobs];
  const work = async () => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) await job();
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}
