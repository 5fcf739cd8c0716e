/**
 * A sweep never takes the temporary file of a living writer, however long its write takes and wherever it is: the lock
 * is held until nothing but the rename is left to do. Here two minutes pass at every step of a write.
 */
import { assert, assertEquals } from "@std/assert";
import * as fs from "node:fs";
import { basename, join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { type SweepResult, sweepSync, type WriteFileSyncOptions } from "../../mod.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import { hookedRuntime, type Hooks, overlaid } from "../support/hooked_runtime.ts";
import { skip } from "../support/skip.ts";
import { notEmpty } from "../support/tally.ts";
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

/** Ways that know all of the content before they write any of it: equal content is found before anything is staged. */
const looksFirst = new Set(["writeFile", "writeFileSync", "copyFile", "copyFileSync"]);

/** A moment of a write in which somebody sweeps: before which call, and what else the write is asked for. */
interface Moment {
  readonly name: string;
  readonly old: Uint8Array;
  readonly options: WriteFileSyncOptions;
  hooks(file: string, sweep: () => void): Hooks;
  /** How many temporary files of the write are there at that moment. */
  staged(way: string): number;
}

const moments: readonly Moment[] = [
  {
    name: "while a backup is made",
    old: content(10),
    options: { backup: 1 },
    hooks: (_file, sweep) => ({ link: (real, from, to) => (sweep(), real.link(from, to)) }),
    staged: () => 1,
  },
  {
    name: "while the old content is compared",
    old: content(200_000, 5),
    options: { skipIfEqual: true },
    hooks: (file, sweep) => ({
      open: (real, path, access, options) => {
        // The directory of the name may be an open one.
        if (basename(path) === basename(file)) sweep();
        return real.open(path, access, options);
      },
    }),
    staged: (way) => looksFirst.has(way) ? 0 : 1,
  },
];

describe("a sweep in the middle of a write", () => {
  for (const [way, write] of Object.entries(ways)) {
    it(`while the attributes of the old file are seen: ${way}`, async (t) => {
      const { capabilities } = currentRuntime();
      if (!capabilities.attributes) return skip(t, "attributes cannot be seen here");
      if (capabilities.fileLock !== "call") return skip(t, "there is no call to lock a temporary file with");
      await withTemporaryDirectory(async (directory) => {
        const file = join(directory, "file");
        fs.writeFileSync(file, "old");
        const results: SweepResult[] = [];
        const runtime = hookedRuntime({
          // Asked for by name they are not known here, so that the file is opened, too.
          hasAttributes: () => void results.push(sweepLater(directory)),
          open: (real, path, access, options) => {
            if (basename(path) === basename(file)) results.push(sweepLater(directory));
            return real.open(path, access, options);
          },
        });
        const { failure } = await outcomeOf(() => write(file, content(200_000), { runtime }));
        assertEquals(failure, undefined);
        // Before the temporary file is made there is nothing to sweep; it is alive from then on.
        for (const { removed, kept } of notEmpty(results, "the sweeps")) {
          assertEquals([removed, kept.filter(({ reason }) => reason !== "alive")], [[], []]);
        }
        assert(fs.readFileSync(file).equals(content(200_000)));
      });
    });
  }
  for (const { name, old, options, hooks, staged } of moments) {
    for (const [way, write] of Object.entries(ways)) {
      it(`${name}: ${way}`, async (t) => {
        const { capabilities } = currentRuntime();
        if (process.platform === "win32") return skip(t, "Windows has no kernel locks of this kind");
        if (capabilities.fileLock !== "call") return skip(t, "there is no call to lock a temporary file with");
        await withTemporaryDirectory(async (directory) => {
          const file = join(directory, "file");
          fs.writeFileSync(file, old);
          const results: SweepResult[] = [];
          // Each opening of the old file is a moment: only its content is opened where its attributes cannot be seen.
          const blind = { ...capabilities, attributes: false };
          const runtime = overlaid(
            hookedRuntime(hooks(file, () => results.push(sweepLater(directory)))),
            (key) => key === "capabilities" ? blind : undefined,
          );
          const { failure } = await outcomeOf(() => write(file, content(200_000), { ...options, runtime }));
          assertEquals(failure, undefined);
          const alive = Array.from({ length: staged(way) }, () => "alive");
          const found = notEmpty(results, "the sweeps");
          assertEquals(
            found.map(({ removed, kept }) => [removed, kept.map(({ reason }) => reason)]),
            found.map(() => [[], alive]),
          );
          assert(fs.readFileSync(file).equals(content(200_000)));
        });
      });
    }
  }
});
