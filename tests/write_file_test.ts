/** What writeFile answers, how durable it says the write is, and what its errors tell. */
import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  ConflictError,
  currentRuntime,
  WriteError,
  writeFile,
  writeFileSync,
  type WriteFileSyncOptions,
} from "../mod.ts";
import type { FileStatus } from "../src/runtime/runtime.ts";
import { interceptRuntime } from "../src/testing/faults/intercept.ts";
import { faultRuntime, type MemoryRuntime, memoryRuntime, traceRuntime } from "../src/testing/mod.ts";
import { inodeOf, namesIn, textOf } from "./support/files.ts";
import { withTemporaryDirectory } from "./support/temporary_directory.ts";

const text = "hello\n";
const digest = createHash("sha256").update(text).digest("hex");

test("writeFile makes a new file and tells so", () =>
  withTemporaryDirectory(async (directory) => {
    const path = join(directory, "file");
    const result = await writeFile(path, text);
    assertEquals(result, {
      path,
      bytesWritten: 6,
      changed: true,
      replaced: false,
      durability: "full",
      lost: [],
      unchecked: [],
    });
    assertEquals([namesIn(directory), textOf(path)], [["file"], text]);
  }));

test("writeFile replaces a file by another one, has lost nothing, and says what it could not see", () =>
  withTemporaryDirectory(async (directory) => {
    const path = join(directory, "file");
    fs.writeFileSync(path, "a much longer old content");
    const before = inodeOf(path);
    const result = await writeFile(path, text);
    const { replaced, changed, lost, unchecked } = result;
    assertEquals({ replaced, changed, lost }, { replaced: true, changed: true, lost: [] });
    const unseen = currentRuntime().capabilities.attributes ? [] : ["acl", "attributes", "capabilities", "label"];
    assertEquals(unchecked, unseen);
    assert(inodeOf(path) !== before);
    assertEquals([namesIn(directory), textOf(path)], [["file"], text]);
  }));

test("writeFile puts the digest into the result when asked, and only then", async () => {
  const runtime = memoryRuntime();
  assertEquals((await writeFile("/a", text, { runtime, digest: true })).digest, digest);
  assertEquals((await writeFile("/b", [text.slice(0, 2), text.slice(2)], { runtime, digest: true })).digest, digest);
  assertEquals("digest" in (await writeFile("/c", text, { runtime, digest: false })), false);
});

test("writeFile leaves an open reader of the old file its whole old content", () =>
  withTemporaryDirectory(async (directory) => {
    const path = join(directory, "file");
    fs.writeFileSync(path, "old content");
    const descriptor = fs.openSync(path, "r");
    try {
      await writeFile(path, "new");
      assertEquals([fs.readFileSync(descriptor, "utf8"), textOf(path)], ["old content", "new"]);
    } finally {
      fs.closeSync(descriptor);
    }
  }));

test("writeFile takes a frozen options object, leaves it as it is, and carries nothing to the next call", () =>
  withTemporaryDirectory(async (directory) => {
    const options: WriteFileSyncOptions = Object.freeze({ defaults: Object.freeze({ mode: 0o600 }), digest: true });
    const paths = ["a", "b", "c"].map((name) => join(directory, name));
    for (const path of paths) await writeFile(path, text, options);
    for (const path of paths) writeFileSync(path, text, options);
    assertEquals(paths.map((path) => fs.statSync(path).mode & 0o777), [0o600, 0o600, 0o600]);
    assertEquals(options, { defaults: { mode: 0o600 }, digest: true });
  }));

test("writeFile reads its options before it returns", async () => {
  const runtime = memoryRuntime({ delay: "every" });
  const options: WriteFileSyncOptions = { runtime, mode: 0o600, symlink: "refuse" };
  const writing = writeFile("/file", text, options);
  options.mode = 0o666;
  delete options.runtime;
  await writing;
  assertEquals(runtime.statusOf("/file")?.mode, 0o600);
});

const durabilities: [WriteFileSyncOptions["durability"], syncs: string[]][] = [
  ["full", ["sync", "sync /"]],
  ["barrier", ["sync barrier", "sync / barrier"]],
  ["file", ["sync"]],
  ["none", []],
];

