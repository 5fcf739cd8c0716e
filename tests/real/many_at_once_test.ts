/** Thousands of calls started together: none fails for want of descriptors, however few a process may have. */
import { assertEquals } from "@std/assert";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { byEffort } from "../support/effort.ts";
import { skip } from "../support/skip.ts";
import { spawnScript } from "../support/spawn.ts";
import { notEmpty } from "../support/tally.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";

/** How many at once; each more than the descriptors, or what each of them opened, would allow. */
const rows: readonly [descriptors: number, count: number, kinds: readonly string[]][] = [
  [64, 70, ["write", "exact", "read", "copy", "remove", "stream", "locked", "update", "nested", "writer", "put"]],
  [64, 70, ["compatible", "withLock", "lock", "log", "append", "inside", "mixed"]],
  [64, 20, ["publish"]],
  [256, 300, ["write", "update", "nested"]],
  [1024, 1200, ["write", "update"]],
  [64, 20, ["transaction"]],
  [64, 100, ["scattered"]],
  ...byEffort({ quick: [], normal: [[64, 120]], long: [[64, 1000], [256, 1000], [1024, 1000]] })
    .map(([descriptors = 0, count = 0]): [number, number, string[]] => [descriptors, count, ["set"]]),
];

describe("many at once", () => {
  for (const [descriptors, count, kinds] of notEmpty(rows)) {
    it(`${count} where ${descriptors} files may be open: ${kinds.join(", ")}`, async (t) => {
      if (process.platform !== "linux") return skip(t, "only Linux has prlimit");
      await withTemporaryDirectory(async (directory) => {
        for (const kind of notEmpty(kinds)) {
          const place = join(directory, kind);
          mkdirSync(place);
          const { stdout, stderr } = await spawnScript(
            "tests/real/scripts/write_many.ts",
            [place, kind, String(count), String(descriptors)],
          ).status;
          assertEquals([kind, stdout, stderr], [kind, `${JSON.stringify({ done: count, temporary: [] })}\n`, ""]);
        }
      });
    });
  }
});
