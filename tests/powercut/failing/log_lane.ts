/**
 * A lane that appends to the log of its process, which all its lanes share.
 *
 * When an append has failed the log is opened anew, as the error says, and shows whether the record is in it: then it is
 * as acknowledged as if the append had answered. Otherwise it is appended again.
 */
import { join } from "node:path";
import { type Log, type LogSync, openLog, openLogSync } from "../../../src/log/mod.ts";
import { labelOf, pathOfRecord } from "../found.ts";
import { newVersion, type Surroundings } from "../workload.ts";
import type { Lane, LaneOrder } from "./lanes.ts";

const longest = 2000;

/** The log that all lanes of a process append to; whoever met the failure opens it anew, the others wait for that. */
class SharedLog {
  #opening: Promise<Log> | undefined;
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  open(): Promise<Log> {
    return this.#opening ??= openLog(this.#path).catch((error) => {
      this.#opening = undefined;
      throw error;
    });
  }

  /** After a failure of the log that was got from `open`. */
  async abandon(log: Log): Promise<void> {
    if (this.#opening === undefined || await this.#opening.catch(() => undefined) !== log) return;
    this.#opening = undefined;
    // It has failed already, and that is what is reported.
    await log.close().catch(() => {});
  }

  async close(): Promise<void> {
    const log = await this.#opening?.catch(() => undefined);
    this.#opening = undefined;
    // Whatever it says now: the lane is over, and the disk is judged.
    await log?.close().catch(() => {});
  }
}

const logs = new Map<string, SharedLog>();

function sharedLog({ root, process }: Surroundings): SharedLog {
  const path = join(root, "logs", process);
  const known = logs.get(path) ?? new SharedLog(path);
  logs.set(path, known);
  return known;
}

export function appendTo(order: LaneOrder): Lane {
  const shared = sharedLog(order);
  let last = newVersion(order, longest);
  return {
    step: async (again) => {
      if (!again) last = newVersion(order, longest);
      const { content, data } = last;
      const name = order.record.begin(pathOfRecord(order.process, content), content);
      let log: Log | undefined;
      try {
        log = await shared.open();
        let isThere = false;
        if (again) { for await (const record of log.read()) isThere ||= labelOf(record.data) === content; }
        if (!isThere) await log.append(data);
        if (log.durability !== "full") throw new Error(`not durable: ${log.durability}`);
        order.record.done(name);
      } catch (error) {
        order.record.failed(name, error);
        if (log !== undefined) await shared.abandon(log);
        throw error;
      }
    },
    close: () => shared.close(),
  };
}

/** The same with a log of its own: a synchronous log is one lane's. */
export function appendToSync(order: LaneOrder): Lane {
  const file = `${order.process}-${order.lane}`;
  let last = newVersion(order, longest);
  let log: LogSync | undefined;
  const close = () => {
    try {
      log?.close();
    } catch {
      // It has failed before.
    }
    log = undefined;
  };
  return {
    step: async (again) => {
      if (!again) last = newVersion(order, longest);
      const { content, data } = last;
      const name = order.record.begin(pathOfRecord(file, content), content);
      try {
        log ??= openLogSync(join(order.root, "logs", file));
        const isThere = again && [...log.read()].some((record) => labelOf(record.data) === content);
        if (!isThere) log.append(data);
        if (log.durability !== "full") throw new Error(`not durable: ${log.durability}`);
        order.record.done(name);
      } catch (error) {
        order.record.failed(name, error);
        close();
        throw error;
      }
      await Promise.resolve();
    },
    close,
  };
}
