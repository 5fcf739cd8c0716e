/**
 * A full file system, really full: overwriting a good file with data that does not fit changes nothing and leaves
 * nothing, whichever way it is written. So do a file system out of inodes, a read-only one, and a quota.
 */
import { assert, assertEquals } from "@std/assert";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { type Mounted, withLoopFileSystem, withTmpfs } from "../support/mounts.ts";
import { skip } from "../support/skip.ts";
import { type Failure, type Outcome, outcomeOf } from "./outcome.ts";
import { content, ways } from "./ways.ts";

const good = content(100_000, 2);

/** What nobody may change: every name in the directory, and the good file to the bit. */
function assertUntouched(directory: string, file: string, names: readonly string[]): void {
  assertEquals(fs.readdirSync(directory).sort(), [...names].sort());
  assertEquals(fs.readFileSync(file).equals(good), true, "the good file has other content");
  assertEquals(fs.statSync(file).mode & 0o7777, 0o640);
}

function makeGood(directory: string): string {
  const file = join(directory, "good");
  fs.writeFileSync(file, good);
  fs.chmodSync(file, 0o640);
  return file;
}

function assertFailed(outcome: Outcome, code: string, steps: readonly string[]): Failure {
  const { failure } = outcome;
  assert(failure !== undefined, `the write succeeded: ${JSON.stringify(outcome.result)}`);
  const { name, targetState, leftBehind, cleanupErrors } = failure;
  assertEquals({ code: failure.code, name, targetState, leftBehind, cleanupErrors }, {
    code,
    name: "WriteError",
    targetState: "unchanged",
    leftBehind: [],
    cleanupErrors: 0,
  }, failure.message);
  assert(steps.includes(failure.step ?? ""), `${failure.step} is not one of ${steps.join(", ")}: ${failure.message}`);
  return failure;
}

/** Fills the file system to its last byte, but for `free` bytes. */
function fill(directory: string, free: number): void {
  const filler = fs.openSync(join(directory, "filler"), "w");
  try {
    for (let size = 1 << 20; size >= 512; size /= 2) {
      try {
        while (fs.writeSync(filler, new Uint8Array(size)) === size);
      } catch (error) {
        if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
      }
    }
    fs.fsyncSync(filler);
    fs.ftruncateSync(filler, Math.max(0, fs.fstatSync(filler).size - free));
    fs.fsyncSync(filler);
  } finally {
    fs.closeSync(filler);
  }
}

async function overfill({ directory }: Mounted): Promise<void> {
  const file = makeGood(directory);
  fill(directory, 300_000);
  const names = fs.readdirSync(directory);
  const tooMuch = content(2_000_000, 3);
  for (const [way, write] of Object.entries(ways)) {
    assertFailed(await outcomeOf(() => write(file, tooMuch)), "ENOSPC", ["write", "sync"]);
    assertUntouched(directory, file, names);
    assertFailed(await outcomeOf(() => write(join(directory, "new"), tooMuch)), "ENOSPC", ["write", "sync"]);
    assertUntouched(directory, file, names);
    // What fits is still written: the failed attempts have given everything back.
    const { failure } = await outcomeOf(() => write(file, good));
    assertEquals(failure, undefined, way);
    assertUntouched(directory, file, names);
  }
}

describe("a full file system", () => {
  it("tmpfs", (t) => withTmpfs(t, { size: 1 << 20 }, overfill));

  it("ext4", (t) => withLoopFileSystem(t, { type: "ext4", size: 4 << 20 }, overfill));

  it("xfs", (t) => withLoopFileSystem(t, { type: "xfs", size: 300 << 20 }, overfill));

  it("not a byte is left, not even for a directory entry", async (t) => {
    await withLoopFileSystem(t, { type: "ext4", size: 4 << 20 }, async ({ directory }) => {
      const file = makeGood(directory);
      fill(directory, 0);
      const names = fs.readdirSync(directory);
      for (const write of Object.values(ways)) {
        assertFailed(await outcomeOf(() => write(file, content(5000))), "ENOSPC", ["create", "write", "sync"]);
        assertUntouched(directory, file, names);
      }
    });
  });

  it("a backup that does not fit fails the write, and leaves neither itself nor a temporary file", async (t) => {
    await withTmpfs(t, { size: 1 << 20, options: "nr_inodes=20" }, async ({ directory }) => {
      const file = makeGood(directory);
      const other = join(directory, "other");
      fs.mkdirSync(other);
      await withTmpfs(t, { size: 4096 * 8 }, async ({ directory: backupDirectory }) => {
        for (const write of Object.values(ways)) {
          assertFailed(await outcomeOf(() => write(file, content(10), { backup: 2, backupDirectory })), "ENOSPC", [
            "write",
          ]);
          assertUntouched(directory, file, ["good", "other"]);
          assertEquals(fs.readdirSync(backupDirectory), []);
        }
      });
    });
  });
});

describe("out of inodes", () => {
  async function exhaust({ directory }: Mounted): Promise<void> {
    const file = makeGood(directory);
    for (let count = 0;; count++) {
      try {
        fs.writeFileSync(join(directory, `filler${count}`), "");
      } catch (error) {
        assert(error instanceof Error && "code" in error && error.code === "ENOSPC", String(error));
        break;
      }
    }
    const names = fs.readdirSync(directory);
    for (const write of Object.values(ways)) {
      assertFailed(await outcomeOf(() => write(file, content(10))), "ENOSPC", ["create"]);
      assertUntouched(directory, file, names);
    }
    fs.rmSync(join(directory, "filler0"));
    for (const write of Object.values(ways)) {
      assertEquals((await outcomeOf(() => write(file, good))).failure, undefined);
    }
  }

  it("tmpfs", (t) => withTmpfs(t, { size: 1 << 20, inodes: 20 }, exhaust));

  it("ext4", (t) => withLoopFileSystem(t, { type: "ext4", size: 4 << 20, mkfs: ["-N", "32"] }, exhaust));
});

describe("a read-only file system", () => {
  async function refuse({ directory, remount }: Mounted): Promise<void> {
    const file = makeGood(directory);
    remount("ro");
    for (const write of Object.values(ways)) {
      assertFailed(await outcomeOf(() => write(file, content(10))), "EROFS", ["create"]);
      assertUntouched(directory, file, fs.readdirSync(directory));
      assertFailed(
        await outcomeOf(() => write(join(directory, "a", "b"), content(10), { createDirectories: true })),
        "EROFS",
        ["makeDirectory"],
      );
    }
  }

  it("ext4", (t) => withLoopFileSystem(t, { type: "ext4", size: 4 << 20 }, refuse));
});

describe("a quota", () => {
  it("btrfs, for a subvolume", async (t) => {
    await withLoopFileSystem(t, { type: "btrfs", size: 120 << 20 }, async ({ directory }) => {
      const subvolume = join(directory, "subvolume");
      for (
        const command of [["quota", "enable", directory], ["subvolume", "create", subvolume], [
          "qgroup",
          "limit",
          "500k",
          subvolume,
        ]]
      ) {
        const { error, status, stderr } = spawnSync("btrfs", command, { encoding: "utf8" });
        if (error !== undefined || status !== 0) return skip(t, `needs btrfs quotas: ${error?.message ?? stderr}`);
      }
      const file = makeGood(subvolume);
      for (const write of Object.values(ways)) {
        assertFailed(await outcomeOf(() => write(file, content(1_000_000))), "EDQUOT", ["write", "sync"]);
        assertUntouched(subvolume, file, ["good"]);
      }
    });
  });
});
