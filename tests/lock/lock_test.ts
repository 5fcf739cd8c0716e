/** Locks within one process: taking, sharing, waiting, giving back; the same with every backend that there is. */
import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import {
  acquireLock,
  acquireLockSync,
  DeadlockError,
  type ExclusiveLockOptions,
  type FileLock,
  LockBusyError,
  LockError,
  LockLostError,
  type LockOptions,
  LockTimeoutError,
  tryLock,
  tryLockSync,
  withLock,
  withLockSync,
  writeFile,
} from "../../mod.ts";
import { memoryRuntime } from "../../src/testing/mod.ts";
import { namesIn } from "../support/files.ts";
import { skip } from "../support/skip.ts";
import { copyOfModule } from "../support/module_copy.ts";
import { notEmpty } from "../support/tally.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { hasKernelLock, lockBackends, pause } from "./support.ts";

const backends = lockBackends();

type Turns = ReadonlyMap<string, { readonly waiting: readonly unknown[] }>;

function turns(): Turns {
  return Reflect.get(globalThis, Symbol.for("@durable/atomic-write/lock-turns/1")) as Turns | undefined ?? new Map();
}

/** How many keys this process has turns for: none may pile up. */
const turnsInUse = (): number => turns().size;

/** Who was called first has not always got as far as the queue when the next one is called: a busy machine shows it. */
async function untilWaiting(count: number): Promise<void> {
  const waiters = () => [...turns().values()].reduce((sum, { waiting }) => sum + waiting.length, 0);
  while (waiters() < count) await pause(1);
}

/** Keeps the event loop from turning. */
function holdUp(milliseconds: number): void {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
}

/** A file that is not there, and the check that nothing of its locks is left. */
function withPlace(run: (path: string) => Promise<void>): Promise<void> {
  return withTemporaryDirectory(async (directory) => {
    await run(join(directory, "state.json"));
    assertEquals(turnsInUse(), 0, "a turn is left");
    assertEquals(namesIn(directory).filter((name) => name.endsWith(".tmp")), [], "something prepared is left");
  });
}