for (const [durability, syncs] of durabilities) {
  test(`writeFile with durability ${durability} syncs what it takes, in order, and reports it`, async () => {
    for (const files of [{}, { "/file": "old" }]) {
      const { runtime, trace } = traceRuntime(memoryRuntime({ files }));
      const result = await writeFile("/file", text, { runtime, ...durability && { durability } });
      assertEquals(result.durability, durability);
      assertEquals(trace.filter((line) => line.startsWith("sync")), syncs);
      assertEquals(trace.some((line) => line.startsWith("openDirectory")), syncs.length === 2);
    }
  });
}

const unsupported: [string, Parameters<typeof memoryRuntime>[0], string][] = [
  ["a file system without sync of directories", { disk: { directorySync: false } }, "file"],
  ["a file system without any sync", { disk: { fileSync: false, directorySync: false } }, "none"],
  ["a platform without sync of directories", { capabilities: { directorySync: false } }, "file"],
  ["a directory that may not be read", {
    files: { "/file": "old", "/": { kind: "directory", mode: 0o300 } },
  }, "file"],
];

for (const [where, machine, reached] of unsupported) {
  test(`writeFile reports what was reached on ${where}`, async () => {
    const runtime = memoryRuntime(machine);
    assertEquals((await writeFile("/file", text, { runtime })).durability, reached);
    assertEquals(runtime.readText("/file"), text);
  });

  test(`writeFile with whenUnsupported "throw" fails before the commit on ${where}`, async () => {
    const runtime = memoryRuntime({ ...machine, files: { "/file": "old", ...machine?.files } });
    for (let round = 0; round < 2; round++) {
      const write = () => writeFile("/file", text, { runtime, whenUnsupported: "throw" });
      const error = await assertRejects(write, Error);
      assertEquals([error.name, Reflect.get(error, "targetState")], ["UnsupportedError", "unchanged"]);
      assertEquals(runtime.files(), { "/file": "old" });
    }
  });
}

test('writeFile with whenUnsupported "throw" asks no more than was asked for', async () => {
  const runtime = memoryRuntime({ disk: { directorySync: false } });
  const result = await writeFile("/file", text, { runtime, durability: "file", whenUnsupported: "throw" });
  assertEquals(result.durability, "file");
});

test('writeFile with whenUnsupported "throw" probes a mount once, and only then', async () => {
  const { runtime, trace } = traceRuntime(memoryRuntime());
  const syncs: number[] = [];
  for (const name of ["a", "b", "c"]) {
    await writeFile(`/${name}`, text, { runtime, whenUnsupported: "throw" });
    syncs.push(trace.splice(0).filter((line) => line.startsWith("sync")).length);
  }
  assertEquals(syncs, [3, 2, 2]);
});

/** Every way a write can fail before its commit: the step that fails, the machine, the path, the code. */
const failures: [string, MemoryRuntime, string, step: string, code: string][] = [
  ["a directory that is not there", memoryRuntime(), "/no/file", "openDirectory", "ENOENT"],
  ["a file above it", memoryRuntime({ files: { "/a": "" } }), "/a/file", "openDirectory", "ENOTDIR"],
  ["a directory by that name", memoryRuntime({ files: { "/d": { kind: "directory" } } }), "/d", "resolve", "EISDIR"],
  ["the root", memoryRuntime(), "/", "resolve", "EISDIR"],
  ["a FIFO by that name", memoryRuntime({ files: { "/p": { kind: "other" } } }), "/p", "resolve", "EINVAL"],
  ["a name that is too long", memoryRuntime(), `/${"n".repeat(256)}`, "linkStat", "ENAMETOOLONG"],
  ["a read-only disk", memoryRuntime({ disk: { readOnly: true } }), "/f", "create", "EROFS"],
  ["a full disk", memoryRuntime({ disk: { capacity: 3 } }), "/f", "write", "ENOSPC"],
  ["a disk without inodes", memoryRuntime({ disk: { inodes: 0 } }), "/f", "create", "ENOSPC"],
  ["no open file left", memoryRuntime({ openFileLimit: 1 }), "/f", "create", "EMFILE"],
  [
    "a directory that may not be written to",
    memoryRuntime({
      files: { "/d": { kind: "directory", mode: 0o555 } },
    }),
    "/d/f",
    "create",
    "EACCES",
  ],
  [
    "a file that is mounted there by itself",
    memoryRuntime({
      files: { "/other": "" },
      bindMounts: { "/f": "/other" },
    }),
    "/f",
    "rename",
    "EBUSY",
  ],
];

