/** The log: in order, whole, durable when acknowledged; a torn tail is cut, damage is told from it. */
import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import {
  CorruptionError,
  DeadlockError,
  type FileError,
  LockBusyError,
  LockTimeoutError,
  type Log,
  type LogSync,
  openLog,
  openLogReader,
  openLogReaderSync,
  openLogSync,
  ReadError,
} from "../../src/log/mod.ts";
import { runSync, wait } from "../../src/core/operation.ts";
import { findProof } from "../../src/log/damage_proof.ts";
import { type LogHeader, parseLogHeader } from "../../src/log/log_header.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { type Around, interceptRuntime } from "../../src/testing/faults/intercept.ts";
import { type Fault, faultRuntime, memoryRuntime, traceRuntime } from "../../src/testing/mod.ts";
import { modeOf, namesIn } from "../support/files.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { readTexts, textsOf } from "./support.ts";

describe("append and read", () => {
  it("keeps the order and the sequence, across openings", () =>
    withTemporaryDirectory(async (directory) => {
      const path = join(directory, "log");
      const log = await openLog(path);
      assertEquals([await log.append("one"), await log.append(new Uint8Array([116, 119, 111])), await log.append("")], [
        1,
        2,
        3,
      ]);
      assertEquals([log.nextSequence, log.tornTail, log.durability], [4, undefined, "full"]);
      await log.close();
      await log.close();
      await assertRejects(() => log.append("late"), TypeError, "closed");
      await using again = await openLog(path);
      assertEquals(await again.appendMany(["four", "five"]), [4, 5]);
      const all = ["1 one", "2 two", "3 ", "4 four", "5 five"];
      assertEquals(await readTexts(again.read()), all);
      assertEquals(await readTexts(again.read({ from: 4 })), all.slice(3));
      assertEquals(textsOf(openLogReaderSync(path).read()), all);
      assertEquals(await again.snapshot(), undefined);
      assertEquals(namesIn(directory), ["log", "log.lock"]);
    }));

  it("does the same synchronously, by the same calls", async () => {
    const traces: string[][] = [];
    for (const synchronous of [true, false]) {
      const machine = memoryRuntime();
      const { runtime, trace } = traceRuntime(machine);
      const options = { runtime, createDirectories: true };
      if (synchronous) {
        const log = openLogSync("/d/log", options);
        log.append("one");
        log.appendMany(["two", "three"]);
        log.checkpoint(["snap", "shot"], { through: 2 });
        log.append("four");
        log.snapshot();
        textsOf(log.read());
        log.close();
      } else {
        const log = await openLog("/d/log", options);
        await log.append("one");
        await log.appendMany(["two", "three"]);
        await log.checkpoint(["snap", "shot"], { through: 2 });
        await log.append("four");
        await log.snapshot();
        await readTexts(log.read());
        await log.close();
      }
      assertEquals(machine.openHandles, []);
      assertEquals(textsOf(openLogReaderSync("/d/log", { runtime: machine }).read()), ["3 three", "4 four"]);
      traces.push([...trace]);
    }
    assertEquals(traces[0], traces[1]);
  });

  it("shares one write and one sync among concurrent appends", async () => {
    const machine = memoryRuntime({ delay: "syncs" });
    const { runtime, trace } = traceRuntime(machine);
    const log = await openLog("/log", { runtime });
    trace.splice(0);
    const first = Array.from({ length: 40 }, (_, index) => log.append(`first ${index}`));
    const sequences = await Promise.all(first);
    assertEquals(sequences, first.map((_, index) => index + 1));
    assertEquals(trace.filter((line) => line === "sync" || line.startsWith("write ")).length, 2, trace.join("\n"));
    trace.splice(0);
    const begun = log.append("begun");
    await Promise.resolve().then(() => Promise.resolve());
    await Promise.all([begun, ...Array.from({ length: 40 }, (_, index) => log.append(`second ${index}`))]);
    assert(trace.filter((line) => line.startsWith("sync")).length <= 2, trace.join("\n"));
    await log.close();
  });

  it("refuses what is no record and no option before any I/O", async () => {
    const { runtime, trace } = traceRuntime(memoryRuntime());
    const log = await openLog("/log", { runtime });
    trace.splice(0);
    for (const record of [5, null, undefined, {}, ["a"]]) {
      await assertRejects(() => log.append(record as unknown as string), TypeError, "A record must be");
    }
    for (const records of ["abc", undefined, {}, new Uint8Array(2)] as unknown as string[][]) {
      await assertRejects(() => log.appendMany(records), TypeError, "an iterable of records");
    }
    await assertRejects(() => log.checkpoint(5 as unknown as string), TypeError);
    await assertRejects(() => log.checkpoint("x", { through: -1 }), RangeError);
    assertThrows(() => log.read({ from: 1.5 }), RangeError);
    await assertRejects(() => openLog("/other", { runtime, lock: { shared: true } as object }), TypeError);
    await assertRejects(() => openLog("/other", { runtime, nonsense: 1 } as object), TypeError);
    assertEquals(trace, []);
    await log.close();
  });

  it("has one writer, and readers all the while", () =>
    withTemporaryDirectory(async (directory) => {
      const path = join(directory, "log");
      const log = await openLog(path, { mode: 0o600 });
      assertEquals(modeOf(path), 0o600);
      await assertRejects(() => openLog(path), LockBusyError);
      assertThrows(() => openLogSync(path), LockBusyError);
      await assertRejects(() => openLog(path, { lock: { timeout: 1 } }), LockTimeoutError);
      assertThrows(() => openLogSync(path, { lock: { timeout: Infinity } }), DeadlockError);
      const reader = openLogReader(path);
      let writing = true;
      const reading = (async () => {
        let most = 0;
        while (writing) {
          const found = await readTexts(reader.read());
          assertEquals(found, found.map((_, index) => `${index + 1} ${"x".repeat((index * 37) % 500)}`));
          assert(found.length >= most, "a record has gone");
          most = found.length;
        }
        return most;
      })();
      for (let index = 0; index < 200; index++) await log.append("x".repeat((index * 37) % 500));
      writing = false;
      assert(await reading > 0);
      await log.close();
      assertEquals((await readTexts(reader.read())).length, 200);
    }));

  it("is waited for where that is asked for, until it is closed or the wish is withdrawn", async () => {
    const machine = memoryRuntime();
    const log = await openLog("/log", { runtime: machine });
    const stop = new AbortController();
    const withdrawn = openLog("/log", { runtime: machine, lock: { signal: stop.signal } });
    const next = openLog("/log", { runtime: machine, lock: { timeout: Infinity } });
    stop.abort(new Error("no longer wanted"));
    await assertRejects(() => withdrawn, Error, "no longer wanted");
    await log.append("one");
    await log.close();
    await using second = await next;
    assertEquals(await second.append("two"), 2);
  });

  it("notices that its file was taken away", () =>
    withTemporaryDirectory(async (directory) => {
      const path = join(directory, "log");
      const log = await openLog(path);
      await log.append("one");
      fs.renameSync(path, `${path}.1`);
      const error = await assertRejects(() => log.append("two")) as FileError;
      assertEquals([error.code, error.targetState], ["ESTALE", "unchanged"]);
      const unsealed = await assertRejects(() => log.close()) as FileError;
      assertEquals([unsealed.code, unsealed.targetState], ["ESTALE", "unknown"]);
      for (const change of [() => fs.truncateSync(path, 80), () => fs.appendFileSync(path, "x")]) {
        fs.rmSync(path, { force: true });
        const changed = await openLog(path);
        await changed.append("one");
        change();
        const size = fs.statSync(path).size;
        for (const call of [() => changed.append("two"), () => changed.checkpoint("x")]) {
          const error = await assertRejects(call) as FileError;
          assertEquals([error.code, error.targetState], ["ESTALE", "unchanged"]);
        }
        assertEquals((await assertRejects(() => changed.close()) as FileError).code, "ESTALE");
        assertEquals(fs.statSync(path).size, size, "nothing was added to it");
      }
      assertEquals(textsOf(openLogReaderSync(`${path}.1`).read()), ["1 one"]);
    }));
});

