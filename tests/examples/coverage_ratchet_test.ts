/** The example examples/coverage_ratchet.ts keeps its promises, also when it is interrupted and run twice at once. */
import { assertEquals, assertRejects } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { BaselineDamaged, CoverageDropped, ratchet } from "../../examples/coverage_ratchet.ts";
import { writeFileSync } from "../../mod.ts";
import { exploreCrashesSync } from "../../src/testing/mod.ts";
import { namesIn, textOf } from "../support/files.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";

test("ratchet begins with what was measured, rises, and refuses to fall", () =>
  withTemporaryDirectory(async (directory) => {
    const path = join(directory, "coverage.txt");
    assertEquals(await ratchet(path, 80), { before: undefined, now: 80 });
    assertEquals(await ratchet(path, 87.5), { before: 80, now: 87.5 });
    assertEquals(await ratchet(path, 87.5), { before: 87.5, now: 87.5 });
    await assertRejects(() => ratchet(path, 87.4), CoverageDropped, "from 87.5 % to 87.4 %");
    assertEquals(textOf(path), "87.5\n");
    assertEquals(namesIn(directory), ["coverage.txt", "coverage.txt.lock"]);
  }));

test("an empty or damaged baseline is an error, and is never taken for none", () =>
  withTemporaryDirectory(async (directory) => {
    const path = join(directory, "coverage.txt");
    for (const text of ["", "\n", "8", "80", "80 %\n", "\0\0\0", "101\n", "-1\n", "80\n90\n"]) {
      fs.writeFileSync(path, text);
      await assertRejects(() => ratchet(path, 10), BaselineDamaged);
      assertEquals(textOf(path), text);
    }
  }));

test("what is no percentage changes nothing", () =>
  withTemporaryDirectory(async (directory) => {
    for (const value of [NaN, -1, 101]) {
      await assertRejects(() => ratchet(join(directory, "coverage.txt"), value), RangeError);
    }
    assertEquals(namesIn(directory), []);
  }));

test("of many runs at once, the highest coverage stays", () =>
  withTemporaryDirectory(async (directory) => {
    const path = join(directory, "coverage.txt");
    const settled = await Promise.allSettled([50, 70, 60, 90, 80].map((measured) => ratchet(path, measured)));
    assertEquals(textOf(path), "90\n");
    for (const result of settled) {
      if (result.status === "rejected") assertEquals((result.reason as Error).name, "CoverageDropped");
    }
  }));

test("no power cut leaves the baseline empty or damaged", () => {
  const report = exploreCrashesSync({
    machine: { files: { "/coverage.txt": "80\n" } },
    run: (machine) => void writeFileSync("/coverage.txt", "90\n", { runtime: machine }),
    check: (machine) => {
      const found = machine.readText("/coverage.txt");
      if (found !== "80\n" && found !== "90\n") throw new Error(`found ${JSON.stringify(found)}`);
    },
  });
  assertEquals([report.violations, report.exhaustive], [[], true]);
});
