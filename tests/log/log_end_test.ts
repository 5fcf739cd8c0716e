/** What is at the end of a log, and what goes on after something has gone wrong there. */
import { assertEquals, assertInstanceOf, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { CorruptionError, type FileError, openLog, openLogReaderSync, openLogSync } from "../../src/log/mod.ts";
import { faultRuntime, type MemoryRuntime, memoryRuntime, type SeamCall, traceRuntime } from "../../src/testing/mod.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { readTexts, textsOf } from "./support.ts";

const sizeOf = (machine: MemoryRuntime): number | undefined => machine.statusOf("/log")?.size;
const bytesOf = (machine: MemoryRuntime): Uint8Array => machine.readBytes("/log") ?? new Uint8Array();

describe("the end of a log", () => {
  it("is sealed when it is closed, unless nothing says that it was synced", () => {
    for (const [durability, seal] of [["full", 32], ["none", 0]] as const) {
      const machine = memoryRuntime();
      const log = openLogSync("/log", { runtime: machine, durability });
      log.append("one");
      const before = sizeOf(machine) ?? 0;
      log.close();
      assertEquals([durability, sizeOf(machine)], [durability, before + seal]);
    }
  });

  it("is cut off before a record takes its place: a seal may be in memory alone", () => {
    const { runtime, trace } = traceRuntime(memoryRuntime());
    openLogSync("/log", { runtime }).close();
    const log = openLogSync("/log", { runtime });
    const before = trace.length;
    log.append("one");
    const changes = trace.slice(before).map((line) => line.split(" ")[0]).filter((call) => call !== "linkStat");
    assertEquals(changes, ["truncate", "seek", "write", "sync"]);
    log.close();
  });

  it("has no torn tail any more once the log was opened", () => {
    const machine = memoryRuntime();
    const log = openLogSync("/log", { runtime: machine });
    log.append("one");
    const end = sizeOf(machine) ?? 0;
    log.close();
    const torn = new Uint8Array([...bytesOf(machine), ...new Uint8Array(100).fill(7)]);
    const found = memoryRuntime({ files: { "/log": torn } });
    const opened = openLogSync("/log", { runtime: found });
    assertEquals([opened.tornTail?.bytes, sizeOf(found)], [100, end]);
    opened.close();
    const again = openLogSync("/log", { runtime: found });
    assertEquals([again.tornTail, textsOf(again.read())], [undefined, ["1 one"]]);
    again.close();
  });

  it("is not behind it: a record of an older session follows no newer one", () => {
    const machine = memoryRuntime();
    const log = openLogSync("/log", { runtime: machine });
    log.append("one");
    log.close();
    const closed = bytesOf(machine).slice();
    // This batch never reaches the disk; its second record comes up again, right behind the next session's first.
    openLogSync("/log", { runtime: machine }).appendMany(["same length", "left over"]);
    const lost = bytesOf(machine).slice();
    const later = memoryRuntime({ files: { "/log": closed } });
    openLogSync("/log", { runtime: later }).append("SAME LENGTH");
    const now = bytesOf(later);
    const mixed = memoryRuntime({ files: { "/log": new Uint8Array([...now, ...lost.subarray(now.length)]) } });
    assertEquals(textsOf(openLogReaderSync("/log", { runtime: mixed }).read()), ["1 one", "2 SAME LENGTH"]);
  });

  it("is looked for anew by a reader that has come to where it was", () => {
    const machine = memoryRuntime();
    const log = openLogSync("/log", { runtime: machine });
    // So much is handed out before anything more is read.
    log.append("x".repeat(70_000));
    log.append("written in two pieces");
    const whole = bytesOf(machine).slice();
    // As long as it will be, and not yet all there.
    const growing = memoryRuntime({ files: { "/log": whole.slice().fill(0, whole.length - 5) } });
    const reading = openLogReaderSync("/log", { runtime: growing }).read()[Symbol.iterator]();
    assertEquals(reading.next().value?.sequence, 1);
    const file = growing.syncFileSystem.open("/log", "read-write");
    file?.seek(whole.length - 5);
    file?.write(whole.subarray(whole.length - 5));
    file?.close();
    assertEquals([reading.next().value?.sequence, reading.next().done], [2, true]);
  });

  it("within the snapshot is damage", () => {
    const machine = memoryRuntime();
    const log = openLogSync("/log", { runtime: machine });
    log.checkpoint("a snapshot");
    log.close();
    const cut = memoryRuntime({ files: { "/log": bytesOf(machine).subarray(0, 75) } });
    for (const open of [() => openLogSync("/log", { runtime: cut }), readAll]) {
      const error = assertThrows(open);
      assertInstanceOf(error, CorruptionError);
      assertEquals([error.offset, sizeOf(cut), cut.openHandles], [75, 75, []]);
    }
    function readAll(): void {
      textsOf(openLogReaderSync("/log", { runtime: cut }).read());
    }
  });
});

it("a log in whose place somebody has put another one of the same size is not appended to", () =>
  withTemporaryDirectory(async (directory) => {
    const path = join(directory, "log");
    const log = await openLog(path);
    await log.append("one");
    fs.copyFileSync(path, `${path}.2`);
    fs.renameSync(`${path}.2`, path);
    const error = await assertRejects(() => log.append("two")) as FileError;
    assertEquals([error.code, error.targetState], ["ESTALE", "unchanged"]);
    assertEquals(textsOf(openLogReaderSync(path).read()), ["1 one"]);
    assertEquals((await assertRejects(() => log.close()) as FileError).code, "ESTALE");
  }));

describe("a checkpoint that fails", () => {
  it("before its snapshot was read: the source is cancelled, with the error", async () => {
    const at = ({ method, path }: SeamCall) => method === "create" && path.endsWith(".tmp");
    const machine = memoryRuntime();
    openLogSync("/log", { runtime: machine }).close();
    const log = await openLog("/log", { runtime: faultRuntime(machine, { at, error: "ENOSPC" }).runtime });
    let cancelled: unknown;
    const stream = new ReadableStream({ cancel: (reason) => void (cancelled = reason) });
    assertStrictEquals(await assertRejects(() => log.checkpoint(stream)), cancelled);
    await log.close();
  });

  /** Fails one call of the checkpoint: writing the new file, or the first sync after its rename. */
  const faults: Record<string, (renamed: boolean, call: SeamCall) => boolean> = {
    "before its rename": (renamed, { method, path }) => !renamed && method === "write" && path.endsWith(".tmp"),
    "after its rename": (renamed, { method }) => renamed && method === "sync",
  };
  for (const [when, isStruck] of Object.entries(faults)) {
    it(`${when}: the log ${when.startsWith("before") ? "goes on" : "is over, and says why"}`, async () => {
      const machine = memoryRuntime();
      let armed = false;
      let renamed = false;
      const at = (call: SeamCall): boolean => {
        const struck = armed && isStruck(renamed, call);
        renamed ||= armed && call.method === "rename";
        return struck;
      };
      const log = await openLog("/log", { runtime: faultRuntime(machine, { at, error: "EIO" }).runtime });
      await log.append("one");
      armed = true;
      const error = await assertRejects(() => log.checkpoint("snapshot")) as FileError;
      if (when === "before its rename") {
        assertEquals(error.targetState, "unchanged");
        assertEquals([await log.append("two"), await readTexts(log.read())], [2, ["1 one", "2 two"]]);
      } else {
        assertEquals(error.targetState, "replaced");
        assertEquals(await assertRejects(() => log.append("two")), error);
      }
      await log.close();
      assertEquals(machine.openHandles, []);
    });
  }
});

it("a record that was read keeps nothing but itself in memory", () => {
  const machine = memoryRuntime();
  const log = openLogSync("/log", { runtime: machine });
  log.appendMany(["one", "two"]);
  const lengths = [...log.read()].map(({ data }) => data.buffer.byteLength);
  assertEquals(lengths, [3, 3]);
});