for (const [where, runtime, path, step, code] of failures) {
  test(`writeFile on ${where} throws ${code} at ${step}, and has changed nothing`, async () => {
    const before = runtime.files();
    const asynchronous = await assertRejects(() => writeFile(path, text, { runtime }), WriteError);
    const synchronous = assertThrows(() => writeFileSync(path, text, { runtime }), WriteError);
    for (const error of [asynchronous, synchronous]) {
      const { targetState } = error;
      assertEquals({ code: error.code, step: error.step, targetState }, { code, step, targetState: "unchanged" });
      assertEquals(error.path, path);
      assert(error.message.includes(JSON.stringify(path)) && error.message.includes(`(${code})`), error.message);
    }
    assertEquals([runtime.files(), runtime.openHandles], [before, []]);
  });
}

test("writeFile loops on short writes, and does not believe a write of nothing", async () => {
  const machine = memoryRuntime();
  const short = faultRuntime(machine, { at: ({ method }) => method === "write", short: 2, times: "always" });
  assertEquals((await writeFile("/file", text, { runtime: short.runtime })).bytesWritten, 6);
  assertEquals([machine.readText("/file"), short.fired], [text, 3]);
  const none = faultRuntime(machine, { at: ({ method }) => method === "write", short: 0, times: "always" });
  const error = await assertRejects(() => writeFile("/file", "new", { runtime: none.runtime }), WriteError);
  assertEquals([error.code, error.step, machine.readText("/file")], ["EIO", "write", text]);
});

test("writeFile names the code, step and state of a target that exists in the words of its error", async () => {
  const machine = memoryRuntime({ files: { "/etc/a.json": "old" } });
  const { runtime } = faultRuntime(machine, { at: ({ method }) => method === "rename", error: "EACCES" });
  const error = await assertRejects(() => writeFile("/etc/a.json", text, { runtime }), WriteError);
  assert(error.message.startsWith('Cannot replace "/etc/a.json": renaming "/etc/.a.json.'), error.message);
  assert(error.message.endsWith('" failed: permission denied (EACCES); the file is unchanged'), error.message);
});

test("ConflictError of ifExists fail tells that no file was expected", async () => {
  const runtime = memoryRuntime({ files: { "/file": "old" } });
  const error = await assertRejects(() => writeFile("/file", text, { runtime, ifExists: "fail" }));
  assertInstanceOf(error, ConflictError);
  assertEquals([error.code, error.expected, error.targetState], ["EEXIST", null, "unchanged"]);
});

test("writeFile does not commit a file that has fewer or more bytes than were written", () => {
  for (const difference of [-1, 1]) {
    const machine = memoryRuntime({ files: { "/d/file": "old" } });
    const runtime = interceptRuntime(machine, (call, proceed) => {
      const result = proceed();
      if (call.method !== "stat" || !call.path.endsWith(".tmp")) return result;
      const status = result as FileStatus;
      return { ...status, size: status.size + difference } as typeof result;
    });
    const error = assertThrows(() => writeFileSync("/d/file", "new", { runtime }), WriteError);
    assertEquals([error.code, error.step, error.targetState], ["EIO", "write", "unchanged"]);
    assertEquals(machine.files(), { "/d/file": "old" });
  }
});

test("writeFile asks a file system without locks for one only once", async () => {
  const { runtime, trace } = traceRuntime(memoryRuntime({ disk: { fileLock: false } }));
  for (const text of ["one", "two"]) await writeFile("/file", text, { runtime });
  assertEquals(trace.filter((line) => line.includes("tryLock")).length, 1);
});
