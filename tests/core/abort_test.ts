/** `onAbort`: any number of calls behind one listener of a signal. */
import { assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { acquireLock } from "../../mod.ts";
import { onAbort } from "../../src/core/abort.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";

/** A controller, and how many listeners its signal has at the moment. */
function counted(): { controller: AbortController; listeners: () => number } {
  const controller = new AbortController();
  const { signal } = controller;
  let count = 0;
  for (const [name, change] of [["addEventListener", 1], ["removeEventListener", -1]] as const) {
    const original = Reflect.get(signal, name) as (...given: unknown[]) => void;
    Object.defineProperty(signal, name, {
      value: (...given: unknown[]) => {
        count += change;
        original.apply(signal, given);
      },
    });
  }
  return { controller, listeners: () => count };
}

describe("onAbort", () => {
  it("calls every listener that was not removed, once", () => {
    const { controller, listeners } = counted();
    const called: number[] = [];
    const stops = [0, 1, 2, 3].map((number) => onAbort(controller.signal, () => called.push(number)));
    assertEquals(listeners(), 1);
    stops[1]?.();
    stops[1]?.();
    controller.abort();
    controller.abort();
    stops[2]?.();
    assertEquals(called, [0, 2, 3]);
  });

  it("leaves no listener behind when nobody waits any more, and begins anew", () => {
    const { controller, listeners } = counted();
    const called: string[] = [];
    const stops = ["first", "second"].map((name) => onAbort(controller.signal, () => called.push(name)));
    stops.forEach((stop) => stop());
    assertEquals(listeners(), 0);
    onAbort(controller.signal, () => called.push("third"));
    stops.forEach((stop) => stop());
    assertEquals(listeners(), 1);
    controller.abort();
    assertEquals(called, ["third"]);
  });

  it("is silent without a signal, and with one that has aborted", () => {
    const fail = () => {
      throw new Error("called");
    };
    onAbort(undefined, fail)();
    onAbort(AbortSignal.abort(), fail)();
  });
});

it("20 waiters for a lock with one signal are one listener, which goes with the last of them", () =>
  withTemporaryDirectory(async (directory) => {
    const path = `${directory}/state`;
    const { controller: { signal }, listeners } = counted();
    const held = await acquireLock(path);
    let most = 0;
    const waiters = Array.from({ length: 20 }, async () => {
      const lock = await acquireLock(path, { signal });
      most = Math.max(most, listeners());
      await lock.release();
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    most = Math.max(most, listeners());
    await held.release();
    await Promise.all(waiters);
    assertEquals([most, listeners()], [1, 0]);
  }));
