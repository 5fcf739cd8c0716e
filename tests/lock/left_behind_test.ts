/** What is left after a kill, after a failure, and of a lock whose file is taken away while it is held. */
import { assertEquals, assertRejects } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { acquireLock, updateTextFile, writeFile } from "../../mod.ts";
import { namesIn } from "../support/files.ts";
import { skip } from "../support/skip.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import {
  foreignHold,
  hasFlockProgram,
  hasKernelLock,
  hold,
  isLinux,
  until,
  variants,
  waitFor,
  withOthers,
} from "./support.ts";

/** Processes that wait for the lock of this file. */
function waiters(lockFile: string): string[] {
  const { ino } = fs.statSync(lockFile);
  const lines = fs.readFileSync("/proc/locks", "utf8").split("\n");
  return lines.filter((line) => line.includes("->") && line.includes(`:${ino} `));
}

describe("a process that is killed while it waits", () => {
  for (const variant of variants()) {
    it(`leaves nobody who waits beyond its time limit (${variant.name})`, (t) =>
      withOthers(async (directory) => {
        if (!isLinux || !hasKernelLock() || !hasFlockProgram()) return skip(t, "needs Linux and flock(1)");
        const path = join(directory, "state");
        fs.writeFileSync(`${path}.lock`, "");
        const holder = await foreignHold("flock", `${path}.lock`);
        const waiting = await waitFor(path, { timeout: 3_000 }, variant);
        await until(() => waiters(`${path}.lock`).length > 0, "it waits");
        await waiting.kill();
        await until(() => waiters(`${path}.lock`).length === 0, "nobody waits any more");
        await holder.release();
      }));
  }
});

describe("a lock file", () => {
  it("of a file that was to be created goes with the lock when the update fails; an older one stays", () =>
    withTemporaryDirectory(async (directory) => {
      const path = join(directory, "state");
      const fails = () => {
        throw new RangeError("mine");
      };
      await assertRejects(() => updateTextFile(path, fails), RangeError, "mine");
      assertEquals(namesIn(directory), []);
      fs.writeFileSync(`${path}.lock`, "");
      await assertRejects(() => updateTextFile(path, fails), RangeError, "mine");
      await writeFile(path, "data");
      await assertRejects(() => updateTextFile(path, fails), RangeError, "mine");
      assertEquals(namesIn(directory), ["state", "state.lock"]);
    }));

  for (
    const [what, takeAway] of [
      ["removed", (lock: string) => fs.rmSync(lock)],
      ["replaced", (lock: string) => (fs.writeFileSync(`${lock}.new`, ""), fs.renameSync(`${lock}.new`, lock))],
    ] as const
  ) {
    it(`that is ${what} while its lock is held aborts the holder's signal, though nothing is written`, (t) =>
      withOthers(async (directory) => {
        if (!hasKernelLock()) return skip(t, "there is no kernel lock here");
        const path = join(directory, "state");
        const holder = await hold(path);
        takeAway(`${path}.lock`);
        await holder.heard.seen(/^lost$/);
        assertEquals(holder.heard.text.includes("lost\n"), true, holder.heard.text);
        await holder.kill();
      }));
  }

  it("that stays where it is aborts nothing", () =>
    withTemporaryDirectory(async (directory) => {
      const lock = await acquireLock(join(directory, "state"));
      const { signal } = lock;
      await lock.release();
      assertEquals(signal.aborted, false);
    }));
});
