/** Damage to a log passed over when it is read, and repaired: before it, or all that is readable; with a backup. */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import {
  CorruptionError,
  LockBusyError,
  openLog,
  openLogReaderSync,
  openLogSync,
  repairLog,
  repairLogSync,
  type SkippedRange,
} from "../../src/log/mod.ts";
import { faultRuntime, memoryRuntime } from "../../src/testing/mod.ts";
import { notEmpty } from "../support/tally.ts";
import { readTexts, textsOf } from "./support.ts";

/** A closed log with a snapshot and five records; the bytes of records 3 and 4 begin at `places`. */
function damagedLog(damaged: readonly number[]) {
  const machine = memoryRuntime();
  const log = openLogSync("/log", { runtime: machine });
  log.append("zero");
  log.checkpoint("snapshot");
  const places: number[] = [];
  for (const text of ["one", "two", "three", "four", "five"]) {
    places.push(machine.statusOf("/log")?.size ?? 0);
    log.append(text);
  }
  log.close();
  const bytes = (machine.readBytes("/log") ?? new Uint8Array()).slice();
  for (const index of damaged) bytes[(places[index] ?? 0) + 33] = 0xff;
  return { runtime: memoryRuntime({ files: { "/log": bytes } }), places };
}

const all = ["2 one", "3 two", "4 three", "5 four", "6 five"];

describe("reading on behind damage", () => {
  it("hands out every whole record, and says what was passed over", async () => {
    for (const damaged of notEmpty([[], [0], [2], [1, 2], [0, 2, 4], [0, 1, 2, 3, 4]])) {
      const { runtime, places } = damagedLog(damaged);
      const skipped: SkippedRange[] = [];
      const read = openLogReaderSync("/log", { runtime }).read({
        whenDamaged: "skip",
        onSkipped: (range) => void skipped.push(range),
      });
      assertEquals(textsOf(read), all.filter((_, index) => !damaged.includes(index)));
      assertEquals(skipped.reduce((sum, { records }) => sum + records, 0), damaged.length);
      assertEquals(skipped[0]?.offset, places[damaged[0] ?? -1]);
      if (damaged.length === 0) continue;
      assertThrows(() => textsOf(openLogReaderSync("/log", { runtime }).read()), CorruptionError);
      await using log = await openLog("/other", { runtime });
      assertEquals(await readTexts(log.read({ whenDamaged: "skip" })), []);
    }
  });
});

describe("repairLog", () => {
  it("keeps the records before the damage, or all that are readable; the damaged log is a backup", async () => {
    for (
      const [keep, texts] of notEmpty(
        [["before", ["2 one", "3 two"]], ["readable", ["2 one", "3 two", "4 four", "5 five"]]] as const,
      )
    ) {
      const { runtime, places } = damagedLog([2]);
      const before = runtime.readBytes("/log");
      const result = await repairLog("/log", { runtime, keep });
      assertEquals([result.path, result.repaired, result.durability], ["/log", true, "full"]);
      assertEquals([result.damage.length, result.damage[0]?.offset], [1, places[2]]);
      const log = openLogSync("/log", { runtime });
      assertEquals(textsOf(log.read()), [...texts]);
      assertEquals(new TextDecoder().decode(log.snapshot()), "snapshot");
      assertEquals(log.append("more"), texts.length + 2);
      log.close();
      const backup = [...Object.keys(runtime.files())].find((path) => path.endsWith(".bak")) ?? "";
      assertEquals(runtime.readBytes(backup), before);
      assertEquals(repairLogSync("/log", { runtime, keep }), {
        path: "/log",
        repaired: false,
        damage: [],
        durability: "full",
      });
    }
  });

  it("keeps no backup if that is requested; a torn tail is no damage, and a log that is written is left alone", async () => {
    const { runtime } = damagedLog([0]);
    repairLogSync("/log", { runtime, backup: 0 });
    assertEquals(Object.keys(runtime.files()).filter((path) => path.endsWith(".bak")), []);
    const log = openLogSync("/log", { runtime });
    for (const lock of [undefined, { timeout: 0 }]) {
      await assertRejects(() => repairLog("/log", { runtime, ...lock && { lock } }), LockBusyError, "Cannot lock");
    }
    log.append("torn");
    const bytes = (runtime.readBytes("/log") ?? new Uint8Array()).slice(0, -1);
    const torn = memoryRuntime({ files: { "/log": bytes } });
    const { repaired, durability } = repairLogSync("/log", { runtime: torn, keep: "readable" });
    assertEquals([repaired, durability, torn.readBytes("/log")?.length], [false, "full", bytes.length - 32 - 3]);
    assertEquals(textsOf(openLogReaderSync("/log", { runtime: torn }).read()), textsOf(log.read()).slice(0, -1));
    log.close();
  });

  it("that fails leaves the log as it was; without a header there is nothing to repair", async () => {
    const { runtime: machine } = damagedLog([2]);
    const before = machine.readBytes("/log");
    for (const method of notEmpty(["create", "write", "rename"] as const)) {
      const { runtime } = faultRuntime(machine, {
        at: (call) => call.method === method && !call.path.includes(".lock"),
        error: "ENOSPC",
      });
      const error = await assertRejects(() => repairLog("/log", { runtime }));
      assertEquals([method, Reflect.get(error as object, "targetState")], [method, "unchanged"]);
      assertEquals(machine.readBytes("/log"), before);
    }
    const broken = memoryRuntime({ files: { "/log": "no log at all".repeat(10) } });
    await assertRejects(() => repairLog("/log", { runtime: broken }), CorruptionError, "it is not a log");
    await assertRejects(() => repairLog("/none", { runtime: broken }), Error, "there is no log");
  });
});
