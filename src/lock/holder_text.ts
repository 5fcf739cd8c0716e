/** Who holds a lock, in words for people. */
import { currentRuntime } from "../runtime/current.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { LockInfo } from "./lock_info.ts";

/** A record is anybody's writing, so is a command line, and a message may be shown on a terminal. */
export const plain = (text: string): string => text.slice(0, 64).replaceAll(/[^\x20-\x7e]/g, "?");

/** Whether it is this process that holds the lock. */
export function isOwnHold(
  info: LockInfo | undefined,
  { process }: Pick<Runtime, "process"> = currentRuntime(),
): boolean {
  return info?.pid === process.pid && info.liveness === "alive" && info.confirmed;
}

/** `process 4711 (sync.js) on alpha`; `this process`; `another program`. */
export function holderText(runtime: Pick<Runtime, "process">, info: LockInfo | undefined): string {
  if (info?.pid === undefined) {
    if (info?.token !== undefined) return "another process";
    return info?.backend === "directory" ? "another program" : "an unknown holder";
  }
  if (isOwnHold(info, runtime)) return "this process";
  const { process } = runtime;
  const { pid, program, host, namespace } = info;
  // A record has the path of the script, the system its whole command line.
  const script = program?.includes(" ") ? program : program?.split(/[\\/]/).at(-1) ?? "";
  const name = script === "" ? "" : ` (${plain(script)})`;
  const elsewhere = host === undefined || host === process.description().host ? "" : ` on ${plain(host)}`;
  const isOther = namespace !== undefined && namespace !== process.facts()?.namespace;
  return `process ${pid}${name}${elsewhere}${isOther ? " of another pid namespace" : ""}`;
}

const twoDigits = (number: number): string => String(number).padStart(2, "0");

/** `12:03`, with the date unless that is the day of `now`; local time. */
function timeText(time: number, now: number): string {
  const date = new Date(time);
  const clock = `${twoDigits(date.getHours())}:${twoDigits(date.getMinutes())}`;
  if (date.toDateString() === new Date(now).toDateString()) return clock;
  return `${date.getFullYear()}-${twoDigits(date.getMonth() + 1)}-${twoDigits(date.getDate())} ${clock}`;
}

/** The same, and since when, and whether that is certain. */
export function holderSinceText(info: LockInfo | undefined, runtime: Runtime = currentRuntime()): string {
  const since = info?.since === undefined ? "" : `, since ${timeText(info.since, runtime.clock.now())}`;
  return `${holderText(runtime, info)}${since}${info?.confirmed === false ? " (unconfirmed)" : ""}`;
}