it("an empty file is a log that nothing was written to yet", async () => {
  const machine = memoryRuntime({ files: { "/log": { content: "", mode: 0o640 } } });
  const reader = openLogReader("/log", { runtime: machine });
  assertEquals([await readTexts(reader.read()), await reader.snapshot()], [[], undefined]);
  const log = await openLog("/log", { runtime: machine });
  assertEquals([await log.append("one"), log.tornTail], [1, undefined]);
  await log.close();
  assertEquals(await readTexts(reader.read()), ["1 one"]);
  assertEquals(machine.statusOf("/log")?.mode, 0o640);
  assertEquals(machine.openHandles, []);
});

describe("checkpoint", () => {
  it("takes the snapshot in and drops the records that it covers", () =>
    withTemporaryDirectory(async (directory) => {
      const path = join(directory, "log");
      await using log = await openLog(path, { backup: 1 });
      await log.appendMany(["one", "two", "three"]);
      const before = [log.append("four"), log.checkpoint(new Blob(["state ", "of four"])), log.append("five")] as const;
      assertEquals(await Promise.all(before), [4, undefined, 5]);
      assertEquals([await readTexts(log.read()), new TextDecoder().decode(await log.snapshot())], [
        ["5 five"],
        "state of four",
      ]);
      await log.checkpoint("", { through: 4 });
      assertEquals([await readTexts(log.read()), await log.snapshot()], [["5 five"], new Uint8Array(0)]);
      await assertRejects(() => log.checkpoint("x", { through: 9 }), RangeError, "through must be 5 or less");
      await log.checkpoint("all");
      assertEquals([await readTexts(log.read()), await log.append("six")], [[], 6]);
      assertEquals(namesIn(directory).filter((name) => name.endsWith(".bak")).length, 1);
    }));

  it("makes opening independent of what came before it", () => {
    const machine = memoryRuntime();
    const log = openLogSync("/log", { runtime: machine });
    log.appendMany(Array.from({ length: 2000 }, (_, index) => `record ${index}`));
    log.checkpoint("s".repeat(1_000_000));
    log.append("last");
    log.close();
    const { runtime, trace } = traceRuntime(machine);
    openLogSync("/log", { runtime }).close();
    const read = trace.flatMap((line) => Number(/^read .*= (\d+)$/.exec(line)?.[1] ?? 0)).reduce(
      (sum, each) => sum + each,
      0,
    );
    assert(read < 2000, `${read} bytes were read`);
  });

  it("whose source fails leaves the log as it was", async () => {
    const machine = memoryRuntime();
    const log = await openLog("/log", { runtime: machine });
    await log.append("one");
    async function* failing() {
      yield "some";
      await Promise.reject(new Error("mine"));
    }
    await assertRejects(() => log.checkpoint(failing()), Error, "mine");
    assertEquals([await log.append("two"), await readTexts(log.read())], [2, ["1 one", "2 two"]]);
    await log.close();
    assertEquals([machine.openHandles, Object.keys(machine.files())], [[], ["/log", "/log.lock"]]);
  });
});

