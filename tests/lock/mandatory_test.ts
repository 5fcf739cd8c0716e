/** Locks that keep others from reading what is locked, as one runtime's do on Windows: who cannot read knows that it is held. */
import { describe, it } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { acquireLock, inspectLock, LockTimeoutError, tryLock, tryLockSync, updateFile } from "../../mod.ts";
import { memoryRuntime } from "../../src/testing/mod.ts";
import { applyFiles, recoverTransactions } from "../../src/transaction/mod.ts";

const path = "/d/a";
const machine = () => memoryRuntime({ mandatoryLocks: true, files: { [path]: "0" } });

describe("a lock that keeps others from reading its file", () => {
  it("is held, and not another program's file", async () => {
    const runtime = machine();
    const other = runtime.fork();
    const lock = await acquireLock(path, { runtime });
    assertEquals(await tryLock(path, { runtime: other }), undefined);
    assertEquals(tryLockSync(path, { runtime: other }), undefined);
    await assertRejects(() => acquireLock(path, { runtime: other, timeout: 50 }), LockTimeoutError);
    const info = await inspectLock(path, { runtime: other });
    assertEquals(info, { path: "/d/a.lock", backend: "flock", liveness: "alive", confirmed: true });
    await lock.release();
    assertEquals(await inspectLock(path, { runtime: other }), undefined);
    await (await acquireLock(path, { runtime: other })).release();
  });

  it("is free at once when its holder is killed, and the process that waited says that it holds it", async () => {
    const runtime = machine();
    const other = runtime.fork();
    await acquireLock(path, { runtime: other });
    const waiting = acquireLock(path, { runtime });
    await runtime.clock.sleep(100);
    other.kill();
    const lock = await waiting;
    assertEquals(runtime.readText("/d/a.lock")?.includes(`"pid":${runtime.process.pid},`), true);
    await lock.release();
  });

  it("loses no update of several processes", async () => {
    const runtime = machine();
    const processes = [runtime, runtime.fork(), runtime.fork()];
    const add = (content: Uint8Array | undefined) => String(Number(new TextDecoder().decode(content)) + 1);
    await Promise.all(processes.map(async (process) => {
      for (let time = 0; time < 5; time++) await updateFile(path, add, { runtime: process });
    }));
    assertEquals(runtime.readText(path), "15");
  });

  it("on a journal says that its transaction is in progress", async () => {
    const runtime = machine();
    const other = runtime.fork();
    let kept: readonly unknown[] = [];
    const validate = async () => {
      kept = (await recoverTransactions("/d", { runtime: other })).kept.map(({ reason }) => reason);
    };
    await applyFiles({ files: [{ path, data: "1" }, { path: "/d/b", data: "1" }], validate }, { runtime });
    assertEquals([kept, runtime.readText(path)], [["alive"], "1"]);
  });
});
