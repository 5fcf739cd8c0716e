/** Syncs that fail: thrown with the truth about the target, or reported with the truth about the durability. */
import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { test } from "node:test";
import {
  type Durability,
  removeFile,
  UnsupportedError,
  WriteError,
  writeFile,
  writeFileSync,
  type WriteFileSyncOptions,
} from "../mod.ts";
import { SystemError } from "../src/runtime/system_error.ts";
import { dropUnsynced, interceptRuntime, type SeamCall } from "../src/testing/faults/intercept.ts";
import { faultRuntime, type MemoryRuntime, memoryRuntime } from "../src/testing/mod.ts";
import { SeededRandom } from "../src/testing/random.ts";

const ofFile = (call: SeamCall): boolean => call.method === "sync" && call.path.endsWith(".tmp");
const ofDirectory = (call: SeamCall): boolean => call.method === "sync" && call.path === "/d";
const start = (): MemoryRuntime => memoryRuntime({ files: { "/d/file": "old" } });

const real = ["EIO", "ENOSPC", "EDQUOT"];
const notHere = ["EINVAL", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"];

for (const error of real) {
  test(`writeFile throws at sync when the file's sync fails with ${error}: the target is unchanged`, async () => {
    const machine = start();
    const failing = () => faultRuntime(machine, { at: ofFile, error }).runtime;
    const thrownBy = [
      await assertRejects(() => writeFile("/d/file", "new", { runtime: failing() }), WriteError),
      assertThrows(() => writeFileSync("/d/file", "new", { runtime: failing() }), WriteError),
    ];
    for (const thrown of thrownBy) {
      assertEquals([thrown.code, thrown.step, thrown.targetState], [error, "sync", "unchanged"]);
      assertEquals(thrown.lost, []);
      assertEquals([machine.files(), machine.openHandles], [{ "/d/file": "old" }, []]);
    }
  });

  test(`writeFile throws at syncDirectory when the directory's sync fails with ${error}: replaced, not proven`, async () => {
    const machine = start();
    machine.syncFileSystem.link("/d/file", "/d/further-name");
    const { runtime } = faultRuntime(machine, { at: ofDirectory, error });
    const thrown = await assertRejects(() => writeFile("/d/file", "new", { runtime }), WriteError);
    assertEquals([thrown.code, thrown.step, thrown.targetState], [error, "syncDirectory", "replaced"]);
    assertEquals(thrown.lost, ["hard-links"]);
    assertEquals([machine.readText("/d/file"), machine.openHandles], ["new", []]);
    assert(thrown.message.endsWith("the change is visible, but not proven durable"), thrown.message);
    assertInstanceOf(thrown.cause, SystemError);
  });

  test(`writeFile with whenSyncFails "report" lands in spite of ${error}, and says how durable`, async () => {
    const reached: [((call: SeamCall) => boolean), Durability][] = [
      [ofFile, "none"],
      [ofDirectory, "file"],
      [(call) => call.method === "sync", "none"],
    ];
    for (const [at, durability] of reached) {
      const machine = start();
      const { runtime } = faultRuntime(machine, { at, error, times: "always" });
      const result = await writeFile("/d/file", "new", { runtime, whenSyncFails: "report" });
      assertEquals([result.durability, result.changed, machine.files()], [durability, true, { "/d/file": "new" }]);
    }
  });
}

for (const error of notHere) {
  test(`writeFile takes ${error} of a sync for "not supported here", whatever whenSyncFails says`, async () => {
    for (const whenSyncFails of ["throw", "report"] as const) {
      for (const [at, durability] of [[ofFile, "none"], [ofDirectory, "file"]] as const) {
        const { runtime } = faultRuntime(start(), { at, error, times: "always" });
        assertEquals((await writeFile("/d/file", "new", { runtime, whenSyncFails })).durability, durability);
      }
    }
  });
}

for (const error of notHere) {
  test(`writeFile with whenUnsupported "throw" throws at a sync that answers ${error}: unchanged before the commit`, async () => {
    for (const at of [ofFile, ofDirectory]) {
      const machine = start();
      const { runtime } = faultRuntime(machine, { at, error, times: "always" });
      const writing = () => writeFile("/d/file", "new", { runtime, whenUnsupported: "throw" });
      const thrown = await assertRejects(writing, UnsupportedError);
      assertEquals([thrown.code, thrown.targetState], [error, "unchanged"]);
      assertEquals(machine.files(), { "/d/file": "old" });
    }
  });
}

test("writeFile never takes a second sync's success for the first one's", async () => {
  const machine = start();
  const { runtime, trace } = faultRuntime(machine, { at: ofFile, error: "EIO" });
  await assertRejects(() => writeFile("/d/file", "new", { runtime }), WriteError);
  assertEquals(trace.filter((line) => line.startsWith("sync")), ["sync ! EIO"]);
});

test("writeFile syncs again when a signal interrupted the sync, but not forever", async () => {
  let left = 3;
  const machine = start();
  const some = faultRuntime(machine, { at: (call) => ofFile(call) && left-- > 0, error: "EINTR", times: "always" });
  assertEquals((await writeFile("/d/file", "new", { runtime: some.runtime })).durability, "full");
  const all = faultRuntime(machine, { at: ofFile, error: "EINTR", times: "always" });
  const thrown = await assertRejects(() => writeFile("/d/file", "newer", { runtime: all.runtime }), WriteError);
  assertEquals([thrown.code, thrown.targetState, machine.readText("/d/file")], ["EINTR", "unchanged", "new"]);
});

test("writeFile throws when closing fails, because that may be how a lost write shows", async () => {
  const machine = start();
  const close = ({ method, path }: SeamCall): boolean => method === "close" && path.endsWith(".tmp");
  for (const error of ["EIO", "ENOSPC"]) {
    const { runtime } = faultRuntime(machine, { at: close, error });
    const thrown = await assertRejects(() => writeFile("/d/file", "new", { runtime }), WriteError);
    assertEquals([thrown.code, thrown.step, thrown.targetState], [error, "close", "unchanged"]);
    assertEquals(machine.files(), { "/d/file": "old" });
  }
});

test("removeFile throws, or reports, when the directory's sync fails", async () => {
  const machine = start();
  const failing = () => faultRuntime(machine, { at: ofDirectory, error: "EIO" }).runtime;
  const thrown = await assertRejects(() => removeFile("/d/file", { runtime: failing() }), WriteError);
  assertEquals([thrown.step, thrown.targetState], ["syncDirectory", "replaced"]);
  const result = await removeFile("/d/file", { runtime: failing(), whenSyncFails: "report" });
  assertEquals(result, { path: "/d/file", removed: false, durability: "none" });
});

/** A machine on which one sync in five fails, and the durability that each write can truly have reached. */
function unreliable(machine: MemoryRuntime, seed: number) {
  const random = new SeededRandom(seed);
  const failed = { file: false, directory: false };
  /** The temporary file of the write: its first. Others are those of copied backups. */
  let own: string | undefined;
  const runtime = interceptRuntime(machine, (call, proceed, open) => {
    if (call.method === "create" && call.path.endsWith(".tmp")) own ??= call.path;
    if (call.method !== "sync" || !random.chance(0.2)) return proceed();
    if (open !== undefined) dropUnsynced(open);
    const code = random.chance(0.5) ? "EIO" : "ENOSPC";
    // A version that a power cut may take away, be it for its content or its name, is no backup.
    if (call.path === own) failed.file = true;
    else failed.directory = true;
    throw new SystemError(code, "sync", call.path);
  });
  const begin = (): void => {
    own = undefined;
    failed.file = failed.directory = false;
  };
  return { runtime, begin, truth: (): Durability => failed.file ? "none" : failed.directory ? "file" : "full" };
}

for (const backup of [0, 2]) {
  const how = backup === 0 ? "" : " with backups";
  test(`whenSyncFails "report"${how}: with 20 % of the syncs failing, 1,000 writes land whole and tell the truth`, () => {
    const machine = memoryRuntime({ files: { "/d": { kind: "directory" } } });
    const { runtime, begin, truth } = unreliable(machine, 7);
    const counts: Record<Durability, number> = { full: 0, barrier: 0, file: 0, none: 0 };
    for (let write = 0; write < 1000; write++) {
      const text = `${write} ${"x".repeat(write)}`;
      const options: WriteFileSyncOptions = { runtime, whenSyncFails: "report", backup };
      begin();
      const result = writeFileSync("/d/file", text, options);
      assertEquals([result.changed, machine.readText("/d/file") === text], [true, true]);
      assertEquals(result.durability, truth());
      counts[result.durability]++;
      machine.clock.advance(1);
    }
    assert(counts.full > 300 && counts.file > 50 && counts.none > 100, JSON.stringify(counts));
    assertEquals([Object.keys(machine.files()).length, machine.openHandles], [1 + backup, []]);
  });
}

test("whenSyncFails by default: with 20 % of the syncs failing, every write says whether its content is there", () => {
  const machine = memoryRuntime({ files: { "/d/file": "start" } });
  const { runtime, begin, truth } = unreliable(machine, 11);
  let expected = "start";
  for (let write = 0; write < 1000; write++) {
    begin();
    try {
      assertEquals(writeFileSync("/d/file", `${write}`, { runtime }).durability, "full");
      assertEquals(truth(), "full");
      expected = `${write}`;
    } catch (error) {
      assertInstanceOf(error, WriteError);
      if (error.targetState === "replaced") expected = `${write}`;
      assertEquals(error.step, error.targetState === "replaced" ? "syncDirectory" : "sync");
    }
    assertEquals(machine.files(), { "/d/file": expected });
  }
});