describe("a torn tail", () => {
  it("is cut, synced and reported, at every length; what was acknowledged stays", () => {
    const machine = memoryRuntime();
    const log = openLogSync("/log", { runtime: machine });
    log.append("acknowledged");
    const end = machine.statusOf("/log")?.size ?? 0;
    log.appendMany(["torn one", "torn two"]);
    const whole = machine.readBytes("/log") ?? new Uint8Array();
    const middle = end + 32 + "torn one".length;
    for (let size = end; size <= whole.length; size++) {
      const torn = memoryRuntime({ files: { "/log": whole.subarray(0, size) } });
      assertEquals(textsOf(openLogReaderSync("/log", { runtime: torn }).read())[0], "1 acknowledged");
      const { runtime, trace } = traceRuntime(torn);
      const opened = openLogSync("/log", { runtime });
      const kept = size >= whole.length ? 3 : size >= middle ? 2 : 1;
      const offset = [0, end, middle, whole.length][kept] as number;
      assertEquals(opened.tornTail, size === offset ? undefined : { offset, bytes: size - offset });
      const cut = trace.findIndex((line) => line.startsWith("truncate"));
      if (cut >= 0) assertEquals(trace[cut + 1], "sync");
      assertEquals(opened.append("next"), kept + 1);
      assertEquals(textsOf(opened.read()).at(-1), `${kept + 1} next`);
      opened.close();
    }
  });

  it("is cut, too, where a later record of the same batch survived", () => {
    const machine = memoryRuntime();
    const log = openLogSync("/log", { runtime: machine });
    log.append("acknowledged");
    const end = machine.statusOf("/log")?.size ?? 0;
    log.appendMany(["first of the batch", "second of the batch", "third"]);
    for (const wrecked of [0, 4, 20, 32, 40]) {
      const bytes = (machine.readBytes("/log") ?? new Uint8Array()).slice();
      bytes.fill(0, end + wrecked, end + wrecked + 8);
      const torn = memoryRuntime({ files: { "/log": bytes } });
      assertEquals(textsOf(openLogReaderSync("/log", { runtime: torn }).read()), ["1 acknowledged"]);
      const opened = openLogSync("/log", { runtime: torn });
      assertEquals(opened.tornTail?.offset, end);
      assertEquals([opened.append("again"), textsOf(opened.read())], [2, ["1 acknowledged", "2 again"]]);
      opened.close();
    }
  });

  it("that comes up again behind a newer record is not taken for one", () => {
    const machine = memoryRuntime();
    const log = openLogSync("/log", { runtime: machine });
    log.append("acknowledged");
    const end = machine.statusOf("/log")?.size ?? 0;
    log.appendMany(["same length", "left over"]);
    const old = (machine.readBytes("/log") ?? new Uint8Array()).slice();
    const cut = memoryRuntime({ files: { "/log": old.subarray(0, end) } });
    const again = openLogSync("/log", { runtime: cut });
    again.append("SAME LENGTH");
    const now = cut.readBytes("/log") ?? new Uint8Array();
    const mixed = memoryRuntime({ files: { "/log": new Uint8Array([...now, ...old.subarray(now.length)]) } });
    assertEquals(textsOf(openLogReaderSync("/log", { runtime: mixed }).read()), ["1 acknowledged", "2 SAME LENGTH"]);
    assertEquals(openLogSync("/log", { runtime: mixed }).tornTail?.offset, now.length);
  });
});

