/** Group commit of directory syncs: join the next one, never the one in flight; its failure rejects all who waited. */
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { test } from "node:test";
import { WriteError, writeFile, writeFileSync } from "../../mod.ts";
import { type Operation, run, runSync } from "../../src/core/operation.ts";
import { type Engine, makeEngine } from "../../src/protocol/engine.ts";
import { type Attempt, beginAttempt } from "../../src/protocol/failure.ts";
import { syncDirectory, syncFile, type SyncRules } from "../../src/protocol/sync.ts";
import type { OpenFile, Runtime, SyncLevel } from "../../src/runtime/runtime.ts";
import { SystemError } from "../../src/runtime/system_error.ts";
import { interceptRuntime } from "../../src/testing/faults/intercept.ts";
import { memoryRuntime } from "../../src/testing/mod.ts";

const rules: SyncRules = { durability: "full", whenUnsupported: "report", whenSyncFails: "throw" };
const attempt = (): Attempt => ({ ...beginAttempt("Cannot write", "/d/file"), targetState: "replaced" });
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

/** A directory whose syncs end when the test says so. */
class SlowDirectory {
  readonly pending: { name: string; level: SyncLevel; end: (error?: unknown) => void }[] = [];
  readonly done: string[] = [];

  handle(name: string): OpenFile {
    const sync = (level: SyncLevel) =>
      new Promise<void>((resolve, reject) => {
        const end = (error?: unknown): void => {
          this.pending.shift();
          this.done.push(name);
          if (error === undefined) resolve();
          else reject(error);
        };
        this.pending.push({ name, level, end });
      });
    return { sync } as unknown as OpenFile;
  }
}

/** An engine of its own, so that tests do not share a queue. */
const engine = (synchronous = false): Engine =>
  makeEngine(memoryRuntime({ files: { "/d": { kind: "directory" } } }), synchronous);

const device = "1";
const directoryOf = (handle: OpenFile, identity = "d") => ({ path: "/d", handle, status: { device, identity } });

function sync(on: Engine, handle: OpenFile, key = "d", more: Partial<SyncRules> = {}): Promise<boolean> {
  return run(() => syncDirectory(on, directoryOf(handle, key), { ...rules, ...more }, attempt()));
}

test("syncDirectory: calls that come while a sync is in flight all wait for the next one", async () => {
  const directory = new SlowDirectory();
  const on = engine();
  const settled: string[] = [];
  const call = (name: string) => sync(on, directory.handle(name)).then(() => settled.push(name));
  const calls = [call("first"), call("second"), call("third")];
  assertEquals(directory.pending.map(({ name }) => name), ["first"]);
  directory.pending[0]?.end();
  await turn();
  assertEquals([settled, directory.pending.map(({ name }) => name)], [["first"], ["second"]]);
  // This one came while the second sync was in flight: its rename may be younger than that.
  calls.push(call("fourth"));
  await turn();
  assertEquals(directory.pending.length, 1);
  directory.pending[0]?.end();
  await turn();
  assertEquals([settled, directory.pending.map(({ name }) => name)], [["first", "second", "third"], ["fourth"]]);
  directory.pending[0]?.end();
  await Promise.all(calls);
  assertEquals(directory.done, ["first", "second", "fourth"]);
});

test("syncDirectory: 100 who wait share one sync, by a handle that was opened before its owner's rename", async () => {
  const directory = new SlowDirectory();
  const on = engine();
  const calls = Array.from({ length: 101 }, (_, index) => sync(on, directory.handle(`${index}`)));
  for (let round = 0; round < 2; round++) {
    directory.pending[0]?.end();
    await turn();
  }
  assertEquals(await Promise.all(calls), Array(101).fill(true));
  assertEquals(directory.done, ["0", "1"]);
});

