/**
 * A directory in which somebody else plants things: links, pipes and directories at every name that can be guessed,
 * names that look like ours. Whatever is there, no file outside is written, read, chmodded or chowned.
 */
import { assert, assertEquals } from "@std/assert";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { listBackups, restoreBackup, restoreBackupSync, sweep, sweepSync, writeFile } from "../../mod.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import { armAccessTimes, snapshot } from "../support/snapshot.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { outcomeOf } from "./outcome.ts";
import { content, ways } from "./ways.ts";
import { skip } from "../support/skip.ts";

const onWindows = process.platform === "win32";

/** A directory to work in, and one beside it that nobody may touch: checked when the test is done. */
function besideOutside(run: (directory: string, outside: string) => Promise<void>): Promise<void> {
  return withTemporaryDirectory(async (folder) => {
    const [directory, outside] = [join(folder, "directory"), join(folder, "outside")];
    fs.mkdirSync(directory);
    fs.mkdirSync(outside);
    fs.writeFileSync(join(outside, "secret"), "secret");
    fs.chmodSync(join(outside, "secret"), 0o600);
    fs.writeFileSync(join(outside, "file"), "outside");
    fs.mkdirSync(join(outside, "folder"));
    armAccessTimes(outside);
    const before = snapshot(outside);
    assertEquals(snapshot(outside), before, "looking leaves no trace");
    await run(directory, outside);
    assertEquals(snapshot(outside), before);
  });
}

/** The things that can be planted at a name. */
const planted: Record<string, (path: string, outside: string) => void> = {
  "a symlink to a file": (path, outside) => fs.symlinkSync(join(outside, "secret"), path),
  "a symlink to a directory": (path, outside) => fs.symlinkSync(join(outside, "folder"), path),
  "a dangling symlink": (path, outside) => fs.symlinkSync(join(outside, "new"), path),
  "a directory": (path) => {
    fs.mkdirSync(path);
    fs.writeFileSync(join(path, "kept"), "");
  },
  "a pipe": (path) => assertEquals(spawnSync("mkfifo", [path]).status, 0),
};

const stampOf = (time: number) => new Date(time).toISOString().replace(/[-:.]/g, "");
const now = Date.UTC(2026, 10, 20, 12);
const runtime = { ...currentRuntime(), clock: { ...currentRuntime().clock, now: () => now } };

describe("planted at the names of the next backups", () => {
  for (const [what, plant] of Object.entries(planted)) {
    it(what, async (t) => {
      if (onWindows) return skip(t, "the traps are links and permissions that Windows does not have");
      await besideOutside(async (directory, outside) => {
        const file = join(directory, "file");
        for (const [way, write] of Object.entries(ways)) {
          fs.rmSync(directory, { recursive: true });
          fs.mkdirSync(directory);
          fs.writeFileSync(file, "old");
          const traps = Array.from({ length: 5 }, (_, index) => join(directory, `.file.${stampOf(now + index)}.bak`));
          for (const trap of traps) plant(trap, outside);
          const { result, failure } = await outcomeOf(() => write(file, content(10), { backup: 1, runtime }));
          assertEquals(failure, undefined, way);
          assertEquals(result?.backup, join(directory, `.file.${stampOf(now + 5)}.bak`));
          // They are nobody's backups: neither listed nor pruned.
          assertEquals((await listBackups(file)).map(({ path }) => path), [result?.backup]);
          for (const trap of traps) assert(fs.lstatSync(trap));
        }
      });
    });
  }
});

