/** removeFile: a name that stays away after a power cut. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  acquireLock,
  ConflictError,
  type Durability,
  LockBusyError,
  removeFile,
  removeFileSync,
  WriteError,
  writeFileSync,
} from "../mod.ts";
import { digestOf } from "./proof/write_features.ts";
import { faultRuntime, memoryRuntime, traceRuntime } from "../src/testing/mod.ts";
import { namesIn } from "./support/files.ts";
import { withTemporaryDirectory } from "./support/temporary_directory.ts";
import { fullName } from "./support/reached.ts";

test("removeFile removes a file and says so; a second time there is nothing to remove", () =>
  withTemporaryDirectory(async (directory) => {
    for (const remove of [removeFile, removeFileSync]) {
      const path = join(directory, "file");
      fs.writeFileSync(path, "old");
      assertEquals(await remove(path), { path, removed: true, durability: fullName });
      assertEquals(await remove(path), { path, removed: false, durability: fullName });
      assertEquals(namesIn(directory), []);
    }
  }));

test("removeFile removes a read-only file, and one name of several", () =>
  withTemporaryDirectory(async (directory) => {
    fs.writeFileSync(join(directory, "file"), "old", { mode: 0o400 });
    fs.linkSync(join(directory, "file"), join(directory, "other"));
    await removeFile(join(directory, "file"));
    assertEquals([namesIn(directory), fs.readFileSync(join(directory, "other"), "utf8")], [["other"], "old"]);
  }));

test("removeFile syncs the directory after the removal, also when there was nothing to remove", () => {
  const { runtime, trace } = traceRuntime(memoryRuntime({ files: { "/d/file": "old" } }));
  removeFileSync("/d/file", { runtime });
  const first = trace.splice(0);
  removeFileSync("/d/file", { runtime });
  const steps = ["stat", "openDirectory", "stat", "linkStat", "remove", "sync", "close"];
  for (const lines of [first, trace]) assertEquals(lines.map((line) => line.split(" ")[0]), steps);
  assertEquals([first[4], trace[4]], ["remove /d/file", "remove /d/file = false"]);
});

test("removeFile where there is no directory has nothing to remove, and nothing to sync", async () => {
  const runtime = memoryRuntime();
  assertEquals(await removeFile("/no/file", { runtime }), { path: "/no/file", removed: false, durability: "none" });
});

for (
  const [durability, reached] of [["full", "full"], ["barrier", "barrier"], ["file", "none"], ["none", "none"]] as [
    Durability,
    Durability,
  ][]
) {
  test(`removeFile with durability ${durability} reaches ${reached}`, async () => {
    const { runtime, trace } = traceRuntime(memoryRuntime({ files: { "/file": "old" } }));
    assertEquals((await removeFile("/file", { runtime, durability })).durability, reached);
    assertEquals(trace.filter((line) => line.startsWith("sync")).length, reached === "none" ? 0 : 1);
  });
}

for (
  const [what, path, code, step] of [
    ["a directory", "/directory", "EISDIR", "resolve"],
    ["a FIFO", "/fifo", "EINVAL", "resolve"],
    ["what lies below a file", "/file/below", "ENOTDIR", "openDirectory"],
    ["a name that is too long", `/${"n".repeat(256)}`, "ENAMETOOLONG", "linkStat"],
    ["a file in a directory that may not be written to", "/closed/file", "EACCES", "remove"],
    ["another user's file in a sticky directory", "/sticky/file", "EPERM", "remove"],
    ["a file that is mounted there by itself", "/bound", "EBUSY", "remove"],
  ] as const
) {
  test(`removeFile of ${what} throws ${code} at ${step}, and has changed nothing`, async () => {
    const machine = memoryRuntime({
      files: {
        "/file": "old",
        "/directory": { kind: "directory" },
        "/fifo": { kind: "other" },
        "/closed/file": "old",
        "/closed": { kind: "directory", mode: 0o555 },
        "/sticky": { kind: "directory", mode: 0o1777, user: 0 },
        "/sticky/file": { content: "old", user: 0 },
      },
      bindMounts: { "/bound": "/file" },
    });
    const before = machine.files();
    const errors = [
      await assertRejects(() => removeFile(path, { runtime: machine }), WriteError),
      assertThrows(() => removeFileSync(path, { runtime: machine }), WriteError),
    ];
    for (const error of errors) {
      assertEquals([error.code, error.step, error.targetState], [code, step, "unchanged"]);
      assert(error.message.startsWith(`Cannot remove ${JSON.stringify(path)}: `), error.message);
    }
    assertEquals([machine.files(), machine.openHandles], [before, []]);
  });
}

test("removeFile says that the name is gone when only the sync fails, or reports it", async () => {
  for (const whenSyncFails of ["throw", "report"] as const) {
    const machine = memoryRuntime({ files: { "/file": "old" } });
    const { runtime } = faultRuntime(machine, { at: ({ method }) => method === "sync", error: "EIO" });
    const removing = removeFile("/file", { runtime, whenSyncFails });
    if (whenSyncFails === "report") {
      assertEquals(await removing, { path: "/file", removed: true, durability: "none" });
    } else {
      const error = await assertRejects(() => removing, WriteError);
      assertEquals([error.code, error.step, error.targetState], ["EIO", "syncDirectory", "replaced"]);
    }
    assertEquals([machine.files(), machine.openHandles], [{}, []]);
  }
});

test('removeFile with whenUnsupported "throw" knows before it removes that the directory cannot be synced', async () => {
  for (const options of [{ disk: { directorySync: false } }, { capabilities: { directorySync: false } }]) {
    const machine = memoryRuntime({ ...options, files: { "/file": "old" } });
    const remove = () => removeFile("/file", { runtime: machine, whenUnsupported: "throw" });
    const error = await assertRejects(remove, Error);
    assertEquals([error.name, Reflect.get(error, "targetState")], ["UnsupportedError", "unchanged"]);
    assertEquals(machine.files(), { "/file": "old" });
    assertEquals(await removeFile("/file", { runtime: machine }), { path: "/file", removed: true, durability: "none" });
  }
});

test("removeFile refuses options it does not know", () => {
  const runtime = memoryRuntime({ files: { "/file": "old" } });
  for (const options of [{ recursive: true }, { mode: 0o600 }, { durability: "all" }, { signal: {} }]) {
    assertThrows(() => removeFileSync("/file", { runtime, ...options } as object), TypeError);
  }
  assertEquals(runtime.files(), { "/file": "old" });
});

test("removeFile that a later write has overtaken says so, and leaves what was written", async () => {
  const machine = memoryRuntime({ delay: "every", files: { "/file": "old" } });
  const removing = removeFile("/file", { runtime: machine });
  writeFileSync("/file", "new", { runtime: machine });
  assertEquals(await removing, { path: "/file", removed: false, durability: "full", superseded: true });
  assertEquals(machine.readText("/file"), "new");
  assertEquals((await removeFile("/file", { runtime: machine })).superseded, undefined);
});

test("removeFile with ifMatch removes that content only, compared under the lock", async () => {
  for (const remove of [removeFile, removeFileSync]) {
    const machine = memoryRuntime({ files: { "/d/file": "old", "/d/link": { symlink: "file" } } });
    const options = { runtime: machine, ifMatch: digestOf("old") };
    const other = { ...options, ifMatch: digestOf("other") };
    const conflict = await assertRejects(async () => await remove("/d/file", other), ConflictError, "Cannot remove");
    assertEquals([conflict.expected, conflict.actual], [digestOf("other"), digestOf("old")]);
    assertEquals([conflict.targetState, machine.readText("/d/file")], ["unchanged", "old"]);
    assertEquals((await remove("/d/link", options)).removed, true);
    assertEquals((await remove("/d/file", options)).removed, true);
    for (const path of ["/d/file", "/none/file"]) {
      const missing = await assertRejects(async () => await remove(path, options), ConflictError, "there is no file");
      assertEquals([missing.actual, missing.targetState], [null, "unchanged"]);
    }
  }
});

test("removeFile with ifMatch waits for the file's lock, and refuses to do without", async () => {
  const machine = memoryRuntime({ files: { "/d/file": "old" } });
  const holder = await acquireLock("/d/file", { runtime: machine.fork() });
  const options = { runtime: machine, ifMatch: digestOf("old") };
  await assertRejects(() => removeFile("/d/file", { ...options, lock: { timeout: 0 } }), LockBusyError);
  await assertRejects(() => removeFile("/d/file", { ...options, lock: false }), TypeError, "writeVersioned");
  assertThrows(() => removeFileSync("/d/file", { ...options, lock: false }), TypeError, "writeVersioned");
  const waiting = removeFile("/d/file", options);
  assertEquals(machine.readText("/d/file"), "old");
  await holder.release();
  assertEquals((await waiting).removed, true);
});
