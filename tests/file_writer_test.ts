/** openFileWriter: piece by piece, whole at commit, or nothing at all. */
import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type FileChunk, openFileWriter, openFileWriterSync, WriteError, type WriteFileOptions } from "../mod.ts";
import { interceptRuntime } from "../src/testing/faults/intercept.ts";
import { faultRuntime, type MemoryRuntime, memoryRuntime, traceRuntime } from "../src/testing/mod.ts";
import { commitTurnsInUse } from "./support/commit_turns.ts";
import { modeOf, namesIn, textOf } from "./support/files.ts";
import { withTemporaryDirectory } from "./support/temporary_directory.ts";

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
const temporaries = (machine: MemoryRuntime): string[] =>
  Object.keys(machine.files()).filter((path) => path.endsWith(".tmp"));
const start = (options: Parameters<typeof memoryRuntime>[0] = {}): MemoryRuntime =>
  memoryRuntime({ files: { "/file": "old" }, ...options });

test("FileWriter shows nothing before commit and everything after it, with the options of writeFile", () =>
  withTemporaryDirectory(async (directory) => {
    const path = join(directory, "file");
    fs.writeFileSync(path, "old");
    const chunks: FileChunk[] = ["a\ud83d", "\ude00", new Uint16Array([25186]), new Uint8Array([99]).buffer, ""];
    const writer = await openFileWriter(path, { mode: 0o600, digest: true, backup: 1 });
    for (const chunk of chunks) await writer.write(chunk);
    assertEquals([textOf(path), namesIn(directory).length], ["old", 2]);
    const result = await writer.commit();
    assertEquals([result.bytesWritten, result.digest?.length, textOf(result.backup ?? "")], [8, 64, "old"]);
    assertEquals([textOf(path), modeOf(path), namesIn(directory).length], ["a\u{1F600}bbc", 0o600, 2]);
    const other = openFileWriterSync(path);
    for (const chunk of ["x", new Uint8Array([121])]) other.write(chunk);
    assertEquals([textOf(path), other.commit().bytesWritten, textOf(path)], ["a\u{1F600}bbc", 2, "xy"]);
  }));

test("FileWriter carries its calls out one after another, in their order, awaited or not", async () => {
  const machine = start({ delay: "every" });
  const writer = await openFileWriter("/file", { runtime: machine });
  const calls = Array.from({ length: 50 }, (_, index) => writer.write(`${index} `.repeat(20_000)));
  const committing = writer.commit();
  await Promise.all(calls);
  await committing;
  const expected = Array.from({ length: 50 }, (_, index) => `${index} `.repeat(20_000)).join("");
  assertEquals(machine.readText("/file") === expected, true);
});

test("FileWriter keeps half a surrogate pair for the next chunk, and replaces it at the end", async () => {
  const machine = start();
  const writer = await openFileWriter("/file", { runtime: machine });
  for (const chunk of ["\ud83d", "\ude00", "\ud83d"]) await writer.write(chunk);
  await writer.commit();
  assertEquals(machine.readText("/file"), "\u{1F600}\ufffd");
});

for (
  const [how, end] of [
    ["discard", (writer) => writer.discard()],
    ["discard, twice", (writer) => writer.discard().then(() => writer.discard())],
    ["leaving its scope", (writer) => writer[Symbol.asyncDispose]()],
    ["aborting its stream", (writer) => writer.writable.abort("no")],
  ] as [string, (writer: Awaited<ReturnType<typeof openFileWriter>>) => PromiseLike<void>][]
) {
  test(`FileWriter leaves nothing after ${how}, and takes nothing more`, async () => {
    const machine = start();
    const writer = await openFileWriter("/file", { runtime: machine });
    await writer.write("half");
    assertEquals(temporaries(machine).length, 1);
    await end(writer);
    assertEquals([machine.files(), machine.openHandles], [{ "/file": "old" }, []]);
    for (const more of [() => writer.write("x"), () => writer.commit()]) {
      // The reason of an abort is whatever was given.
      assert(await more().then(() => undefined, (error) => error ?? "rejected") !== undefined);
    }
    assertEquals([machine.files(), commitTurnsInUse().undecided], [{ "/file": "old" }, 0]);
  });
}

