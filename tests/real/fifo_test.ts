/** A file is exchanged for a FIFO, and back, as fast as its owner can: whoever reads or updates it is not kept waiting. */
import { assert, assertEquals } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";
import { currentRuntime } from "../../src/runtime/current.ts";
import { byEffort } from "../support/effort.ts";
import { skip } from "../support/skip.ts";
import { notEmpty } from "../support/tally.ts";
import { listen, succeeded, withProcesses } from "./processes.ts";

const duration = byEffort({ quick: 500, normal: 2_000, long: 60_000 });

describe("a FIFO that takes a file's place", () => {
  for (const what of notEmpty(["read", "update"])) {
    it(`does not stop a process in the middle of: ${what}`, async (t) => {
      if (!currentRuntime().capabilities.anchored) return skip(t, "opening a FIFO waits here: no O_NONBLOCK");
      await withProcesses(async (folder, spawn) => {
        const [file, other] = [join(folder, "file"), join(folder, "other")];
        fs.writeFileSync(file, "content");
        assertEquals(spawnSync("mkfifo", [other]).status, 0);
        const exchanger = spawn("tests/real/scripts/swap_files.ts", [file, other]);
        assert(await listen(exchanger.child).seen(/^swapping$/));
        const reader = spawn("tests/real/scripts/work_on_file.ts", [what, file, String(duration)]);
        const { calls, refused } = JSON.parse(await succeeded(reader));
        assert(calls > refused, `${calls} calls, of which ${refused} met the FIFO`);
      });
    });
  }
});