describe("damage", () => {
  it("anywhere in a closed log is a CorruptionError with its offset, and what comes before is readable", () => {
    const machine = memoryRuntime();
    const log = openLogSync("/log", { runtime: machine });
    const texts = ["one", "a longer one, the second", "three", "four"];
    const ends = [72];
    for (const text of texts) {
      log.append(text);
      ends.push(machine.statusOf("/log")?.size ?? 0);
    }
    log.close();
    const whole = machine.readBytes("/log") ?? new Uint8Array();
    const last = ends.at(-1) as number;
    for (let at = 0; at < last; at++) {
      const bytes = whole.slice();
      bytes[at] = (bytes[at] ?? 0) ^ 0x10;
      const damaged = memoryRuntime({ files: { "/log": bytes } });
      const intact = ends.findLastIndex((end) => end <= at);
      const error = assertThrows(() => openLogSync("/log", { runtime: damaged }));
      assertInstanceOf(error, CorruptionError, `byte ${at}`);
      assertEquals([error.offset, error.targetState], [intact < 0 ? 0 : ends[intact], "unchanged"], `byte ${at}`);
      assertEquals(damaged.readBytes("/log"), bytes, "nothing was cut");
      assertEquals(damaged.openHandles, []);
      const found: string[] = [];
      assertThrows(() => {
        for (const { sequence, data } of openLogReaderSync("/log", { runtime: damaged }).read()) {
          found.push(`${sequence} ${new TextDecoder().decode(data)}`);
        }
      }, CorruptionError);
      assertEquals(found, texts.slice(0, Math.max(0, intact)).map((text, index) => `${index + 1} ${text}`));
    }
  });

  it("of a snapshot is reported when it is read, and hides no record", async () => {
    const machine = memoryRuntime();
    const log = openLogSync("/log", { runtime: machine });
    log.checkpoint("a snapshot");
    log.append("one");
    log.close();
    const bytes = (machine.readBytes("/log") ?? new Uint8Array()).slice();
    bytes[75] = 0;
    const damaged = memoryRuntime({ files: { "/log": bytes } });
    const again = await openLog("/log", { runtime: damaged });
    const error = await assertRejects(() => again.snapshot());
    assertInstanceOf(error, CorruptionError);
    assertEquals([error.offset, error.digest?.length], [72, 64]);
    assertEquals(await readTexts(again.read()), ["1 one"]);
    await again.close();
  });

  /** Headers of records that could prove it, at every 32 bytes, each of which seems to end further on. */
  function pseudoHeaders(bytes: number, start: number): Uint8Array {
    const payload = new Uint8Array(bytes);
    const view = new DataView(payload.buffer);
    for (let at = 0; at < payload.length; at += 32) {
      view.setUint32(at + 4, Math.max(0, payload.length - at - 32 - 4096), true);
      view.setBigUint64(at + 8, 2n, true);
      view.setBigUint64(at + 16, BigInt(start + 1), true);
    }
    return payload;
  }

  for (const megabytes of [1, 8]) {
    it(`is looked for at the cost of reading, in a torn record of ${megabytes} MB of pseudo-headers`, () => {
      const machine = memoryRuntime();
      const log = openLogSync("/log", { runtime: machine });
      log.append("first");
      const start = machine.statusOf("/log")?.size ?? 0;
      log.append(pseudoHeaders(megabytes * 2 ** 20, start));
      log.close();
      const whole = machine.readBytes("/log") ?? new Uint8Array();
      const counted = (bytes: Uint8Array, use: (runtime: Runtime) => void) => {
        const counts = { calls: 0, bytes: 0 };
        const count: Around = (call, proceed) => {
          const answer = proceed();
          if (call.method === "read" && typeof answer === "number") {
            counts.calls++;
            counts.bytes += answer;
          }
          return answer;
        };
        use(interceptRuntime(memoryRuntime({ files: { "/log": bytes } }), count));
        return counts;
      };
      const reading = counted(whole, (runtime) => {
        assertEquals([...openLogReaderSync("/log", { runtime }).read()].length, 2);
      });
      const torn = whole.slice(0, -33);
      const opening = counted(torn, (runtime) => {
        const opened = openLogSync("/log", { runtime });
        assertEquals(opened.tornTail, { offset: start, bytes: torn.length - start });
        opened.close();
      });
      const shown = JSON.stringify({ reading, opening });
      // Each byte that is read there is hashed once: in order, for the proof, and as a record.
      assert(opening.bytes <= 2.2 * reading.bytes, shown);
      // A record is read in one call, the proof is looked for by windows of 256 KB.
      assert(opening.calls <= reading.calls + 4 * megabytes + 8, shown);
    });
  }

  it("is looked for in one reading, whatever the content that is torn looks like", () => {
    const machine = memoryRuntime();
    const log = openLogSync("/log", { runtime: machine });
    log.append("first");
    const start = machine.statusOf("/log")?.size ?? 0;
    const payload = pseudoHeaders(300 * 1024, start);
    log.append(payload);
    log.close();
    const whole = machine.readBytes("/log") ?? new Uint8Array();
    const torn = memoryRuntime({ files: { "/log": whole.slice(0, start + 32 + payload.length - 1) } });
    let read = 0;
    const counting = interceptRuntime(torn, (call, proceed) => {
      const answer = proceed();
      if (call.method === "read" && typeof answer === "number") read += answer;
      return answer;
    });
    const opened = openLogSync("/log", { runtime: counting });
    assertEquals(opened.tornTail, { offset: start, bytes: 32 + payload.length - 1 });
    assert(read < 6 * whole.length, `${read} bytes read of ${whole.length}`);
    opened.close();
    // The same with a record behind it that proves it: in the same place as by looking at one after another.
    const damaged = memoryRuntime();
    const second = openLogSync("/log", { runtime: damaged });
    second.append("first");
    const offset = damaged.statusOf("/log")?.size ?? 0;
    second.append(payload);
    const proof = damaged.statusOf("/log")?.size ?? 0;
    second.append("third");
    second.close();
    const bytes = (damaged.readBytes("/log") ?? new Uint8Array()).slice();
    bytes[offset] = (bytes[offset] ?? 0) ^ 1;
    const { identity } = parseLogHeader(bytes) as LogHeader;
    const cursor = { offset, sequence: 2, syncedThrough: 0, salt: undefined };
    for (const most of [2 ** 20, 1000, 7]) {
      const read = (from: number, length: number) => wait(bytes.subarray(from, from + length));
      const found = runSync(() => findProof({ bytes: read }, { size: bytes.length, cursor, identity }, most));
      assertEquals(found, proof, `${most}`);
    }
    const machineOfDamage = memoryRuntime({ files: { "/log": bytes } });
    const error = assertThrows(() => openLogSync("/log", { runtime: machineOfDamage }), CorruptionError);
    assertEquals(error.offset, offset);
  });

  it("is distinguished from a log that is stored in the log", () => {
    const machine = memoryRuntime();
    const inner = openLogSync("/inner", { runtime: machine });
    inner.appendMany(["x", "y"]);
    inner.append("z");
    inner.close();
    const outer = openLogSync("/outer", { runtime: machine });
    outer.append("acknowledged");
    const end = machine.statusOf("/outer")?.size ?? 0;
    outer.append(machine.readBytes("/inner") ?? "");
    const bytes = (machine.readBytes("/outer") ?? new Uint8Array()).slice();
    bytes[end] = (bytes[end] ?? 0) ^ 1;
    const torn = memoryRuntime({ files: { "/outer": bytes } });
    assertEquals(openLogSync("/outer", { runtime: torn }).tornTail?.offset, end);
  });

  it("of a file that is no log, or a cut-off one, changes nothing", () => {
    for (
      const content of [
        "not a log, but longer than a header of one would have to be to be read at all as such",
        "\x89AWLOG\r\n",
      ]
    ) {
      const machine = memoryRuntime({ files: { "/log": content } });
      const error = assertThrows(() => openLogSync("/log", { runtime: machine }));
      assertInstanceOf(error, CorruptionError);
      assertEquals([error.offset, machine.readText("/log"), machine.openHandles], [0, content, []]);
    }
    const error = assertThrows(() => [...openLogReaderSync("/none", { runtime: memoryRuntime() }).read()]);
    assertInstanceOf(error, ReadError);
    assertEquals(error.code, "ENOENT");
  });
});