for (const backend of notEmpty(backends)) {
  describe(`a lock (${backend})`, () => {
    const options: LockOptions = { backend };

    it("tells what it is", () =>
      withPlace(async (path) => {
        const lock = await acquireLock(path, options);
        assertEquals([lock.path, lock.backend, lock.shared], [path, backend, false]);
        assertEquals(lock.signal.aborted, false);
        await lock.release();
      }));

    it("excludes everybody else", () =>
      withPlace(async (path) => {
        const lock = await acquireLock(path, options);
        assertEquals(await tryLock(path, options), undefined);
        assertEquals(await tryLock(path, { ...options, shared: true }), undefined);
        assertEquals(tryLockSync(path, options), undefined);
        await lock.release();
        const next = await tryLock(path, options);
        assert(next !== undefined);
        await next.release();
      }));

    it("is released once, however often that is said", () =>
      withPlace(async (path) => {
        const first = await acquireLock(path, options);
        await Promise.all([first.release(), first.release()]);
        const second = await acquireLock(path, options);
        await first.release();
        first[Symbol.dispose]();
        await first[Symbol.asyncDispose]();
        assertEquals(await tryLock(path, options), undefined, "the second one's was released");
        await second.release();
      }));

    it("is free when release returns, before its promise resolves, also after the event loop was busy", () =>
      withPlace(async (path) => {
        for (const busy of [0, 20]) {
          const lock = await acquireLock(path, options);
          holdUp(busy);
          const released = lock.release();
          const next = tryLockSync(path, options);
          assert(next !== undefined, `after ${busy} ms`);
          next[Symbol.dispose]();
          await released;
        }
      }));

    it("is free at the end of a scope, also after the event loop was busy", () =>
      withPlace(async (path) => {
        for (const busy of [0, 20]) {
          const lock = await acquireLock(path, options);
          holdUp(busy);
          lock[Symbol.dispose]();
          const next = tryLockSync(path, options);
          assert(next !== undefined, `after ${busy} ms`);
          next[Symbol.dispose]();
        }
      }));

    it("is given back at the end of a scope", () =>
      withPlace(async (path) => {
        {
          await using lock = await acquireLock(path, options);
          assertEquals(lock.backend, backend);
        }
        {
          using _lock = acquireLockSync(path, options);
          assertEquals(tryLockSync(path, options), undefined);
        }
        {
          using _lock = await acquireLock(path, options);
        }
        tryLockSync(path, options)?.[Symbol.dispose]();
      }));

    it("locks are released in any order", () =>
      withPlace(async (path) => {
        const [a, b, c] = await Promise.all(["a", "b", "c"].map((name) => acquireLock(path + name, options)));
        await b?.release();
        await a?.release();
        await c?.release();
        for (const name of ["a", "b", "c"]) {
          await (await acquireLock(path + name, { ...options, timeout: 0 })).release();
        }
      }));

    it("with timeout 0 tries once", () =>
      withPlace(async (path) => {
        const lock = await acquireLock(path, options);
        const error = await assertRejects(() => acquireLock(path, { ...options, timeout: 0 }), LockBusyError);
        assert(LockTimeoutError.is(error) && LockError.is(error));
        assert(error.message.includes("it is already held by this process"), error.message);
        assertEquals([error.code, error.step, error.targetState, error.path], ["EBUSY", "lock", "unchanged", path]);
        assertThrows(() => acquireLockSync(path, { ...options, timeout: 0 }), LockBusyError);
        await lock.release();
      }));

    it("with timeout 50 gives up after 50 ms, in order and without a trace", () =>
      withPlace(async (path) => {
        const lock = await acquireLock(path, options);
        const start = performance.now();
        const error = await assertRejects(() => acquireLock(path, { ...options, timeout: 50 }), LockTimeoutError);
        assert(performance.now() - start >= 45);
        assertEquals([error.code, error.message.includes("within 0.05 s")], ["ETIMEDOUT", true]);
        await lock.release();
        await (await acquireLock(path, { ...options, timeout: 0 })).release();
      }));

    it("aborted before: nothing happens", () =>
      withPlace(async (path) => {
        const reason = new Error("never mind");
        const signal = AbortSignal.abort(reason);
        const error = await assertRejects(() => acquireLock(path, { ...options, signal }));
        assertStrictEquals(error, reason);
      }));

    it("aborted while waiting: rejects with the reason, and the place in the queue is given up", () =>
      withPlace(async (path) => {
        const lock = await acquireLock(path, options);
        const controller = new AbortController();
        const waiting = assertRejects(() => acquireLock(path, { ...options, signal: controller.signal }), RangeError);
        const behind = acquireLock(path, options);
        await pause(20);
        controller.abort(new RangeError("enough"));
        await waiting;
        await lock.release();
        await (await behind).release();
      }));

    it("an abort after it was taken changes nothing", () =>
      withPlace(async (path) => {
        const controller = new AbortController();
        const lock = await acquireLock(path, { ...options, signal: controller.signal });
        controller.abort();
        assertEquals(lock.signal.aborted, false);
        assertEquals(await tryLock(path, options), undefined);
        await lock.release();
      }));

    it("serves the waiters of one process in their order", () =>
      withPlace(async (path) => {
        const lock = await acquireLock(path, options);
        const order: number[] = [];
        const waiting: Promise<void>[] = [];
        const wait = async (number: number) => {
          await using _lock = await acquireLock(path, { ...options, timeout: number % 2 ? 30_000 : Infinity });
          order.push(number);
          await pause(1);
        };
        for (let number = 0; number < 8; number++) {
          waiting.push(wait(number));
          await untilWaiting(waiting.length);
        }
        await lock.release();
        await Promise.all(waiting);
        assertEquals(order, [0, 1, 2, 3, 4, 5, 6, 7]);
      }));

    it("is one lock for all paths to the file", () =>
      withTemporaryDirectory(async (directory) => {
        fs.mkdirSync(join(directory, "real"));
        fs.writeFileSync(join(directory, "real/state"), "");
        fs.symlinkSync("real", join(directory, "dir"));
        fs.symlinkSync("real/state", join(directory, "alias"));
        fs.symlinkSync("real/later", join(directory, "dangling"));
        const lock = await acquireLock(join(directory, "real/state"), options);
        for (const path of ["alias", "dir/state", "real/../alias"]) {
          assertEquals(await tryLock(join(directory, path), options), undefined, path);
          assertThrows(() => acquireLockSync(join(directory, path), options), DeadlockError);
        }
        await lock.release();
        const dangling = await acquireLock(join(directory, "dangling"), options);
        assertEquals(dangling.path, join(directory, "real/later"));
        assertEquals(await tryLock(join(directory, "real/later"), options), undefined);
        await dangling.release();
      }));

    it("two copies of the module keep one order, and know each other's locks", () =>
      withTemporaryDirectory(async (directory) => {
        const copy = await copyOfModule(directory);
        const path = join(directory, "state");
        const lock = await copy.acquireLock(path, options);
        assertEquals(await tryLock(path, options), undefined);
        assertThrows(() => acquireLockSync(path, options), DeadlockError);
        const mine = acquireLock(path, options);
        await untilWaiting(1);
        const theirs = copy.acquireLock(path, options);
        await untilWaiting(2);
        await writeFile(path, "1", { lock });
        await lock.release();
        const first = await Promise.race([mine.then(() => "mine"), theirs.then(() => "theirs")]);
        assertEquals(first, "mine");
        await (await mine).release();
        await (await theirs).release();
        await copy.withLock(path, async () => {
          await assertRejects(() => withLock(path, () => {}, options), DeadlockError);
        }, options);
        const error = await assertRejects(() => writeFile(path, "2", { lock }), Error, "released");
        assert(LockLostError.is(error));
      }));
  });

  describe(`a callback inside a lock (${backend})`, () => {
    const options: ExclusiveLockOptions = { backend };

    it("has its value returned and its error rethrown as it is, and the lock is free afterwards", () =>
      withPlace(async (path) => {
        assertEquals(await withLock(path, () => 7, options), 7);
        assertEquals(await withLock(path, async (lock) => (await pause(1), lock.backend), options), backend);
        assertEquals(withLockSync(path, (lock) => lock.path, options), path);
        const error = new RangeError("mine");
        const failing = () => {
          throw error;
        };
        assertStrictEquals(await assertRejects(() => withLock(path, failing, options)), error);
        assertStrictEquals(await assertRejects(() => withLock(path, () => Promise.reject(error), options)), error);
        assertStrictEquals(assertThrows(() => withLockSync(path, failing, options)), error);
        await (await acquireLock(path, { ...options, timeout: 0 })).release();
      }));

    it("may write the file, with the lock or without naming it", () =>
      withPlace(async (path) => {
        await withLock(path, async (lock) => {
          await writeFile(path, "1");
          await writeFile(path, "2", { lock });
        }, options);
        assertEquals(fs.readFileSync(path, "utf8"), "2");
      }));

    it("must not ask for the same lock again, however deep: DeadlockError at once", () =>
      withPlace(async (path) => {
        const deep = async (): Promise<void> => {
          await pause(1);
          await withLock(`${path}.other`, async () => {
            await pause(1);
            await acquireLock(path, options);
          });
        };
        const ways = [
          deep,
          () => withLock(path, () => {}, options),
          () => writeFile(path, "x", { lock: options }),
          () => tryLock(path, options),
        ];
        for (const way of ways) {
          await withLock(path, async () => {
            const error = await assertRejects(way, DeadlockError);
            assertEquals([error.code, error.step, error.targetState], ["EDEADLK", "lock", "unchanged"]);
          }, options);
        }
        withLockSync(path, () => assertThrows(() => withLockSync(path, () => {}, options), DeadlockError), options);
      }));

    it("may give it back and take it again; what it has given back it does not give back once more at its end", () =>
      withPlace(async (path) => {
        let other: FileLock | undefined;
        await withLock(path, async (held) => {
          await held.release();
          assertEquals(await withLock(path, () => "again", options), "again");
          other = await acquireLock(path, options);
        }, options);
        assertEquals(await tryLock(path, options), undefined);
        await other?.release();
      }));

    it("a task that outlives it may ask, and waits like everybody", () =>
      withPlace(async (path) => {
        let detached: Promise<string> | undefined;
        await withLock(path, () => {
          detached = pause(20).then(() => withLock(path, () => "had it", options));
        }, options);
        const other = await acquireLock(path, options);
        await pause(40);
        await other.release();
        assertEquals(await detached, "had it");
      }));

    it("after a wait it is checked again where the path leads: a link may have been changed in between", async (t) => {
      if (process.platform === "win32") return skip(t, "symlinks need rights there");
      await withPlace(async (path) => {
        const [other, link] = [`${path}.other`, `${path}.link`];
        for (const file of [path, other]) fs.writeFileSync(file, "");
        fs.symlinkSync(path, link);
        const holder = await acquireLock(path, options);
        const waiting = acquireLock(link, options);
        await pause(20);
        fs.rmSync(link);
        fs.symlinkSync(other, link);
        await holder.release();
        await using lock = await waiting;
        assertEquals(lock.path, other);
        assertEquals(await tryLock(other, options), undefined);
        await using former = await tryLock(path, options);
        assert(former !== undefined, "what was waited for is given back");
      });
    });

    it("a waiter that cannot check any more where the path leads holds nothing", async (t) => {
      if (process.platform === "win32") return skip(t, "symlinks need rights there");
      await withPlace(async (path) => {
        const link = `${path}.link`;
        fs.writeFileSync(path, "");
        fs.symlinkSync(path, link);
        const holder = await acquireLock(path, options);
        const waiting = assertRejects(() => acquireLock(link, options), LockError);
        await pause(20);
        fs.rmSync(link);
        fs.symlinkSync(link, link);
        await holder.release();
        assertEquals((await waiting).code, "ELOOP");
        await using free = await tryLock(path, options);
        assert(free !== undefined);
      });
    });

    it("with synchronous code must not return a promise, which is not left unhandled", () =>
      withPlace(async (path) => {
        const returning = () => Promise.reject(new Error("nobody awaits this"));
        assertThrows(() => withLockSync(path, returning, options), TypeError, "promise");
        await pause(5);
        await (await acquireLock(path, { ...options, timeout: 0 })).release();
      }));

    it("a synchronous call for a lock that asynchronous code holds, or waits for, is a DeadlockError at once", () =>
      withPlace(async (path) => {
        const lock = await acquireLock(path, options);
        const error = assertThrows(() => acquireLockSync(path, options), DeadlockError);
        assertEquals(error.code, "EDEADLK");
        assertThrows(() => acquireLockSync(path, { ...options, timeout: 1000 }), DeadlockError);
        await lock.release();
      }));
  });
}