describe("restoreBackup", () => {
  it("takes no path and no name but those of this file's own backups", async (t) => {
    if (onWindows) return skip(t, "the traps are links and permissions that Windows does not have");
    await besideOutside(async (directory, outside) => {
      const file = join(directory, "file");
      await writeFile(file, "first");
      await writeFile(file, "second", { backup: 1 });
      const trap = (index: number) => join(directory, `.file.${stampOf(now + index)}.bak`);
      Object.values(planted).forEach((plant, index) => plant(trap(index), outside));
      fs.copyFileSync(join(directory, "file"), join(directory, ".file.20260231T000000000Z.bak"));
      fs.copyFileSync(join(directory, "file"), join(directory, `.other.${stampOf(now)}.bak`));
      const before = snapshot(directory);
      const crafted = [
        join(outside, "secret"),
        "../outside/secret",
        `../directory/.file.${stampOf(now)}.bak`,
        "secret",
        "file",
        file,
        "",
        ".",
        "..",
        ".file.20260231T000000000Z.bak",
        `.other.${stampOf(now)}.bak`,
        `.file.${stampOf(now)}.bak/`,
        ...Object.keys(planted).map((_, index) => trap(index)),
      ];
      for (const which of crafted) {
        for (const restore of [restoreBackup, restoreBackupSync]) {
          const { failure } = await outcomeOf(async () => await restore(file, which));
          assertEquals([failure?.code, failure?.targetState], ["ENOENT", "unchanged"], which);
        }
      }
      assertEquals(snapshot(directory), before);
      await restoreBackup(file);
      assertEquals(fs.readFileSync(file, "utf8"), "first");
    });
  });
});

describe("sweep", () => {
  const random = (index: number) => String.fromCharCode("a".charCodeAt(0) + index).repeat(26);

  it("takes nothing but plain files, and follows nothing", async (t) => {
    if (onWindows) return skip(t, "the traps are links and permissions that Windows does not have");
    await besideOutside(async (directory, outside) => {
      const paths = Object.values(planted).flatMap((plant, index) =>
        ["f", "n", "pboot-1-1-1"].map((proof) => {
          const path = join(directory, `.file.${random(index)}.${proof}.tmp`);
          plant(path, outside);
          return path;
        })
      );
      fs.symlinkSync(outside, join(directory, "link"));
      fs.writeFileSync(join(outside, `.file.${random(9)}.n.tmp`), "");
      const later = { ...runtime, clock: { ...runtime.clock, now: () => Date.now() + 1e9 } };
      const options = { recursive: true, olderThan: 60_000, runtime: later };
      for (const result of [await sweep(directory, options), sweepSync(directory, options)]) {
        assertEquals(result.removed, []);
        assertEquals(result.kept, [...paths].sort().map((path) => ({ path, reason: "foreign" as const })));
      }
      for (const path of paths) assert(fs.lstatSync(path));
      fs.rmSync(join(outside, `.file.${random(9)}.n.tmp`));
    });
  });

  it("takes a name away, never a file that has another one", async (t) => {
    if (onWindows) return skip(t, "the traps are links and permissions that Windows does not have");
    await besideOutside(async (directory, outside) => {
      const path = join(directory, `.file.${random(1)}.f.tmp`);
      fs.linkSync(join(outside, "secret"), path);
      assertEquals((await sweep(directory)).removed, [path]);
      assertEquals(fs.readdirSync(directory), []);
    });
  });
});

describe("hard links", () => {
  for (const [way, write] of Object.entries(ways)) {
    it(`another name of the file keeps content, mode and owner: ${way}`, async (t) => {
      if (onWindows) return skip(t, "the traps are links and permissions that Windows does not have");
      await besideOutside(async (directory, outside) => {
        const file = join(directory, "file");
        const other = process.getuid?.() === 0 ? { owner: { user: 65_534, group: 65_534 } } : {};
        // Equal content, too: what is corrected in place would be corrected under the other name as well.
        const secret = new TextEncoder().encode("secret");
        for (
          const [bytes, options] of [
            [content(10), { mode: 0o644 }],
            [content(10), { mode: 0o644, backup: 1 }],
            [secret, { mode: 0o644, skipIfEqual: true }],
          ] as const
        ) {
          fs.rmSync(file, { force: true });
          fs.linkSync(join(outside, "secret"), file);
          const { failure, result } = await outcomeOf(() => write(file, bytes, { ...options, ...other }));
          // To compare is to read; that leaves a time of access.
          armAccessTimes(outside);
          assertEquals(failure, undefined);
          assert(result?.lost.includes("hard-links"), result?.lost.join());
          assertEquals(fs.statSync(file).mode & 0o777, 0o644);
        }
        for (const name of fs.readdirSync(directory)) fs.rmSync(join(directory, name));
      });
    });
  }
});