describe("failing calls", () => {
  it("a write that fails is taken back, and the next append succeeds", async () => {
    for (const short of [undefined, 1, 33]) {
      const machine = memoryRuntime();
      await (await openLog("/log", { runtime: machine })).close();
      const fault = {
        at: ({ method, path }: { method: string; path: string }) => method === "write" && path === "/log",
        error: "ENOSPC",
      };
      const { runtime } = faultRuntime(machine, short === undefined ? fault : { ...fault, short });
      const log = await openLog("/log", { runtime });
      const failed = await Promise.allSettled([log.append("one"), log.append("two")]);
      for (const result of failed) {
        assert(result.status === "rejected");
        assertEquals([result.reason.code, result.reason.targetState], ["ENOSPC", "unchanged"]);
      }
      assertEquals([await log.append("three"), await readTexts(log.read())], [1, ["1 three"]]);
      await log.close();
    }
  });

  it("a sync that fails is taken back as a write is, and the next append succeeds", async () => {
    const machine = memoryRuntime();
    const log = await openLog("/log", { runtime: faultRuntime(machine, { at: appendSync(), error: "EIO" }).runtime });
    await log.append("one");
    const error = await assertRejects(() => log.append("two")) as FileError;
    assertEquals([error.code, error.step, error.targetState], ["EIO", "sync", "unchanged"]);
    assertEquals([await log.append("three"), await readTexts(log.read())], [2, ["1 one", "2 three"]]);
    await log.close();
    assertEquals([machine.openHandles, machine.statusOf("/log")?.size], [[], 72 + 35 + 37 + 32]);
  });

  it("what cannot be taken back ends the log: nobody knows what is on disk", async () => {
    for (const method of ["write", "sync"]) {
      const machine = memoryRuntime();
      let broken = false;
      const at = (call: { method: string; path: string }) =>
        broken && call.path === "/log" && (call.method === method || call.method === "truncate");
      const log = await openLog("/log", {
        runtime: faultRuntime(machine, { at, error: "EIO", times: "always" }).runtime,
      });
      await log.append("one");
      broken = true;
      const error = await assertRejects(() => log.append("two")) as FileError;
      assertEquals([error.code, error.step, error.targetState], ["EIO", method, "unknown"]);
      assertEquals(error.cleanupErrors.length, 1);
      broken = false;
      assertEquals(await assertRejects(() => log.append("three")), error);
      assertEquals(await assertRejects(() => log.checkpoint("x")), error);
      await log.close();
      assertEquals(machine.openHandles, []);
      const again = await openLog("/log", { runtime: machine });
      assertEquals((await readTexts(again.read()))[0], "1 one");
      await again.close();
    }
  });

  it("a seal that cannot be written is reported: without it, damage to the last batch passes for a torn tail", async () => {
    const seal = (): Fault["at"] => {
      let writes = 0;
      return ({ method, path }) => method === "write" && path === "/log" && ++writes === 2;
    };
    for (const part of [{}, { short: 1 }, { short: 31 }]) {
      for (const synchronous of [true, false]) {
        const machine = memoryRuntime();
        openLogSync("/log", { runtime: machine }).close();
        const { runtime } = faultRuntime(machine, { at: seal(), error: "ENOSPC", ...part });
        const log: Log | LogSync = synchronous ? openLogSync("/log", { runtime }) : await openLog("/log", { runtime });
        await log.append("one");
        const error = await assertRejects(async () => await log.close()) as FileError;
        assertEquals([error.code, error.step, error.targetState], ["ENOSPC", "write", "replaced"]);
        assert(error.message.startsWith('Cannot seal "/log"'), error.message);
        assertEquals([machine.openHandles, machine.isLocked("/log.lock")], [[], false]);
        const bytes = (machine.readBytes("/log") ?? new Uint8Array()).slice();
        const again = openLogSync("/log", { runtime: machine });
        assertEquals([again.tornTail, textsOf(again.read())], [undefined, ["1 one"]]);
        again.close();
        bytes[bytes.length - 1] = 0;
        const damaged = openLogSync("/log", { runtime: memoryRuntime({ files: { "/log": bytes } }) });
        assertEquals([damaged.tornTail?.bytes, textsOf(damaged.read())], [35, []], "what the seal guards against");
      }
    }
  });

  it("a log that is not known to be safely on disk is written into another file, whole", () => {
    const machine = memoryRuntime({ files: {} });
    const log = openLogSync("/log", { runtime: machine, backup: 2, mode: 0o640 });
    log.appendMany(["one", "two", "three"]);
    log.checkpoint("snapshot", { through: 1 });
    log.append("four");
    const before = machine.statusOf("/log");
    const killed = memoryRuntime({ files: { "/log": { content: machine.readBytes("/log") ?? "", mode: 0o640 } } });
    const { runtime, trace } = traceRuntime(killed);
    const again = openLogSync("/log", { runtime, backup: 2 });
    assertEquals(again.tornTail, undefined);
    assertEquals(trace.filter((line) => line.startsWith("rename")).length, 1, trace.join("\n"));
    assertEquals(textsOf(again.read()), ["2 two", "3 three", "4 four"]);
    assertEquals(new TextDecoder().decode(again.snapshot()), "snapshot");
    assertEquals([killed.statusOf("/log")?.size, killed.statusOf("/log")?.mode], [before?.size, 0o640]);
    assertEquals(again.append("five"), 5);
    again.close();
    assertEquals(Object.keys(killed.files()), ["/log", "/log.lock"], "it is no version to be kept");
    trace.splice(0);
    openLogSync("/log", { runtime }).close();
    // Of the lock file, twice, who holds it; of the directory the sync.
    const changes = trace.filter((line) => /^(create|rename|write|truncate|sync)/.test(line));
    assertEquals(changes.map((line) => line.split(" ")[0]), ["write", "sync", "write"], trace.join("\n"));
  });

  it("a damaged snapshot does not become a whole one by being written anew", () => {
    const machine = memoryRuntime();
    const log = openLogSync("/log", { runtime: machine });
    log.checkpoint("snapshot");
    log.append("one");
    const bytes = (machine.readBytes("/log") ?? new Uint8Array()).slice();
    bytes[75] = 0;
    const again = openLogSync("/log", { runtime: memoryRuntime({ files: { "/log": bytes } }) });
    assertThrows(() => again.snapshot(), CorruptionError, "its snapshot is damaged");
    assertEquals(textsOf(again.read()), ["1 one"]);
  });

  it("a sync that fails is reported, if that is asked for, and never claimed", async () => {
    const machine = memoryRuntime();
    const { runtime } = faultRuntime(machine, { at: appendSync(), error: "EIO" });
    const log = await openLog("/log", { runtime, whenSyncFails: "report" });
    for (const text of ["one", "two", "three"]) await log.append(text);
    assertEquals([log.durability, (await readTexts(log.read())).length], ["none", 3]);
    await log.close();
    // Damage behind the last sync that can be relied on is a torn tail.
    const bytes = (machine.readBytes("/log") ?? new Uint8Array()).slice();
    bytes[72 + 35 + 33] = 0;
    const torn = memoryRuntime({ files: { "/log": bytes } });
    assertEquals(openLogSync("/log", { runtime: torn }).tornTail?.offset, 72 + 35);
  });
});