test("syncDirectory: a failure rejects all who waited for that sync, and all who had begun before it was known", async () => {
  const directory = new SlowDirectory();
  const on = engine();
  const outcomes: Record<string, unknown> = {};
  const call = (name: string) =>
    sync(on, directory.handle(name)).then((value) => outcomes[name] = value, (error) => outcomes[name] = error);
  const calls = ["a", "b", "c"].map(call);
  directory.pending[0]?.end();
  await turn();
  calls.push(call("d"));
  directory.pending[0]?.end(new SystemError("EIO", "sync", "/d"));
  await turn();
  directory.pending[0]?.end();
  await Promise.all(calls);
  assertEquals(outcomes["a"], true);
  // What d has changed may have been in the transaction of the file system that failed; its own sync says nothing of it.
  for (const name of ["b", "c", "d"]) {
    const error = outcomes[name];
    assertInstanceOf(error, WriteError);
    assertEquals([error.code, error.step, error.targetState], ["EIO", "syncDirectory", "replaced"]);
  }
  assert(outcomes["b"] !== outcomes["c"], "each caller gets a separate error");
  // What begins now is judged anew.
  const later = call("e");
  await turn();
  directory.pending[0]?.end();
  await later;
  assertEquals(outcomes["e"], true);
});

test("syncDirectory: who shares a sync that fails for want of room hears of it, and nobody else does", async () => {
  const directory = new SlowDirectory();
  const on = engine();
  const call = (name: string) => sync(on, directory.handle(name)).catch((error) => error.code);
  const calls = ["a", "b", "c"].map(call);
  directory.pending[0]?.end();
  await turn();
  calls.push(call("d"));
  directory.pending[0]?.end(new SystemError("ENOSPC", "sync", "/d"));
  await turn();
  directory.pending[0]?.end();
  assertEquals(await Promise.all(calls), [true, "ENOSPC", "ENOSPC", true]);
});

test("syncDirectory: the failure of the one in flight is not that of those who come after it", async () => {
  const directory = new SlowDirectory();
  const on = engine();
  const first = sync(on, directory.handle("first")).catch((error) => error);
  const second = sync(on, directory.handle("second"));
  directory.pending[0]?.end(new SystemError("ENOSPC", "sync", "/d"));
  await turn();
  directory.pending[0]?.end();
  assertInstanceOf(await first, WriteError);
  assertEquals(await second, true);
});

test("syncDirectory: each call judges a shared failure by its own rules", async () => {
  const directory = new SlowDirectory();
  const on = engine();
  const calls = [
    sync(on, directory.handle("first")),
    sync(on, directory.handle("throws")).catch((error) => error),
    sync(on, directory.handle("reports"), "d", { whenSyncFails: "report" }),
  ];
  directory.pending[0]?.end();
  await turn();
  directory.pending[0]?.end(new SystemError("EIO", "sync", "/d"));
  const [first, second, third] = await Promise.all(calls);
  assertInstanceOf(second, WriteError);
  assertEquals([first, third], [true, false]);
});

test("syncDirectory: different directories, and different levels, do not wait for each other", async () => {
  const directory = new SlowDirectory();
  const on = engine();
  const calls = [
    sync(on, directory.handle("a"), "a"),
    sync(on, directory.handle("b"), "b"),
    sync(on, directory.handle("barrier"), "a", { durability: "barrier" }),
  ];
  assertEquals(directory.pending.map(({ name, level }) => [name, level]), [
    ["a", "full"],
    ["b", "full"],
    ["barrier", "barrier"],
  ]);
  while (directory.pending.length > 0) directory.pending[0]?.end();
  assertEquals(await Promise.all(calls), [true, true, true]);
});

test("syncDirectory: a synchronous call syncs by itself, whatever is in flight", async () => {
  const directory = new SlowDirectory();
  const on = engine();
  const waiting = sync(on, directory.handle("slow"));
  let synced = 0;
  const handle = { sync: () => void synced++ } as unknown as OpenFile;
  const now: Engine = { ...on, synchronous: true };
  assertEquals(runSync(() => syncDirectory(now, directoryOf(handle), rules, attempt())), true);
  assertEquals(synced, 1);
  directory.pending[0]?.end();
  assertEquals(await waiting, true);
});