describe("shared locks", () => {
  const shared: LockOptions = { shared: true };

  it("are held together, and exclude exclusive ones", async (t) => {
    if (!hasKernelLock()) return skip(t, "there is no kernel lock here");
    await withPlace(async (path) => {
      const one = await acquireLock(path, shared);
      const two = await acquireLock(path, shared);
      const three = acquireLockSync(path, shared);
      assertEquals([one.shared, two.shared, three.shared], [true, true, true]);
      assertEquals(await tryLock(path), undefined);
      await one.release();
      assertEquals(await tryLock(path), undefined);
      await two.release();
      three[Symbol.dispose]();
      await (await acquireLock(path, { timeout: 0 })).release();
    });
  });

  it("that come after a waiting exclusive one wait behind it", async (t) => {
    if (!hasKernelLock()) return skip(t, "there is no kernel lock here");
    await withPlace(async (path) => {
      const first = await acquireLock(path, shared);
      const order: string[] = [];
      const took = (name: string) => async (lock: FileLock) => {
        order.push(name);
        await pause(2);
        await lock.release();
      };
      const waiting = [
        acquireLock(path).then(took("exclusive")),
        acquireLock(path, shared).then(took("shared")),
        acquireLock(path, shared).then(took("shared")),
        acquireLock(path).then(took("exclusive")),
      ];
      await first.release();
      await Promise.all(waiting);
      assertEquals(order, ["exclusive", "shared", "shared", "exclusive"]);
    });
  });

  it("an exclusive waiter that gives up lets the shared ones behind it in", async (t) => {
    if (!hasKernelLock()) return skip(t, "there is no kernel lock here");
    await withPlace(async (path) => {
      const first = await acquireLock(path, shared);
      const impatient = assertRejects(() => acquireLock(path, { timeout: 30 }), LockTimeoutError);
      const behind = acquireLock(path, shared);
      await impatient;
      await (await behind).release();
      await first.release();
    });
  });

  it("cannot become exclusive, which is said clearly, and the shared one is kept", async (t) => {
    if (!hasKernelLock()) return skip(t, "there is no kernel lock here");
    await withPlace(async (path) => {
      await withLock(path, async (lock) => {
        await assertRejects(() => acquireLock(path), DeadlockError, "cannot become exclusive");
        await assertRejects(() => tryLock(path), DeadlockError, "cannot become exclusive");
        await assertRejects(() => writeFile(path, "x", { lock }), TypeError, "held shared");
        assertEquals(fs.existsSync(path), false);
        assertEquals(await withLock(path, (again) => again.shared, shared), true, "shared once more it may be");
        const copy = await acquireLock(path, { shared: true, timeout: 0 });
        await copy.release();
      }, shared);
    });
  });

  it("in a lock directory are exclusive, and say so", () =>
    withPlace(async (path) => {
      const lock = await acquireLock(path, { backend: "directory", shared: true });
      assertEquals(lock.shared, false);
      assertEquals(await tryLock(path, { backend: "directory", shared: true }), undefined);
      assertThrows(() => acquireLockSync(path, { backend: "directory", shared: true }), DeadlockError);
      await lock.release();
    }));
});

