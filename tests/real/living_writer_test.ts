/**
 * A sweep never takes the temporary file of a living writer, however long its write takes and wherever it is: the lock
 * is held until nothing but the rename is left to do. Here two minutes pass at every step of a write.
 */
import { assert, assertEquals } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { type SweepResult, sweepSync } from "../../mod.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import { hookedRuntime, type Hooks } from "../support/hooked_runtime.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { outcomeOf } from "./outcome.ts";
import { content, ways } from "./ways.ts";

/** A sweep by somebody whose clock is two minutes ahead, as if so much time had passed. */
function sweepLater(directory: string): SweepResult {
  const runtime = currentRuntime();
  return sweepSync(directory, {
    runtime: { ...runtime, clock: { ...runtime.clock, now: () => Date.now() + 120_000 } },
  });
}

describe("a sweep in the middle of a write", () => {
  for (const [way, write] of Object.entries(ways)) {
    it(`while a backup is made: ${way}`, async () => {
      if (process.platform === "win32" || currentRuntime().capabilities.fileLock !== "call") return;
      await withTemporaryDirectory(async (directory) => {
        const file = join(directory, "file");
        fs.writeFileSync(file, "old");
        const results: SweepResult[] = [];
        const hooks: Hooks = {
          link: (real, from, to) => {
            results.push(sweepLater(directory));
            return real.link(from, to);
          },
        };
        const { failure } = await outcomeOf(() =>
          write(file, content(200_000), { backup: 1, runtime: hookedRuntime(hooks) })
        );
        assertEquals(failure, undefined);
        assertEquals(results.map(({ removed, kept }) => [removed, kept.map(({ reason }) => reason)]), [[[], [
          "alive",
        ]]]);
        assert(fs.readFileSync(file).equals(content(200_000)));
      });
    });

    it(`while the old content is compared: ${way}`, async () => {
      if (process.platform === "win32" || currentRuntime().capabilities.fileLock !== "call") return;
      await withTemporaryDirectory(async (directory) => {
        const file = join(directory, "file");
        fs.writeFileSync(file, content(200_000, 5));
        let removed = 0;
        const hooks: Hooks = {
          open: (real, path, access, options) => {
            if (path === file) removed += sweepLater(directory).removed.length;
            return real.open(path, access, options);
          },
        };
        const options = { skipIfEqual: true, runtime: hookedRuntime(hooks) };
        const { failure } = await outcomeOf(() => write(file, content(200_000), options));
        assertEquals(failure, undefined);
        assertEquals(removed, 0);
        assert(fs.readFileSync(file).equals(content(200_000)));
      });
    });
  }
});
