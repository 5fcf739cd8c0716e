/** Sharers that overlap one another do not keep out who needs the lock alone: later ones wait behind, at the gate. */
import { assertEquals } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { withLockSync } from "../../mod.ts";
import { type MemoryRuntime, memoryRuntime, traceRuntime } from "../../src/testing/mod.ts";
import { skip } from "../support/skip.ts";
import {
  answerOf,
  ask,
  foreignGets,
  foreignHold,
  hasFlockProgram,
  hasKernelLock,
  hold,
  isLinux,
  type Other,
  untilHeard,
  variants,
  waitFor,
  withOthers,
} from "./support.ts";

type Test = Parameters<typeof skip>[0];

const shared = { shared: true };

/** A lock that a sharer holds, and that somebody waits for who needs it alone. */
function withWaiter(
  t: Test,
  run: (path: string, sharer: Other, waiter: Other) => Promise<void>,
  variant = variants()[0],
): Promise<void> {
  return withOthers(async (directory) => {
    if (!isLinux || !hasKernelLock() || !hasFlockProgram()) return skip(t, "needs Linux and flock(1)");
    const path = join(directory, "state");
    const sharer = await hold(path, shared, variant);
    const waiter = await waitFor(path, { timeout: 60_000 }, variant);
    await run(path, sharer, waiter);
    assertEquals(fs.readdirSync(directory), ["state.lock"], "the gate is gone");
  });
}

const held = async ({ script, heard }: Other, line: RegExp) => await untilHeard(script, heard, line);

describe("an exclusive request that waits for sharers", () => {
  for (const variant of variants()) {
    it(`is served before sharers that come later (${variant.name})`, (t) =>
      withWaiter(t, async (path, sharer, waiter) => {
        const impatient = ask(path, { ...shared, timeout: 300 }, variant);
        assertEquals(await answerOf(impatient), "not in time", "only sharers hold it, and yet");
        const later = await waitFor(path, { ...shared, timeout: 60_000 }, variant);
        await sharer.release();
        await held(waiter, /^held flock false/);
        assertEquals(later.heard.text, "waits\n");
        await waiter.release();
        await held(later, /^held flock true/);
        await later.release();
      }, variant));
  }

  it("that is killed keeps nobody out", (t) =>
    withWaiter(t, async (path, sharer, waiter) => {
      await waiter.kill();
      const next = await hold(path, { ...shared, timeout: 60_000 });
      await next.release();
      await sharer.release();
      const alone = await hold(path, { timeout: 60_000 });
      await alone.release();
      // What a killed waiter leaves at the gate goes with the next one who passes it.
      const passing = await hold(path, shared);
      await passing.release();
    }));

  it("lets those in that only try, and sharers by flock(1), which do not know the gate", (t) =>
    withWaiter(t, async (path, sharer, waiter) => {
      const trying = await hold(path, { ...shared, timeout: 0 });
      assertEquals(foreignGets("flock", `${path}.lock`, true), true);
      await trying.release();
      await sharer.release();
      await held(waiter, /^held flock false/);
      await waiter.release();
    }));

  it("waits for holders of flock(1) and for those at the gate alike", (t) =>
    withWaiter(t, async (path, sharer, waiter) => {
      const foreign = await foreignHold("flock", `${path}.lock`, true);
      await sharer.release();
      assertEquals(waiter.heard.text, "waits\n");
      await foreign.release();
      await held(waiter, /^held flock false/);
      await waiter.release();
    }));
});

describe("a lock that is free", () => {
  const opened = [
    "linkStat /d/a",
    "open /d/a.lock read-write nofollow",
    "stat",
    "read 513 = 0",
  ];
  const taken = (how: string) => [`tryLock ${how}`, "linkStat /d/a.lock"];
  const rows = [
    {
      how: "exclusive",
      calls: [
        ...opened,
        ...taken("exclusive"),
        ...["seek 0", "write 512", "seek 0", "read 513 = 512", "seek 0", "write 25"],
        ...["unlock", "close"],
      ],
    },
    // One look more: is there a gate?
    { how: "shared", calls: [...opened, "linkStat /d/.a.lock.gate = none", ...taken("shared"), "unlock", "close"] },
  ] as const;
  for (const { how, calls } of rows) {
    it(`costs these calls and no other: ${how}`, () => {
      const { runtime, trace } = traceRuntime(memoryRuntime({ files: { "/d/a": "content", "/d/a.lock": "" } }));
      withLockSync("/d/a", () => {}, { runtime, shared: how === "shared" });
      assertEquals(trace, [...calls]);
    });
  }
});

describe("a gate that somebody holds who could not hold the lock", () => {
  /** A lock in a directory where another user, who may only make names there, holds a file by the name of the gate. */
  function gated(user: number, mode: number): { machine: MemoryRuntime; waits: (shared: boolean) => unknown } {
    const machine = memoryRuntime({
      user: 0,
      files: {
        "/d": { kind: "directory", user: 0, mode: 0o1777 },
        "/d/a": { content: "", user: 0, group: 0, mode },
        "/d/a.lock": { content: "", user: 0, group: 0, mode },
        "/d/.a.lock.gate": { content: "", user, group: user, mode: 0o666 },
      },
    });
    const gate = machine.fork({ user }).syncFileSystem.open("/d/.a.lock.gate", "read");
    assertEquals(gate?.tryLock(false), true);
    const sharer = machine.fork({ user: 0 });
    const held = sharer.syncFileSystem.open("/d/a.lock", "read");
    assertEquals(held?.tryLock(true), true);
    const waits = (shared: boolean) => {
      try {
        return withLockSync("/d/a", () => "held", { runtime: machine, shared, timeout: 100 });
      } catch (error) {
        return Reflect.get(Object(error), "code");
      }
    };
    return { machine, waits };
  }

  for (
    const [what, user, mode, isLeft] of [
      ["of a stranger, for a lock of its owner alone", 7, 0o600, true],
      ["of a stranger, for a lock of a group", 7, 0o660, true],
      ["of a stranger, for a lock that everybody may take", 7, 0o644, false],
      ["of root", 0, 0o600, false],
    ] as const
  ) {
    it(`${isLeft ? "keeps no sharer" : "keeps sharers"} waiting: ${what}`, () => {
      const { machine, waits } = gated(user, mode);
      assertEquals(waits(true), isLeft ? "held" : "ETIMEDOUT");
      assertEquals(waits(false), "ETIMEDOUT", "a sharer holds the lock");
      assertEquals(machine.statusOf("/d/.a.lock.gate")?.user, user, "it stays");
    });
  }
});
