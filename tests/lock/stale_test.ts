/** `staleAfter`: what it promises, and no more. On a simulated machine whose processes cannot judge each other. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "node:test";
import {
  acquireLock,
  acquireLockSync,
  type FileLock,
  LockError,
  LockLostError,
  LockTimeoutError,
  tryLock,
  writeFile,
} from "../../mod.ts";
import { tokenName } from "../../src/protocol/names/names.ts";
import { faultRuntime, type MemoryRuntime, memoryRuntime } from "../../src/testing/mod.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";

const staleAfter = 10_000;
const renewing = { backend: "directory", staleAfter } as const;
const path = "/state";

const machine = (): MemoryRuntime => memoryRuntime({ processFacts: false });

/** How long it takes on the machine's own clock to get the lock, and the lock. */
async function timed(runtime: MemoryRuntime, options: object): Promise<[took: number, lock: FileLock]> {
  const start = runtime.clock.monotonic();
  const lock = await acquireLock(path, { ...options, runtime });
  return [runtime.clock.monotonic() - start, lock];
}

/** A runtime whose timers stand still until `thaw`: a process that is stopped. */
function stoppable(runtime: MemoryRuntime): { runtime: Runtime; thaw: () => void } {
  const frozen: (() => void)[] = [];
  const clock = {
    ...runtime.clock,
    sleep: (milliseconds: number, signal?: AbortSignal) =>
      new Promise<void>((resolve) => frozen.push(resolve)).then(() => runtime.clock.sleep(milliseconds, signal)),
  };
  const stopped: Runtime = {
    name: runtime.name,
    fileSystem: runtime.fileSystem,
    syncFileSystem: runtime.syncFileSystem,
    clock,
    random: (length) => runtime.random(length),
    createHash: () => runtime.createHash(),
    process: runtime.process,
    capabilities: runtime.capabilities,
  };
  return { runtime: stopped, thaw: () => frozen.splice(0).forEach((resolve) => resolve()) };
}

describe("staleAfter", () => {
  it("a holder that renews is not robbed, however long it takes", async () => {
    const runtime = machine();
    const lock = await acquireLock(path, { ...renewing, runtime });
    const other = runtime.fork();
    const options = { ...renewing, timeout: 20 * staleAfter, runtime: other };
    await assertRejects(() => acquireLock(path, options), LockTimeoutError);
    assertEquals(lock.signal.aborted, false);
    await writeFile(path, "mine", { lock, runtime });
    await lock.release();
    const [took, next] = await timed(other, renewing);
    assert(took < staleAfter / 2, `${took}`);
    await next.release();
    assertEquals(runtime.files(), { "/state": "mine" });
  });

  it("one that has died is robbed after that time, and not before", async () => {
    const runtime = machine();
    const dying = runtime.fork();
    await acquireLock(path, { ...renewing, runtime: dying });
    dying.kill();
    const [took, lock] = await timed(runtime, renewing);
    assert(took >= staleAfter && took < 1.5 * staleAfter, `${took}`);
    await lock.release();
  });

  it("one that does not renew is not robbed, nor does one rob who has not asked for it", async () => {
    const runtime = machine();
    const plain = runtime.fork();
    await acquireLock(path, { backend: "directory", runtime: plain });
    plain.kill();
    const patient = { ...renewing, timeout: 5 * staleAfter, runtime };
    await assertRejects(() => acquireLock(path, patient), LockTimeoutError);
    const dying = runtime.fork();
    await acquireLock("/second", { ...renewing, runtime: dying });
    dying.kill();
    const asking = { backend: "directory", timeout: 5 * staleAfter, runtime } as const;
    await assertRejects(() => acquireLock("/second", asking), LockTimeoutError);
  });

  it("one that was stopped for longer than that is robbed, learns of it, and neither writes nor takes anything away", async () => {
    const runtime = machine();
    const { runtime: stopped, thaw } = stoppable(runtime.fork());
    const lock = await acquireLock(path, { ...renewing, runtime: stopped });
    const [took, robber] = await timed(runtime, renewing);
    assert(took >= staleAfter, `${took}`);
    assertEquals(lock.signal.aborted, false, "it cannot know yet");
    const error = await assertRejects(() => writeFile(path, "late", { lock, runtime: stopped }), LockLostError);
    assertEquals([error.code, error.targetState], ["ELOST", "unchanged"]);
    assert(lock.signal.aborted && LockLostError.is(lock.signal.reason));
    await lock.release();
    lock[Symbol.dispose]();
    thaw();
    await writeFile(path, "new", { lock: robber, runtime });
    await robber.release();
    assertEquals(runtime.files(), { "/state": "new" });
  });

  it("one that goes on after it was robbed learns of it by its own renewal, and nothing throws from there", async () => {
    const runtime = machine();
    const { runtime: stopped, thaw } = stoppable(runtime.fork());
    const lock = await acquireLock(path, { ...renewing, runtime: stopped });
    const [, robber] = await timed(runtime, renewing);
    thaw();
    // A renewal keeps no process alive, and lets no time pass by itself.
    await runtime.clock.sleep(staleAfter);
    // Asked for only now: a signal has its lock looked at.
    const { signal } = lock;
    assert(signal.aborted && LockLostError.is(signal.reason));
    await lock.release();
    await robber.release();
    assertEquals(runtime.files(), {});
  });

  it("time in which the contender itself was stopped does not count", async () => {
    const runtime = machine();
    await acquireLock(path, { ...renewing, runtime: runtime.fork() });
    // Its clock jumps by a minute between two looks, again and again, while the holder does not get to renew.
    let jumps = 0;
    const leaping: Runtime = {
      ...stoppable(runtime).runtime,
      clock: {
        ...runtime.clock,
        monotonic: () => jumps * 60_000,
        // Who robs all the same would renew at once, again and again, and never let the test end.
        sleep: () => ++jumps > 100 ? new Promise<void>(() => {}) : Promise.resolve(),
      },
    };
    const options = { ...renewing, timeout: 8 * 60_000, runtime: leaping };
    await assertRejects(() => acquireLock(path, options), LockTimeoutError);
    assert(jumps >= 8);
  });

  it("a synchronous holder renews, too, as long as its event loop runs", async () => {
    const runtime = machine();
    const lock = acquireLockSync(path, { ...renewing, runtime });
    const options = { ...renewing, timeout: 5 * staleAfter, runtime: runtime.fork() };
    await assertRejects(() => acquireLock(path, options), LockTimeoutError);
    lock[Symbol.dispose]();
    assertEquals(runtime.files(), {});
  });
});

