/** Another lock file, which somebody holds, takes the place of ours: it is theirs, and is not removed. */
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { updateTextFileSync, withLockSync } from "../../mod.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { faultRuntime, type MemoryRuntime, memoryRuntime } from "../../src/testing/mod.ts";
import { notEmpty } from "../support/tally.ts";

const lock = "/d/file.lock";

const operations: Readonly<Record<string, { lockFile: boolean; run: (runtime: Runtime) => unknown }>> = {
  "a lock that is taken by a lock directory in place of a lock file": {
    lockFile: true,
    run: (runtime) => withLockSync("/d/file", () => {}, { runtime, backend: "directory", timeout: 0 }),
  },
  "an update that fails, whose lock file goes again": {
    lockFile: false,
    run: (runtime) =>
      updateTextFileSync("/d/file", () => {
        throw new RangeError("mine");
      }, { runtime, lock: { timeout: 0 } }),
  },
};

/** Puts a lock file that another process holds in the place of what is there; its identity. */
function exchange(machine: MemoryRuntime): string | undefined {
  const { syncFileSystem } = machine.fork();
  const file = syncFileSystem.create("/d/other", 0o666);
  assertEquals(file.tryLock(false), true);
  try {
    syncFileSystem.rename("/d/other", lock);
  } catch {
    // A lock directory with a token in it is there by now.
    return undefined;
  }
  return machine.statusOf(lock)?.identity;
}

describe("a lock file that took the place of ours, and is held,", () => {
  for (const [name, { lockFile, run }] of notEmpty(Object.entries(operations))) {
    it(`is not removed by ${name}`, () => {
      let exchanges = 0;
      for (let number = 1, isOver = false; !isOver; number++) {
        const files = { "/d": { kind: "directory" as const }, ...lockFile ? { [lock]: "" } : {} };
        const machine = memoryRuntime({ files });
        let passed = 0;
        let theirs: string | undefined;
        /** Between the last look and the removal nobody can tell. */
        let isLast = false;
        const { runtime } = faultRuntime(machine, {
          at: ({ method, path }) => {
            if (++passed !== number) return false;
            theirs = exchange(machine);
            isLast = method === "remove" && path === lock;
            return false;
          },
          error: "EIO",
        });
        try {
          run(runtime);
        } catch {
          // The lock is theirs.
        }
        isOver = passed < number;
        if (theirs === undefined || isLast) continue;
        exchanges++;
        assertEquals(machine.statusOf(lock)?.identity, theirs, `exchanged before call ${number}`);
      }
      assert(exchanges > 2, `${exchanges} exchanges`);
    });
  }
});
