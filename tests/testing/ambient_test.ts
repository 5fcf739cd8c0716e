/** The machine of an exploration is in place for code that is given none; and `currentRuntime` is the real one elsewhere. */
import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import { describe, it, test } from "node:test";
import { currentRuntime, readTextFileSync, updateTextFile, WriteError, writeFile, writeFileSync } from "../../mod.ts";
import {
  assertSurvives,
  exploreCrashes,
  exploreCrashesSync,
  exploreSchedules,
  faultRuntime,
  memoryRuntime,
  sweepFaults,
  traceRuntime,
  withRuntime,
} from "../../src/testing/mod.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";

/** Nothing can be there on the machine that runs the tests. */
const path = "/dev/null/simulated/a";
const machine = { files: { [path]: "old" } };
const oldOrNew = () => assert(["old", "new"].includes(readTextFileSync(path) ?? ""));

describe("without being given a runtime, this package works on the machine of", () => {
  it("an exploration of crashes, synchronous and not", async () => {
    const options = { machine, check: oldOrNew, recover: () => void readTextFileSync(path) };
    const report = exploreCrashesSync({ ...options, run: () => void writeFileSync(path, "new") });
    assertEquals(report, await exploreCrashes({ ...options, run: () => writeFile(path, "new") }));
    assertEquals([report.violations, report.exhaustive], [[], true]);
    assertSurvives(report, { exhaustive: true });
  });

  it("a sweep over faults", async () => {
    const { calls } = await sweepFaults({
      make: () => memoryRuntime(machine),
      operation: () => writeFile(path, "new"),
      check: oldOrNew,
      errors: ["EIO"],
    });
    assert(calls > 5);
  });

  it("each operation of an exploration of schedules", async () => {
    const increment = () => updateTextFile(path, (count) => `${Number(count) + 1}`);
    const report = await exploreSchedules({
      setup: () => writeFile(path, "0"),
      machine,
      together: [increment, increment],
      processes: "each",
      preemptions: 1,
      samples: 0,
      faults: "none",
      ended: () => assertEquals(readTextFileSync(path), "2"),
      check: () => assert(["0", "1", "2"].includes(readTextFileSync(path) ?? "")),
    });
    assertSurvives(report);
    assert(report.orders > 1 && report.states > 1);
  });

  it("withRuntime, until what its body returns has settled or thrown", async () => {
    const real = currentRuntime();
    const own = memoryRuntime();
    assert(withRuntime(own, () => currentRuntime()) === own);
    const inside = await withRuntime(own, async () => {
      await new Promise((resolve) => setTimeout(resolve));
      return withRuntime(memoryRuntime(), () => currentRuntime()) !== own && currentRuntime() === own;
    });
    assert(inside);
    const refusal = new Error("refused");
    const refuse = () => {
      throw refusal;
    };
    assertThrows(() => withRuntime(own, refuse), Error, "refused");
    await assertRejects(() => withRuntime(own, () => Promise.reject(refusal)), Error, "refused");
    assert(currentRuntime() === real && real.name !== "memory");
  });
});

test("assertSurvives says what was explored, and what has not passed", () => {
  const explore = (limit: number) =>
    exploreCrashesSync({
      machine: { files: { "/a": "old" } },
      limit,
      run: ({ syncFileSystem }) => {
        const file = syncFileSystem.open("/a", "read-write");
        file?.write(new TextEncoder().encode("new"));
        file?.close();
      },
      check: (runtime) => {
        if (limit > 1 && runtime.readText("/a") !== "old") throw new RangeError("it has changed");
      },
    });
  const error = assertThrows(() => assertSurvives(explore(100)), Error, "It does not survive: 3 calls");
  assertMatch(error.message, /write 3\n(?:.*\n)*.*--- power cut ---\n(?:.*\n)*.*it has changed/);
  assert(error.cause instanceof RangeError);
  const sample = explore(1);
  assertSurvives(sample);
  assertThrows(() => assertSurvives(sample, { exhaustive: true }), Error, "Only a sample was explored");
  assertThrows(() => assertSurvives(sample, { exhausted: true } as object), TypeError, "exhausted");
});

test("the real runtime can be traced, and made to fail", () =>
  withTemporaryDirectory(async (directory) => {
    const file = join(directory, "a");
    fs.writeFileSync(file, "old");
    const { runtime, trace } = traceRuntime(currentRuntime(), { base: directory });
    await writeFile(file, "newer", { runtime });
    assertEquals(trace.filter((line) => /^(?:write|sync|rename)/.test(line)).slice(0, 2), ["write 5", "sync"]);
    for (const [at, error] of [["write", "ENOSPC"], ["sync", "EIO"], ["rename", "EROFS"]] as const) {
      const faulty = faultRuntime(currentRuntime(), { at: ({ method }) => method === at, error });
      const thrown = await assertRejects(() => writeFile(file, "newest", { runtime: faulty.runtime }), WriteError);
      assertEquals([thrown.code, thrown.targetState], [error, "unchanged"]);
    }
    assertEquals([fs.readFileSync(file, "utf8"), fs.readdirSync(directory)], ["newer", ["a"]]);
  }));

test("an exploration that touches nothing on its machine says by what it could", () => {
  const error = assertThrows(() => exploreCrashesSync({ run: () => {}, check: () => {} }), Error);
  assertStringIncludes(error.message, "simulatedFs()");
});
