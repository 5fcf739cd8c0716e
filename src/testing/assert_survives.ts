/** A report as an assertion: what a test says when everything has been explored. */
import { readGiven } from "../core/operation.ts";
import { flag } from "../core/options.ts";
import { readOptionsOf } from "./option_readers.ts";
import { expectReport } from "./expect_report.ts";
import type { CrashReport } from "./crash/crash.ts";
import { describeCrashReport } from "./crash/crash_report.ts";
import type { ScheduleReport } from "./schedules/explore_schedules.ts";
import { describeScheduleReport } from "./schedules/schedule_report.ts";

/**
 * Throws unless everything that was explored has passed.
 *
 * The message says what was explored, and of the first violation: the calls up to the power cut, the disk then, and what
 * `check` threw (which is also the `cause`). With `exhaustive`, a report that is only a sample does not pass either: raise
 * `limit`, or leave it out.
 *
 * @param report What `exploreCrashes`, `exploreCrashesSync` or `exploreSchedules` returned.
 * @throws {TypeError} This is no report: a promise of one, for example, because it was not awaited.
 * @throws {Error} Something did not pass, or not everything was tried though it had to be.
 *
 * @example
 * ```ts
 * import { writeFileSync } from "@durable/atomic-write";
 * import { assertSurvives, exploreCrashesSync } from "@durable/atomic-write/testing";
 *
 * assertSurvives(exploreCrashesSync({
 *   machine: { files: { "/notes.txt": "old" } },
 *   run: () => void writeFileSync("/notes.txt", "new"),
 *   check: (machine) => {
 *     const text = machine.readText("/notes.txt");
 *     if (text !== "old" && text !== "new") throw new Error(`neither old nor new: ${text}`);
 *   },
 * }));
 * ```
 */
export function assertSurvives(report: CrashReport | ScheduleReport, options: { exhaustive?: boolean } = {}): void {
  const { exhaustive = false } = readGiven(() => {
    expectReport("assertSurvives", report);
    return readOptionsOf("assertSurvives", options, { exhaustive: flag });
  });
  const [first] = report.violations;
  if (first === undefined && (report.exhaustive || !exhaustive)) return;
  const described = "orders" in report ? describeScheduleReport(report) : describeCrashReport(report);
  const head = first === undefined ? "Only a sample was explored" : "It does not survive";
  const error = new Error(`${head}: ${described}`, first === undefined ? undefined : { cause: first.error });
  error.name = "AssertionError";
  // The frames that help are those of the test.
  Reflect.get(Error, "captureStackTrace")?.call(Error, error, assertSurvives);
  throw error;
}