describe("the options of a lock", () => {
  it("are checked before anything happens", () =>
    withPlace(async (path) => {
      const wrong: [options: object, error: typeof TypeError | typeof RangeError][] = [
        [{ timeout: -1 }, RangeError],
        [{ timeout: NaN }, RangeError],
        [{ timeout: "1" }, TypeError],
        [{ shared: 1 }, TypeError],
        [{ backend: "fcntl" }, TypeError],
        [{ staleAfter: 10 }, RangeError],
        [{ staleAfter: 30_000, backend: "flock" }, TypeError],
        [{ signal: {} }, TypeError],
        [{ lockDirectory: 7 }, TypeError],
        [{ tiemout: 5 }, TypeError],
      ];
      for (const [options, error] of wrong) {
        await assertRejects(() => acquireLock(path, options), error, "");
        assertThrows(() => acquireLockSync(path, options), error);
        await assertRejects(() => writeFile(path, "", { lock: options }), error);
      }
      assertThrows(() => acquireLockSync(path, { signal: new AbortController().signal } as object), TypeError);
      await assertRejects(() => writeFile(path, "", { lock: 1 as unknown as boolean }), TypeError);
      await assertRejects(
        () => withLock(path, undefined as unknown as () => void),
        TypeError,
        "run must be a function, not undefined",
      );
      const other = await acquireLock(`${path}.other`);
      await assertRejects(() => writeFile(path, "", { lock: other }), TypeError, "not for this");
      await other.release();
      assertEquals(fs.existsSync(path), false);
    }));

  it("a lock directory of its own keeps files of one name apart, and their aliases together", () =>
    withTemporaryDirectory(async (directory) => {
      for (const name of ["locks", "a", "b"]) fs.mkdirSync(join(directory, name));
      fs.symlinkSync("a", join(directory, "c"));
      const lockDirectory = join(directory, "locks");
      const a = await acquireLock(join(directory, "a/state"), { lockDirectory });
      const b = await acquireLock(join(directory, "b/state"), { lockDirectory, timeout: 0 });
      assertEquals(await tryLock(join(directory, "c/state"), { lockDirectory }), undefined);
      await writeFile(join(directory, "a/state"), "x", { lock: a });
      await a.release();
      await b.release();
      assertEquals(namesIn(join(directory, "a")), ["state"]);
      assertEquals(namesIn(lockDirectory).every((name) => /^state~[0-9a-f]{16}\.lock$/.test(name)), true);
    }));

  it("the missing directory of a file or of its locks is named", () =>
    withTemporaryDirectory(async (directory) => {
      const missing = join(directory, "missing");
      await assertRejects(() => acquireLock(join(missing, "state")), LockError, `no directory "${missing}"`);
      const backend = "directory" as const;
      await assertRejects(
        () => acquireLock(join(missing, "state"), { backend }),
        LockError,
        `no directory "${missing}"`,
      );
      await assertRejects(() => acquireLock(join(directory, "a"), { lockDirectory: missing }), LockError, missing);
    }));
});

describe("a lock on a file system that answers with promises", () => {
  for (const backend of ["flock", "directory"] as const) {
    it(`is released by dispose in its own time (${backend})`, async () => {
      const runtime = memoryRuntime({ delay: "every" });
      const lock = await acquireLock("/state", { runtime, backend });
      lock[Symbol.dispose]();
      await (await acquireLock("/state", { runtime, backend })).release();
      assertEquals(runtime.openHandles, []);
    });
  }
});