test("FileWriterSync discards when its scope is left, and takes nothing more", () => {
  const machine = start();
  const writer = openFileWriterSync("/file", { runtime: machine });
  writer.write("half");
  writer[Symbol.dispose]();
  writer.discard();
  assertEquals([machine.files(), machine.openHandles], [{ "/file": "old" }, []]);
  assertThrows(() => writer.write("x"), TypeError, "discarded");
  assertThrows(() => writer.commit(), TypeError, "discarded");
});

test("FileWriter is used up by commit: leaving the scope afterwards changes nothing", async () => {
  const machine = start();
  const writer = await openFileWriter("/file", { runtime: machine });
  await writer.write("new");
  await writer.commit();
  await writer[Symbol.asyncDispose]();
  await writer.discard();
  await assertRejects(() => writer.commit(), TypeError, "has been committed");
  await assertRejects(() => writer.write("x"), TypeError, "has been committed");
  assertEquals([machine.files(), machine.openHandles], [{ "/file": "new" }, []]);
});

test("FileWriter takes a stream, whose end commits nothing", async () => {
  const machine = start();
  const writer = await openFileWriter("/file", { runtime: machine });
  await new Blob(["from ", "a stream"]).stream().pipeTo(writer.writable);
  assertEquals(machine.readText("/file"), "old");
  await writer.commit();
  assertEquals(machine.readText("/file"), "from a stream");
});

test("FileWriter discards when the stream that is piped into it fails", async () => {
  const machine = start();
  const writer = await openFileWriter("/file", { runtime: machine });
  const reason = new Error("the source failed");
  const source = new ReadableStream<string>({
    start: (controller) => controller.enqueue("half"),
    pull: (controller) => controller.error(reason),
  });
  assertStrictEquals(await assertRejects(() => source.pipeTo(writer.writable)), reason);
  assertStrictEquals(await assertRejects(() => writer.commit()), reason);
  assertEquals([machine.files(), machine.openHandles], [{ "/file": "old" }, []]);
});

for (
  const [what, chunk] of [["a number", 5], ["null", null], ["undefined", undefined], ["an object", {}], ["a list", [
    "a",
  ]]] as const
) {
  test(`FileWriter takes ${what} for the end of it all: what is around it must not become a file`, async () => {
    const machine = start();
    const writer = await openFileWriter("/file", { runtime: machine });
    await writer.write("before");
    await assertRejects(() => writer.write(chunk as never), TypeError, "chunk");
    await assertRejects(() => writer.commit(), TypeError, "chunk");
    assertEquals([machine.files(), machine.openHandles], [{ "/file": "old" }, []]);
    const other = openFileWriterSync("/file", { runtime: machine });
    assertThrows(() => other.write(chunk as never), TypeError, "chunk");
    assertThrows(() => other.commit(), TypeError, "chunk");
    assertEquals([machine.files(), machine.openHandles], [{ "/file": "old" }, []]);
  });
}

for (
  const [method, step] of [["write", "write"], ["sync", "sync"], ["close", "close"], ["rename", "rename"]] as const
) {
  test(`FileWriter discards when ${method} fails, and says the same ever after`, async () => {
    const machine = start();
    const { runtime } = faultRuntime(machine, {
      at: (call) => call.method === method && call.path.endsWith(".tmp"),
      error: "EIO",
    });
    const writer = await openFileWriter("/file", { runtime });
    // Large enough to be written at once.
    const failing = method === "write" ? () => writer.write(new Uint8Array(1 << 20)) : () => writer.commit();
    const error = await assertRejects(failing, WriteError);
    assertEquals([error.code, error.step, error.targetState], ["EIO", step, "unchanged"]);
    assertStrictEquals(await assertRejects(() => writer.commit()), error);
    await writer.discard();
    assertEquals([machine.files(), machine.openHandles], [{ "/file": "old" }, []]);
  });
}