describe("a lock directory", () => {
  const directory = { backend: "directory", timeout: 0 } as const;

  it("with the token of a dead process and that of its holder is its holder's", async () => {
    const runtime = memoryRuntime();
    const [dead, holder] = [runtime.fork(), runtime.fork()];
    const [facts, alive] = [dead.process.facts(), holder.process.facts()];
    dead.kill();
    const token = (stamp: number, of: typeof facts) =>
      `${path}.lock/${tokenName({ generation: 1, stamp, random: "a".repeat(26), facts: of })}`;
    // As a copy of an older state of the directory leaves them; the one with the highest stamp is looked at first.
    runtime.put(token(1, alive));
    runtime.put(token(2, facts));
    assertEquals(await tryLock(path, { backend: "directory", runtime }), undefined);
    assertEquals(Object.keys(runtime.files("/state.lock")), [token(1, alive)]);
    holder.kill();
    await (await acquireLock(path, { ...directory, runtime })).release();
  });

  it("whose token could not be removed is free for its own process all the same", async () => {
    const machine = memoryRuntime();
    const process = machine.fork();
    const { runtime } = faultRuntime(process, {
      at: ({ method, path: name }) =>
        ["remove", "rename"].includes(method) && name?.startsWith(`${path}.lock/`) === true,
      times: "always",
      error: "EIO",
    });
    const lock = await acquireLock(path, { ...directory, runtime });
    await assertRejects(() => lock.release(), LockError, "EIO");
    assertEquals(await tryLock(path, { backend: "directory", runtime: machine }), undefined);
    await (await acquireLock(path, { ...directory, runtime: process })).release();
    await (await acquireLock(path, { ...directory, runtime: machine })).release();
    assertEquals(machine.files(), {});
  });
});

describe("a holder that cannot be judged", () => {
  const elsewhere = {
    "of another machine, or another start of this one": { boot: "0" },
    "of another pid namespace": { namespace: "0" },
  };
  for (const [what, difference] of Object.entries(elsewhere)) {
    it(`${what}, is not robbed, though no process here has its number`, async () => {
      const runtime = memoryRuntime();
      const own = runtime.process.facts();
      assert(own !== undefined);
      const facts = { ...own, pid: 99_999, ...difference };
      const token = `${path}.lock/${tokenName({ generation: 1, stamp: undefined, random: "a".repeat(26), facts })}`;
      runtime.put(token);
      assertEquals(await tryLock(path, { backend: "directory", runtime }), undefined);
      // Waited for, as with the directory backend: it may be given back on its own host.
      for (const backend of ["auto", "directory"] as const) {
        const late = () => acquireLock(path, { backend, timeout: 5_000, runtime });
        const error = await assertRejects(late, LockTimeoutError, "breakLock");
        assertEquals(error.code, "ETIMEDOUT");
      }
      assert(runtime.statusOf(token) !== undefined);
    });
  }
});
