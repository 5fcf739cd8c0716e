/** Waits that nothing could ever end are errors: of a program for itself, and in a circle. */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { describe, it } from "node:test";
import { acquireLock, DeadlockError, updateTextFile, withLock, withLockSync, writeFile } from "../../mod.ts";
import { spawnScript } from "../support/spawn.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";

describe("a program that waits for its own lock and has nothing else to do", () => {
  const rows = [
    { how: "update", says: /^DeadlockError\nreleased\n$/, code: 0 },
    // Deno waits for the timer of such a signal, Node and Bun do not.
    { how: "abort", says: /^(DeadlockError|TimeoutError)\nreleased\n$/, code: 0 },
    { how: "two", says: /^DeadlockError,DeadlockError\nreleased\n$/, code: 0 },
    { how: "exit", says: /^$/, code: 7 },
  ];
  for (const { how, says, code } of rows) {
    it(`${how}: ends with status ${code}, and says ${says}`, () =>
      withTemporaryDirectory(async (directory) => {
        const { status } = spawnScript("tests/lock/scripts/self_wait.ts", [join(directory, "a"), how]);
        const ended = await status;
        assertEquals([ended.code, ended.stderr], [code, ""]);
        assert(says.test(ended.stdout), ended.stdout);
      }));
  }
});

/** Locks each in the callback of the one before, waiting in between until all have the first. */
async function nest(names: readonly string[], ready: () => Promise<void>): Promise<string> {
  const [first = "", second = ""] = names;
  try {
    await withLock(first, async () => {
      await ready();
      await withLock(second, () => {});
    });
    return "done";
  } catch (error) {
    return DeadlockError.is(error) ? "deadlock" : String(error);
  }
}

function meeting(count: number): () => Promise<void> {
  let missing = count;
  let open = () => {};
  const all = new Promise<void>((resolve) => open = resolve);
  return () => {
    if (--missing === 0) open();
    return all;
  };
}

describe("locks that wait for one another in a circle", () => {
  for (const length of [2, 3, 5]) {
    it(`of ${length}: the request that would close it is a DeadlockError, and the others go on`, () =>
      withTemporaryDirectory(async (directory) => {
        const ready = meeting(length);
        const path = (index: number) => join(directory, `${index % length}`);
        const ends = Array.from({ length }, (_, index) => nest([path(index), path(index + 1)], ready));
        const told = (await Promise.all(ends)).sort();
        assertEquals(told, ["deadlock", ...Array.from({ length: length - 1 }, () => "done")]);
      }));
  }

  it("that is none, a chain, is waited for to its end", () =>
    withTemporaryDirectory(async (directory) => {
      const ready = meeting(3);
      const path = (index: number) => join(directory, `${index}`);
      const ends = [0, 1, 2].map((index) => nest([path(index), path(index + 1)], ready));
      assertEquals(await Promise.all(ends), ["done", "done", "done"]);
    }));

  it("through locks that were joined", () =>
    withTemporaryDirectory(async (directory) => {
      const [a, b] = [join(directory, "a"), join(directory, "b")];
      const ready = meeting(2);
      const lock = await acquireLock(a);
      await writeFile(a, "");
      const joined = updateTextFile(a, async () => {
        await ready();
        await withLock(b, () => {});
        return "joined";
      }, { lock });
      const other = withLock(b, async () => {
        await ready();
        await updateTextFile(a, () => "other", { lock });
      });
      const ends = await Promise.allSettled([joined, other]);
      const failures = ends.filter((end) => end.status === "rejected").map((end) => end.reason);
      assertEquals(failures.map(DeadlockError.is), [true], String(failures));
      await lock.release();
    }));

  it("is not what a try is, nor what a synchronous call sees", () =>
    withTemporaryDirectory(async (directory) => {
      const [a, b] = [join(directory, "a"), join(directory, "b")];
      await withLock(a, () => withLock(b, () => {}));
      withLockSync(b, () => withLockSync(a, () => {}));
      const held = await acquireLock(a);
      const late = await acquireLock(a, { timeout: 0 }).catch((error) => error.name);
      assertEquals(late, "LockBusyError");
      await held.release();
    }));
});
