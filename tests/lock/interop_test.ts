/**
 * Our locks and those of other programs exclude each other: flock(1) of util-linux, Python's fcntl.flock, and this module
 * on every runtime, whichever way it gets at flock.
 */
import { assertEquals } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { effort } from "../support/effort.ts";
import { skip } from "../support/skip.ts";
import {
  answerOf,
  ask,
  foreignGets,
  foreignHold,
  hasFlockProgram,
  hasPython,
  hold,
  provesDeath,
  variants,
  waitFor,
  withOthers,
} from "./support.ts";

const programs = [["flock", hasFlockProgram], ["python", hasPython]] as const;

/**
 * What a lock is to another program, and where it is kept, does not depend on the driver: each driver meets one of two, in
 * a long run both.
 */
const meets = (one: string, how: string): boolean => effort() === "long" || (one === "flock") === (how === "");

for (const variant of variants()) {
  for (const how of ["", "sync"]) {
    describe(`${variant.name}${how && ", synchronous"}`, () => {
      for (const [program, isThere] of programs) {
        if (!meets(program, how)) continue;
        const theirs = program === "flock" ? "flock(1)" : "Python's fcntl.flock";

        it(`its exclusive lock keeps ${theirs} out, its shared one only from an exclusive one`, (t) =>
          withOthers(async (directory) => {
            if (!isThere()) return skip(t, `there is no ${program}`);
            const path = join(directory, "state");
            const exclusive = await hold(path, {}, variant, how);
            assertEquals(exclusive.heard.text, "held flock false\n");
            assertEquals(foreignGets(program, `${path}.lock`), false);
            assertEquals(foreignGets(program, `${path}.lock`, true), false);
            await exclusive.release();
            assertEquals(foreignGets(program, `${path}.lock`), true);
            const shared = await hold(path, { shared: true }, variant, how);
            assertEquals(foreignGets(program, `${path}.lock`), false);
            assertEquals(foreignGets(program, `${path}.lock`, true), true);
            await shared.release();
          }));

        it(`it is kept out by ${theirs}, and gets the lock when that is given back`, (t) =>
          withOthers(async (directory) => {
            if (!isThere()) return skip(t, `there is no ${program}`);
            const path = join(directory, "state");
            fs.writeFileSync(`${path}.lock`, "");
            const other = await foreignHold(program, `${path}.lock`);
            const asking = [
              ask(path, { timeout: 0 }, variant, how),
              ask(path, { timeout: 60 }, variant, how),
              ask(path, { timeout: 60, shared: true }, variant, how),
            ];
            for (const each of asking) assertEquals(await answerOf(each), "not in time");
            const waiting = [ask(path, {}, variant, how), ask(path, { timeout: 60_000 }, variant, how)];
            for (const { script } of waiting) script.child.stdin?.end("\n");
            await other.release();
            for (const { script } of waiting) {
              assertEquals((await script.status).stdout, "held flock false\nreleased\n");
            }
          }));

        it(`its shared lock and that of ${theirs} are held together`, (t) =>
          withOthers(async (directory) => {
            if (!isThere()) return skip(t, `there is no ${program}`);
            const path = join(directory, "state");
            fs.writeFileSync(`${path}.lock`, "");
            const other = await foreignHold(program, `${path}.lock`, true);
            const shared = await hold(path, { shared: true, timeout: 0 }, variant, how);
            await shared.release();
            await other.release();
          }));
      }

      for (const backend of ["flock", "directory"]) {
        if (!meets(backend, how)) continue;
        it(`its lock is free the moment it is killed, and waiters get it (${backend})`, (t) =>
          withOthers(async (directory) => {
            if (backend === "directory" && !provesDeath()) return skip(t, "nothing there says whether a process lives");
            const path = join(directory, "state");
            const holder = await hold(path, { backend }, variant, how);
            const options = { backend, timeout: 60_000 };
            const waiters = await Promise.all([0, 1].map(() => waitFor(path, options, variant, how)));
            assertEquals(waiters.map(({ heard }) => heard.text), ["waits\n", "waits\n"]);
            await holder.kill();
            // One after the other: each gives it back when it has had it.
            for (const { script } of waiters) script.child.stdin?.end("\n");
            for (const { script } of waiters) {
              const { stdout, stderr } = await script.status;
              assertEquals([stdout, stderr], [`waits\nheld ${backend} false\nreleased\n`, ""]);
            }
          }));
      }
    });
  }
}
