/** Refuses what is no report before anybody looks for violations in it. */
import { InvalidArgument } from "../core/errors.ts";
import { isPromiseLike } from "./option_readers.ts";

/** Throws a TypeError unless this is the report of an exploration. */
export function expectReport(who: string, report: unknown): void {
  const isObject = typeof report === "object" && report !== null;
  if (isObject && Array.isArray(Reflect.get(report, "violations"))) return;
  if (isObject && !isPromiseLike(report) && "runs" in report) {
    throw new InvalidArgument(
      `${who} expects a report of an exploration: sweepFaults throws by itself when a check fails`,
    );
  }
  const instead = isPromiseLike(report) ? "a promise" : isObject ? "another object" : String(report);
  throw new InvalidArgument(`${who} expects a report, not ${instead}: was exploreCrashes or exploreSchedules awaited?`);
}
