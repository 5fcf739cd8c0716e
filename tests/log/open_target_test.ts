/** A log on a system that replaces no open file: it lets go of its own around its checkpoint, and when it is opened after a kill. */
import { test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { openLog, openLogReader, repairLog } from "../../src/log/mod.ts";
import { memoryRuntime } from "../../src/testing/mod.ts";

const path = "/d/log";
const machine = () => memoryRuntime({ renameOverOpen: "EPERM", files: { "/d/": { kind: "directory" } } });

async function texts(runtime: ReturnType<typeof machine>): Promise<string[]> {
  const found: string[] = [];
  const reader = await openLogReader(path, { runtime });
  for await (const { data } of reader.read()) found.push(new TextDecoder().decode(data));
  return found;
}

test("a log checkpoints and goes on where no open file is replaced", async () => {
  const runtime = machine();
  const log = await openLog(path, { runtime });
  await log.append("one");
  await log.checkpoint("so far");
  await log.append("two");
  await log.checkpoint("further");
  await log.append("three");
  await log.close();
  assertEquals([await texts(runtime), runtime.openHandles], [["three"], []]);
});

test("a log goes on after a checkpoint that somebody's open file has made impossible", async () => {
  const runtime = machine();
  const log = await openLog(path, { runtime });
  await log.append("one");
  const other = runtime.fork();
  const file = other.syncFileSystem.open(path, "read");
  const start = runtime.clock.monotonic();
  await assertRejects(() => log.checkpoint("so far"), Error, "another program has it open");
  assertEquals(Math.round(runtime.clock.monotonic() - start), 2000);
  await log.append("two");
  file?.close();
  assertEquals(await texts(runtime), ["one", "two"]);
  await log.checkpoint("all of it");
  await log.append("three");
  await log.close();
  assertEquals([await texts(runtime), runtime.openHandles], [["three"], []]);
});

test("a log can be opened after its writer was killed where no open file is replaced", async () => {
  const runtime = machine();
  const writer = runtime.fork();
  const log = await openLog(path, { runtime: writer });
  await log.appendMany(["one", "two"]);
  writer.kill();
  const again = await openLog(path, { runtime });
  await again.append("three");
  await again.close();
  assertEquals([await texts(runtime), runtime.openHandles], [["one", "two", "three"], []]);
});

test("a damaged log is repaired, and one whose end is unproven rewritten, where no open file is replaced", async () => {
  const runtime = machine();
  const log = await openLog(path, { runtime });
  await log.append("one");
  const second = runtime.statusOf(path)?.size ?? 0;
  await log.appendMany(["two", "three"]);
  await log.close();
  const bytes = (runtime.readBytes(path) ?? new Uint8Array()).slice();
  bytes[second + 33] = 0xff;
  const damaged = memoryRuntime({
    renameOverOpen: "EPERM",
    files: { "/d/": { kind: "directory" }, [path]: bytes },
  });
  assertEquals((await repairLog(path, { runtime: damaged })).repaired, true);
  assertEquals([await texts(damaged), damaged.openHandles], [["one"], []]);

  const writer = runtime.fork();
  const killed = await openLog(path, { runtime: writer });
  await killed.append("four");
  writer.kill();
  assertEquals((await repairLog(path, { runtime })).repaired, false);
  assertEquals([await texts(runtime), runtime.openHandles], [["one", "two", "three", "four"], []]);
});
