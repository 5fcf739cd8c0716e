/** `lock --inspect` and `lock --break`: who holds a lock, and freeing the lock directory of a holder that is dead. */
import { assert, assertEquals } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { foreignHold, hasFlockProgram, hasKernelLock, hold, withOthers } from "../lock/support.ts";
import { skip } from "../support/skip.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { answer, atomicWrite, names, put } from "./command.ts";
import { atTerminal, whyNoTerminal } from "./terminal.ts";

/** A lock directory whose holder cannot be judged from here. */
const silent = `g1.5.${"b".repeat(26)}.n`;

describe("atomic-write lock --inspect", () => {
  it("says who holds the lock, for people and machines, and takes nothing", () =>
    withOthers(async (directory) => {
      const free = await atomicWrite(directory, ["lock", "--inspect", "a"]);
      assertEquals([free.code, /^"?.*a"? is not locked\n$/.test(free.stdout)], [0, true], free.stdout);
      assertEquals((await answer(directory, ["lock", "--inspect", "a"]))["holder"], null);
      assertEquals(names(directory), []);
      const holder = await hold(join(directory, "a"));
      const pid = holder.script.child.pid ?? 0;
      const held = await atomicWrite(directory, ["lock", "--inspect", "a"]);
      assert(held.stdout.includes(`is locked by process ${pid}`), held.stdout);
      const { holder: found } = await answer(directory, ["lock", "--inspect", "a"]);
      assertEquals((found as { pid: number }).pid, pid);
      await holder.release();
    }));

  it("runs nothing, and is not combined with COMMAND or --break", () =>
    withOthers(async (directory) => {
      for (
        const args of [["--inspect", "a", "--", "touch", "ran"], ["--inspect", "--break", "a"], [
          "--break",
          "a",
          "true",
        ]]
      ) {
        const { code, stderr } = await atomicWrite(directory, ["lock", ...args]);
        assertEquals([code, stderr.includes("only one of")], [64, true], stderr);
      }
      assertEquals(names(directory), []);
    }));
});

describe("atomic-write lock --inspect, and --break,", () => {
  for (
    const [args, says] of [
      [["--inspect", "-s", "a"], "--shared has no effect: --inspect and --break take no lock"],
      [["--inspect", "-w", "1", "a"], "--timeout has no effect"],
      [["--inspect", "--force", "a"], "--force has no effect"],
      [["--break", "-o", "a"], "--close has no effect"],
      [["--break", "--join", "--force", "a"], "--join has no effect"],
      [["--force", "a", "true"], "--force has no effect without --break"],
    ] as const
  ) {
    it(`refuse what would have no effect: ${args.join(" ")}`, () =>
      withTemporaryDirectory(async (directory) => {
        const { code, stderr } = await atomicWrite(directory, ["lock", ...args]);
        assertEquals([code, stderr.includes(says), names(directory)], [64, true, []], stderr);
      }));
  }
});

describe("atomic-write lock --break", () => {
  it("frees the lock directory of the holder that was found, with --force, and says whose it was", () =>
    withOthers(async (directory) => {
      put(directory, "a", "old");
      fs.mkdirSync(join(directory, "a.lock"));
      put(directory, `a.lock/${silent}`, "");
      const kept = await atomicWrite(directory, ["lock", "--break", "a"]);
      assertEquals([kept.code, kept.stderr.includes("--force")], [64, true], kept.stderr);
      assertEquals(fs.readdirSync(join(directory, "a.lock")), [silent], "nothing is done without an answer");
      const busy = await atomicWrite(directory, ["lock", "-n", "a", "true"]);
      assertEquals(busy.code, 1, busy.stderr);
      const broken = await answer(directory, ["lock", "--break", "--force", "a"]);
      assertEquals(broken["broken"], true);
      assertEquals((await atomicWrite(directory, ["lock", "-n", "a", "true"])).code, 0);
    }));

  for (
    const [typed, code, left] of [
      ["y\n", 0, "broken"],
      ["Yes\n", 0, "broken"],
      ["n\n", 1, silent],
      ["\n", 1, silent],
      ["", 1, silent],
      ["yesterday\n", 1, silent],
    ] as const
  ) {
    it(`asks at a terminal, and ${left === silent ? "changes nothing" : "breaks it"}: ${JSON.stringify(typed)}`, (t) =>
      withOthers(async (directory) => {
        const reason = whyNoTerminal();
        if (reason !== undefined) return skip(t, reason);
        fs.mkdirSync(join(directory, "a.lock"));
        put(directory, `a.lock/${silent}`, "");
        const terminal = atTerminal(directory, "atomic-write lock --break a");
        await terminal.untilShown("[y/N] ");
        assertEquals(fs.readdirSync(join(directory, "a.lock")), [silent], "not before there is an answer");
        terminal.type(typed);
        assertEquals((await terminal.status).code, code, terminal.shown());
        assertEquals(terminal.shown().includes("is locked by"), true, terminal.shown());
        const isLeft = fs.existsSync(join(directory, "a.lock"));
        assertEquals(isLeft ? fs.readdirSync(join(directory, "a.lock"))[0] : "broken", left);
      }));
  }

  it("breaks only the lock of the holder that was shown: not one that has it by the time of the answer", (t) =>
    withOthers(async (directory) => {
      const reason = whyNoTerminal();
      if (reason !== undefined) return skip(t, reason);
      const later = silent.replaceAll("b", "c");
      fs.mkdirSync(join(directory, "a.lock"));
      put(directory, `a.lock/${silent}`, "");
      const terminal = atTerminal(directory, "atomic-write lock --break a");
      await terminal.untilShown("[y/N] ");
      fs.renameSync(join(directory, "a.lock", silent), join(directory, "a.lock", later));
      terminal.type("y\n");
      const { code } = await terminal.status;
      assertEquals([code, fs.readdirSync(join(directory, "a.lock"))], [75, [later]], terminal.shown());
      assertEquals(terminal.shown().includes("another holder, or none, has the lock by now"), true, terminal.shown());
    }));

  it("of another program's lock, an empty directory, changes nothing and says what becomes of it", () =>
    withTemporaryDirectory(async (directory) => {
      fs.mkdirSync(join(directory, "a.lock"));
      const later = Date.now() / 1000 + 3600;
      fs.utimesSync(join(directory, "a.lock"), later, later);
      const { code, stderr } = await atomicWrite(directory, ["lock", "--break", "--force", "a"]);
      assertEquals([code !== 0, stderr.includes("it is another program's: an empty directory")], [true, true], stderr);
      assertEquals(names(directory), ["a.lock"]);
    }));

  it("of a lock that nobody holds changes nothing; a lock of the kernel cannot be broken", (t) =>
    withOthers(async (directory) => {
      const free = await answer(directory, ["lock", "--break", "--force", "a"]);
      assertEquals([free["broken"], names(directory)], [false, []]);
      if (process.platform !== "linux" || !hasKernelLock() || !hasFlockProgram()) {
        return skip(t, "needs Linux and flock(1)");
      }
      put(directory, "a.lock", "");
      const holder = await foreignHold("flock", join(directory, "a.lock"));
      const { code, stderr } = await atomicWrite(directory, ["lock", "--break", "--force", "a"]);
      assert(code !== 0 && stderr.includes("a kernel lock ends with its process only"), `${code}: ${stderr}`);
      await holder.release();
    }));
});