test("syncDirectory: a sync that ends at once, or throws at once, leaves no queue behind", async () => {
  const on = engine();
  let calls = 0;
  const quick = { sync: () => void calls++ } as unknown as OpenFile;
  const failing = {
    sync: () => {
      calls++;
      throw new SystemError("EIO", "sync", "/d");
    },
  } as unknown as OpenFile;
  // Two of them fail, as they are meant to.
  for (const handle of [quick, failing, quick, failing, quick]) await sync(on, handle).catch(() => {});
  assertEquals(calls, 5);
});

test("syncFile repeats what was only interrupted, and nothing else", () => {
  for (const [codes, expected] of [[["EINTR", "EINTR"], 3], [["EIO"], 1], [["EINVAL"], 1]] as const) {
    let calls = 0;
    const file = {
      sync: () => {
        const code = codes[calls++];
        if (code !== undefined) throw new SystemError(code, "sync", "/d/file");
      },
    } as unknown as OpenFile;
    const on = engine(true);
    const synced = { file, place: { path: "/d", status: { device } } };
    const operation = (): Operation<boolean> => syncFile(on, synced, { ...rules, whenSyncFails: "report" }, attempt());
    assertEquals([runSync(operation), calls], [expected === 3, expected]);
  }
});

/** Counts the syncs of the directory, and which renames each is certain to cover: those before it began. */
function counting(
  runtime: Runtime,
): { runtime: Runtime; covered: number[]; ended: () => number; ranks: Map<string, number> } {
  const covered: number[] = [];
  const ranks = new Map<string, number>();
  let ended = 0;
  const watched = interceptRuntime(runtime, (call, proceed) => {
    const before = ranks.size;
    const result = proceed();
    if (call.method === "rename") ranks.set(String(call.operands[0]), before + 1);
    if (call.method !== "sync" || call.path !== "/d") return result;
    covered.push(before);
    const end = () => ended = Math.max(ended, before);
    if (result instanceof Promise) result.then(end);
    else end();
    return result;
  });
  return { runtime: watched, covered, ended: () => ended, ranks };
}

test("100 writes into one directory at once share its syncs, and each waits for one that began after its rename", async () => {
  const machine = memoryRuntime({ delay: "syncs", files: { "/d": { kind: "directory" } } });
  const { runtime, covered, ended, ranks } = counting(machine);
  await Promise.all(Array.from({ length: 100 }, async (_, index) => {
    assertEquals((await writeFile(`/d/${index}`, "new", { runtime })).durability, "full");
    assert(ended() >= (ranks.get(`/d/${index}`) ?? Infinity), `write ${index} has waited for too early a sync`);
  }));
  assert(covered.length < 60, `${covered.length} syncs`);
});

test("100 synchronous writes sync 100 times", () => {
  const { runtime, covered } = counting(memoryRuntime({ files: { "/d": { kind: "directory" } } }));
  for (let index = 0; index < 100; index++) writeFileSync(`/d/${index}`, "new", { runtime });
  assertEquals(covered, Array.from({ length: 100 }, (_, index) => index + 1));
});

test("a directory that cannot be synced is flushed as well as that goes, and nothing more is claimed", async () => {
  const flushed: string[] = [];
  const machine = interceptRuntime(
    memoryRuntime({ capabilities: { directorySync: false }, files: { "/d/file": "old" } }),
    (_call, proceed) => proceed(),
  );
  const flushDirectory = (path: string) => void flushed.push(path);
  const runtime: Runtime = {
    ...machine,
    fileSystem: { ...machine.fileSystem, flushDirectory },
    syncFileSystem: { ...machine.syncFileSystem, flushDirectory },
  };
  assertEquals((await writeFile("/d/file", "new", { runtime })).durability, "file");
  assertEquals(writeFileSync("/d/file", "newer", { runtime }).durability, "file");
  assertEquals(flushed, ["/d", "/d"]);
  writeFileSync("/d/file", "newest", { runtime, durability: "file" });
  assertEquals(flushed, ["/d", "/d"], "not where nobody has asked for it");
});