test("FileWriter whose directory sync fails says that the change is visible, and has cleaned up", async () => {
  const machine = start();
  const { runtime } = faultRuntime(machine, {
    at: ({ method, path }) => method === "sync" && path === "/",
    error: "EIO",
  });
  const writer = await openFileWriter("/file", { runtime });
  await writer.write("new");
  const error = await assertRejects(() => writer.commit(), WriteError);
  assertEquals([error.step, error.targetState, machine.files()], ["syncDirectory", "replaced", { "/file": "new" }]);
  assertEquals(machine.openHandles, []);
});

test("FileWriter names the temporary file that discard could not remove", async () => {
  const machine = start();
  const { runtime } = faultRuntime(machine, {
    at: ({ method }) => method === "remove",
    error: "EROFS",
    times: "always",
  });
  const writer = await openFileWriter("/file", { runtime });
  const error = await assertRejects(() => writer.discard(), WriteError);
  assertEquals([error.leftBehind, machine.openHandles], [temporaries(machine), []]);
});

const reason = new Error("enough");

test("an abort discards, also while nobody calls; the next call tells the reason", async () => {
  const machine = start();
  const controller = new AbortController();
  const options: WriteFileOptions = { runtime: machine, signal: controller.signal };
  const writer = await openFileWriter("/file", options);
  // The options were read when it was opened.
  delete options.signal;
  await writer.write("half");
  controller.abort(reason);
  await turn();
  assertEquals([machine.files(), machine.openHandles], [{ "/file": "old" }, []]);
  assertStrictEquals(await assertRejects(() => writer.commit()), reason);
});

test("an abort while the writer is being opened leaves nothing", async () => {
  for (const during of ["linkStat", "create", "tryLock"]) {
    const machine = start({ delay: "every" });
    const controller = new AbortController();
    const runtime = interceptRuntime(machine, (call, proceed) => {
      if (call.method === during) controller.abort(reason);
      return proceed();
    });
    const writer = await openFileWriter("/file", { runtime, signal: controller.signal }).catch(() => undefined);
    for (let turns = 0; turns < 20; turns++) await turn();
    assertEquals([machine.files(), machine.openHandles], [{ "/file": "old" }, []], during);
    if (writer !== undefined) assertStrictEquals(await assertRejects(() => writer.write("x")), reason);
  }
});

test("an abort after commit changes nothing", async () => {
  const machine = start();
  const controller = new AbortController();
  const writer = await openFileWriter("/file", { runtime: machine, signal: controller.signal });
  await writer.write("new");
  await writer.commit();
  controller.abort(reason);
  await turn();
  assertEquals(machine.files(), { "/file": "new" });
});

test("openFileWriter that fails leaves nothing open, and refuses wrong options before any I/O", async () => {
  const { runtime, trace } = traceRuntime(memoryRuntime({ files: { "/d": { kind: "directory" } } }));
  await assertRejects(() => openFileWriter("/file", { runtime, mode: "600" as never }), TypeError);
  await assertRejects(() => openFileWriter("", { runtime }), TypeError);
  assertEquals(trace, []);
  for (const [path, code] of [["/d", "EISDIR"], ["/no/file", "ENOENT"]] as const) {
    assertEquals((await assertRejects(() => openFileWriter(path, { runtime }), WriteError)).code, code);
    assertEquals(assertThrows(() => openFileWriterSync(path, { runtime }), WriteError).code, code);
  }
  const machine = start();
  const faulty = faultRuntime(machine, { at: ({ method }) => method === "create", error: "ENOSPC" });
  await assertRejects(() => openFileWriter("/file", { runtime: faulty.runtime }), WriteError, "ENOSPC");
  assertEquals([machine.files(), machine.openHandles], [{ "/file": "old" }, []]);
});