/** The second sync of an append. */
function appendSync() {
  let written = 0;
  return ({ method, path }: { method: string; path: string }): boolean => {
    if (method === "write" && path === "/log") written++;
    return method === "sync" && path === "/log" && written === 2;
  };
}

/** docs/formats.md shows these bytes: they must go on meaning what it says. */
const workedExample = `89 41 57 4c 4f 47 0d 0a 01 00 00 00 6a 53 63 e9 88 91 7a fe 3a 7b 80 99 01 00 00 00 00 00 00 00
00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
1c 2b a5 e4 02 00 00 00 01 00 00 00 00 00 00 00 48 00 00 00 00 00 00 00 36 8f b1 55 ff 6f 8c b7 68 69
97 d5 78 d0 01 00 00 00 02 00 00 00 00 00 00 00 6a 00 00 00 00 00 00 00 36 8f b1 55 ff 6f 8c b7 61
3b 8e b0 7f 00 00 00 40 03 00 00 00 00 00 00 00 8b 00 00 00 00 00 00 00 36 8f b1 55 ff 6f 8c b7`;

it("the worked example of docs/formats.md is a log that can be read and gone on with", () => {
  const bytes = Uint8Array.from(workedExample.split(/\s+/), (digits) => Number.parseInt(digits, 16));
  const machine = memoryRuntime({ files: { "/log": bytes } });
  const log = openLogSync("/log", { runtime: machine });
  assertEquals([log.tornTail, log.append("next"), bytes.length], [undefined, 3, 171]);
  log.close();
  assertEquals(textsOf(openLogReaderSync("/log", { runtime: machine }).read()), ["1 hi", "2 a", "3 next"]);
});
