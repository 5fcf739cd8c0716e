/**
 * A schedule as text, to be printed and to be replayed: `A12 B3 A4; B sync 2 EIO`.
 *
 * Operations are letters in the order of `together`; `A12` lets the first one take twelve steps. Behind the semicolon
 * stands the call that fails: the second sync of the second operation, with EIO.
 */
import { OutOfRange } from "../../core/errors.ts";
import { isErrorCode } from "../../runtime/error_numbers.ts";
import { isSeamMethod } from "../faults/fault_codes.ts";
import type { SeamMethod } from "../faults/intercept.ts";

/** The call that fails in an order. */
export interface ScheduleFault {
  /** Which of the operations, from 0. */
  readonly operation: number;
  /** The method at the seam. */
  readonly method: SeamMethod;
  /** Which of its calls of that method, from 1. */
  readonly nth: number;
  /** The code. */
  readonly error: string;
}

/** A call that has failed on purpose. */
export interface FailedCall {
  /** Which one. */
  readonly fault: ScheduleFault;
  /** How many facts had been acknowledged when it failed: before that was reported to its operation. */
  readonly acknowledged: number;
  /** Which operations had begun by then, by their numbers from 0; they may have ended, too. */
  readonly begun: readonly number[];
}

/** The name of an operation in traces and schedules. */
export const letterOf = (operation: number): string => String.fromCharCode(65 + operation);

/** A schedule as text. */
export function scheduleText(choices: readonly number[], fault: ScheduleFault | undefined): string {
  const runs: { operation: number; steps: number }[] = [];
  for (const operation of choices) {
    const last = runs.at(-1);
    if (last?.operation === operation) last.steps++;
    else runs.push({ operation, steps: 1 });
  }
  const order = runs.map(({ operation, steps }) => `${letterOf(operation)}${steps}`).join(" ");
  return fault === undefined ? order : `${order}; ${faultText(fault)}`;
}

/** A fault as text. */
export function faultText({ operation, method, nth, error }: ScheduleFault): string {
  return `${letterOf(operation)} ${method} ${nth} ${error}`;
}

/** What `scheduleText` wrote, of that many operations. */
export function parseSchedule(
  text: string,
  operations: number,
): { choices: number[]; fault: ScheduleFault | undefined } {
  const [order = "", failing, ...rest] = text.split(";").map((part) => part.trim());
  if (order === "" || rest.length > 0) throw new OutOfRange(`schedule: ${JSON.stringify(text)} is no order of steps`);
  const operationOf = (letter = "A"): number => {
    const operation = letter.charCodeAt(0) - 65;
    if (operation < operations) return operation;
    throw new OutOfRange(`schedule: there is no operation ${letter}, only A to ${letterOf(operations - 1)}`);
  };
  const choices: number[] = [];
  for (const run of order.split(/\s+/)) {
    const match = /^([A-Z])([1-9]\d*)$/.exec(run);
    if (match === null) throw new OutOfRange(`schedule: ${JSON.stringify(run)} is no letter and count`);
    const operation = operationOf(match[1]);
    for (let step = 0; step < Number(match[2]); step++) choices.push(operation);
  }
  if (failing === undefined) return { choices, fault: undefined };
  const match = /^([A-Z]) (\w+) (\d+) (\w+)$/.exec(failing);
  const [, letter, method = "", nth = "", error = ""] = match ?? [];
  if (letter === undefined || !isSeamMethod(method) || !isErrorCode(error)) {
    throw new OutOfRange(`schedule: ${JSON.stringify(failing)} is no failing call`);
  }
  return { choices, fault: { operation: operationOf(letter), method, nth: Number(nth), error } };
}

const withBigIntegers = (_key: string, value: unknown): unknown => typeof value === "bigint" ? `${value}n` : value;

/** What was acknowledged, as text that tells one fact from another. */
export function shownFact(fact: unknown): string {
  return typeof fact === "object" && fact !== null ? JSON.stringify(fact, withBigIntegers) : String(fact);
}
