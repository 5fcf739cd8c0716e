/** `inspectLock` and `breakLock`: who holds a lock, told without disturbing anybody; and taking it away on purpose. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import {
  acquireLock,
  breakLock,
  breakLockSync,
  inspectLock,
  inspectLockSync,
  LockError,
  LockLostError,
  tryLock,
  writeFile,
} from "../../mod.ts";
import { memoryRuntime, traceRuntime } from "../../src/testing/mod.ts";
import { inOwnNamespace, listen, withProcesses } from "../real/processes.ts";
import { cannotUnshare } from "../support/namespaces.ts";
import { skip } from "../support/skip.ts";
import { notEmpty } from "../support/tally.ts";
import {
  foreignHold,
  hasFlockProgram,
  hasKernelLock,
  hold,
  isLinux,
  lockBackends,
  untilHeard,
  withOthers,
} from "./support.ts";

const backends = lockBackends();

describe("inspectLock", () => {
  it("says nothing of a lock that nobody holds, and makes nothing", () =>
    withOthers(async (directory) => {
      const path = join(directory, "state");
      assertEquals(await inspectLock(path), undefined);
      assertEquals(fs.readdirSync(directory), []);
      for (const backend of notEmpty(backends)) {
        await (await acquireLock(path, { backend })).release();
        assertEquals(await inspectLock(path), undefined, backend);
        assertEquals(inspectLockSync(path), undefined, backend);
      }
    }));

  it("names this process, with either backend", () =>
    withOthers(async (directory) => {
      const path = join(directory, "state");
      for (const backend of notEmpty(backends)) {
        const lock = await acquireLock(path, { backend });
        const info = await inspectLock(path);
        assertEquals([info?.path, info?.backend], [`${path}.lock`, backend]);
        assertEquals([info?.pid, info?.liveness, info?.confirmed], [process.pid, "alive", true]);
        assertEquals(inspectLockSync(path), info);
        assertEquals(typeof info?.token, backend === "directory" ? "string" : "undefined");
        await lock.release();
      }
    }));

  it("is certain of what this thread holds where the system lists no locks, and of nothing else", async () => {
    const runtime = memoryRuntime({ files: { "/d/state": "" } });
    for (const [shared, limit] of [[false, "by this process"], [true, "by this process"]] as const) {
      const lock = await acquireLock("/d/state", { runtime, shared });
      const { pid, liveness, confirmed, shared: isShared } = inspectLockSync("/d/state", { runtime }) ?? {};
      assertEquals([pid, liveness, confirmed, isShared], [runtime.process.pid, "alive", true, shared]);
      const busy = () => acquireLock("/d/state", { runtime, timeout: 0 });
      await assertRejects(busy, LockError, `it is already held ${limit} `);
      const other = inspectLockSync("/d/state", { runtime: runtime.fork() });
      assertEquals(other?.confirmed ?? false, false);
      await lock.release();
    }
  });

  it("names another process while it lives, and not when it was killed", (t) =>
    withOthers(async (directory) => {
      if (!isLinux || !hasKernelLock()) return skip(t, "needs Linux and kernel locks");
      const path = join(directory, "state");
      const before = Date.now();
      const holder = await hold(path);
      const info = await inspectLock(path);
      assertEquals([info?.pid, info?.liveness], [holder.script.child.pid, "alive"]);
      assert(info?.since !== undefined && info.since >= before && info.since <= Date.now());
      assert(info.program?.includes("hold"), info.program);
      assert(info.host !== undefined && info.boot !== undefined && info.namespace !== undefined && info.started);
      const { pid } = holder.script.child;
      for (const timeout of [0, 20]) {
        const error = await assertRejects(() => acquireLock(path, { timeout }), LockError, ` by process ${pid} (hold.`);
        assertEquals(error.targetState, "unchanged");
      }
      await holder.kill();
      assertEquals(await inspectLock(path), undefined);
      const other = await hold(path, { backend: "directory" });
      await other.kill();
      const dead = await inspectLock(path);
      assertEquals([dead?.backend, dead?.liveness, dead?.pid], ["directory", "dead", other.script.child.pid]);
    }));

  it("names the holder of a kernel lock that says nothing: flock(1), and shared holders", (t) =>
    withOthers(async (directory) => {
      if (!isLinux || !hasFlockProgram()) return skip(t, "needs Linux and flock(1)");
      const path = join(directory, "state");
      await (await acquireLock(path)).release();
      const other = await foreignHold("flock", `${path}.lock`);
      const info = await inspectLock(path);
      const { pid } = other.script.child;
      assertEquals([info?.pid, info?.liveness, info?.confirmed, info?.shared], [pid, "alive", true, false]);
      const who = `already held by process ${pid} (flock -x `;
      await assertRejects(() => acquireLock(path, { timeout: 0 }), LockError, who);
      await other.release();
      const shared = await acquireLock(path, { shared: true });
      assertEquals((await inspectLock(path))?.pid, process.pid);
      await shared.release();
      assertEquals(await inspectLock(path), undefined);
    }));

  it("of what somebody else wrote into a lock file, a message shows no more than a terminal takes", async () => {
    const record = { pid: 7, program: `/a/\x1b[2J\x9b${"x".repeat(80)}`, host: "\x07h" };
    const machine = memoryRuntime({
      files: { "/state.lock": `# atomic-write lock held ${JSON.stringify(record)}`.padEnd(500) },
    });
    const held = await acquireLock("/state", { shared: true, runtime: machine });
    const error = await assertRejects(
      () => acquireLock("/state", { timeout: 0, runtime: machine.fork() }),
      LockError,
    );
    const shown = /held, perhaps by process 7 \(\?\[2J\?x{59}\) on \?h: only its lock file says so \(EBUSY\)/;
    assert(shown.test(error.message), error.message);
    await held.release();
  });

  it("reads a record in the form of earlier versions, and none that was written into another file", async () => {
    const machine = memoryRuntime({ files: { "/state.lock": "" } });
    const facts = machine.process.facts();
    const json = JSON.stringify({ ...facts, since: 1 });
    const rows = [
      { text: `atomic-write lock held\n${json}\n`, pid: facts?.pid },
      { text: `# atomic-write lock held ${json}`, pid: facts?.pid },
      { text: `# atomic-write lock held ${json.replace("}", ',"file":"123456789"}')}`, pid: undefined },
      { text: `# atomic-write lock free ${json}`, pid: undefined },
      { text: `atomic-write lock free\n${json}\n`, pid: undefined },
    ];
    for (const { text, pid } of rows) {
      machine.put("/state.lock", text.padEnd(512));
      const info = await inspectLock("/state", { runtime: machine });
      assertEquals([info?.pid, info?.confirmed], [pid, pid === undefined ? undefined : false], text);
    }
  });

  const wrongHolders = [
    {
      name: "a lock file that was copied from one that is held",
      prepare: async (path: string) => {
        const lock = await acquireLock(`${path}.origin`);
        fs.copyFileSync(`${path}.origin.lock`, `${path}.lock`);
        return () => lock.release();
      },
    },
    {
      name: "the record of a process that lives and has lost its descriptor",
      prepare: async (path: string) => {
        const lock = await acquireLock(path);
        const bytes = fs.readFileSync(`${path}.lock`);
        await lock.release();
        fs.writeFileSync(`${path}.lock`, bytes);
        return () => Promise.resolve();
      },
    },
  ];
  for (const { name, prepare } of wrongHolders) {
    it(`does not take for the holder: ${name}`, (t) =>
      withOthers(async (directory) => {
        if (!isLinux || !hasFlockProgram()) return skip(t, "needs Linux and flock(1)");
        const path = join(directory, "state");
        const end = await prepare(path);
        assertEquals(await inspectLock(path), undefined);
        const other = await foreignHold("flock", `${path}.lock`);
        const { pid } = other.script.child;
        assertEquals((await inspectLock(path))?.pid, pid);
        await assertRejects(() => acquireLock(path, { timeout: 0 }), LockError, `held by process ${pid} (flock`);
        await other.release();
        await end();
      }));
  }

  it("never takes the lock, not for a moment, and changes nothing", async () => {
    for (const backend of ["flock", "directory"] as const) {
      const machine = memoryRuntime({ files: { "/state": "" } });
      const lock = await acquireLock("/state", { backend, runtime: machine.fork() });
      const { runtime, trace } = traceRuntime(machine);
      await inspectLock("/state", { runtime });
      assertEquals(trace.filter((line) => !/^(open|close|read|stat|linkStat|readDirectory)\b/.test(line)), []);
      await lock.release();
    }
  });
});

describe("breakLock", () => {
  it("takes a lock directory from the very holder that was inspected, who then neither commits nor disturbs others", () =>
    withOthers(async (directory) => {
      const path = join(directory, "state");
      const options = { backend: "directory" } as const;
      const lock = await acquireLock(path, options);
      const info = await inspectLock(path);
      assert(info !== undefined);
      assertEquals(await breakLock(path, info), true);
      assertEquals(await breakLock(path, info), false, "it is broken already");
      await assertRejects(() => writeFile(path, "late", { lock }), LockLostError);
      assert(lock.signal.aborted);
      await lock.release();
      const next = await acquireLock(path, options);
      assertEquals(await breakLock(path, info), false, "another holder");
      assertEquals(breakLockSync(path, info), false);
      assertEquals(await tryLock(path, options), undefined);
      await next.release();
      assertEquals(fs.existsSync(path), false);
    }));

  it("also from one that renews its token at the same time", async () => {
    const machine = memoryRuntime();
    const lock = await acquireLock("/state", { backend: "directory", staleAfter: 2_000, runtime: machine });
    const info = await inspectLock("/state", { runtime: machine });
    assert(info !== undefined);
    await machine.clock.sleep(5_000);
    assertEquals(await breakLock("/state", info, { runtime: machine }), true);
    await lock.release();
    assertEquals(machine.files(), {});
  });

  it("is for lock directories: a kernel lock ends with its process", () =>
    withOthers(async (directory) => {
      const path = join(directory, "state");
      const info = { path, backend: "flock", liveness: "unknown", confirmed: false } as const;
      const error = await assertRejects(() => breakLock(path, info), LockError);
      assertEquals([error.code, error.targetState], ["ENOTSUP", "unchanged"]);
      assertThrows(() => breakLockSync(path, undefined as unknown as typeof info), TypeError);
    }));

  it("is the way out where nobody can judge the holder: one of another pid namespace", async (t) => {
    const reason = cannotUnshare("--pid");
    if (reason !== undefined) return skip(t, reason);
    await withProcesses(async (directory, spawn) => {
      const path = join(directory, "state");
      const options = { backend: "directory", timeout: 300 } as const;
      const args = [path, JSON.stringify(options)];
      const script = spawn("tests/lock/scripts/hold.ts", args, { ...inOwnNamespace, stdin: "pipe" });
      await untilHeard(script, listen(script.child), /^held directory/);
      // The holder itself: when unshare is killed, the end of its input may reach it first, and it gives the lock back.
      const { pid } = script.child;
      const [holder = ""] = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ");
      process.kill(Number(holder), "SIGKILL");
      await script.status;
      const late = await assertRejects(() => acquireLock(path, options), LockError, "not free within");
      assert(
        / process 1 of another pid namespace, which may be dead or alive; if you know .*, breakLock frees the lock/
          .test(late.message),
        `${late}`,
      );
      if (hasKernelLock()) await assertRejects(() => acquireLock(path, { timeout: 50 }), LockError, "breakLock");
      const info = await inspectLock(path);
      assertEquals([info?.liveness, info?.backend], ["unknown", "directory"]);
      assert(info !== undefined && await breakLock(path, info));
      await (await acquireLock(path, options)).release();
    });
  });
});
