/** `atomic-write lock FILE -- COMMAND`: flock(1)'s behaviour, and the command's own. */
import { assert, assertEquals } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";
import { foreignGets, foreignHold, hasFlockProgram, hasKernelLock, untilHeard, withOthers } from "../lock/support.ts";
import { listen } from "../real/processes.ts";
import { inTurn } from "../support/effort.ts";
import { skip } from "../support/skip.ts";
import { notEmpty } from "../support/tally.ts";
import { atomicWrite, names, put, send, start, text, until, untilListening, withoutDenosPath } from "./command.ts";

const onWindows = process.platform === "win32";

describe("atomic-write lock", () => {
  it("ends with the status of the program, which has the command's own streams", () =>
    withOthers(async (directory) => {
      const args = ["lock", "a", "--", "sh", "-c", 'cat; echo "$0 $1" >&2; exit 7', "one", "-x --json"];
      const ended = await atomicWrite(directory, args, { stdin: "input" });
      assertEquals(ended, { code: 7, signal: null, stdout: "input", stderr: "one -x --json\n" });
      assertEquals(names(directory), ["a.lock"]);
    }));

  it("holds the lock while the program runs, exclusive or shared, and gives it back", (t) =>
    withOthers(async (directory) => {
      if (!hasKernelLock() || !hasFlockProgram()) return skip(t, "needs kernel locks and flock(1)");
      const probe = (flag: string) => ["sh", "-c", `flock -n ${flag} a.lock true; echo $?`];
      for (const [options, exclusive, shared] of [[[], 1, 1], [["-x"], 1, 1], [["-s"], 1, 0]] as const) {
        const one = await atomicWrite(directory, ["lock", ...options, "a", "--", ...probe("-x")]);
        const two = await atomicWrite(directory, ["lock", ...options, "a", "--", ...probe("-s")]);
        assertEquals([one.stdout, two.stdout], [`${exclusive}\n`, `${shared}\n`], options.join());
      }
      assertEquals(foreignGets("flock", join(directory, "a.lock")), true);
    }));

  it("each word of flock(1) does what flock(1) does, with a lock that is free, held, and held shared", (t) =>
    withOthers(async (directory) => {
      if (!hasKernelLock() || !hasFlockProgram()) return skip(t, "needs kernel locks and flock(1)");
      for (const name of ["free", "held", "sharing"]) {
        fs.mkdirSync(join(directory, name));
        put(directory, `${name}.lock`, "");
      }
      const holders = [
        await foreignHold("flock", join(directory, "held.lock")),
        await foreignHold("flock", join(directory, "sharing.lock"), true),
      ];
      const echo = ["echo", "x"];
      const rows: readonly (readonly string[])[] = [
        // A directory as FILE, and COMMAND without `--`, in all of them.
        ["free/", ...echo],
        ["-e", "free", ...echo],
        ["-x", "free", ...echo],
        ["--exclusive", "free", ...echo],
        ["--shared", "free", ...echo],
        ["-o", "free", ...echo],
        ["--close", "free", ...echo],
        ["-w", "5", "free", ...echo],
        ["--wait", "5", "free", ...echo],
        ["--timeout", "5", "free", ...echo],
        ["free", "-c", "echo $((1 + 1)); exit 7"],
        ["free", "--command", "echo x"],
        ["-n", "sharing", ...echo],
        ["-e", "-n", "sharing", ...echo],
        ["-s", "-n", "sharing", ...echo],
        ["-s", "--nb", "sharing", ...echo],
        ["-n", "held", ...echo],
        ["--nb", "held", ...echo],
        ["--nonblock", "held", ...echo],
        ["-s", "-n", "held", ...echo],
        ["-w", "0.1", "held", ...echo],
        ["--wait", "0.1", "held", ...echo],
        ["--wait", "0.1", "held", "-c", "echo x"],
        ["-E", "9", "-n", "held", ...echo],
        ["--conflict-exit-code", "9", "--wait", ".1", "held", ...echo],
      ];
      for (const row of notEmpty(inTurn(rows, 3))) {
        // It locks the file that it is given, ours the one beside it.
        const theirs = row.map((word) =>
          ["free", "free/", "held", "sharing"].includes(word) ? word.replace(/\/?$/, ".lock") : word
        );
        const { status, stdout } = spawnSync("flock", theirs, { cwd: directory, encoding: "utf8" });
        const ours = await atomicWrite(directory, ["lock", ...row]);
        assertEquals([ours.code, ours.stdout], [status, stdout], row.join(" "));
      }
      for (const holder of holders) await holder.release();
      assertEquals(names(directory).filter((name) => name.endsWith(".lock")).length, 3);
    }));

  it("a lock that is held: -n, -w and -E as flock(1) has them", (t) =>
    withOthers(async (directory) => {
      if (!hasKernelLock() || !hasFlockProgram()) return skip(t, "needs kernel locks and flock(1)");
      put(directory, "a.lock", "");
      const holder = await foreignHold("flock", join(directory, "a.lock"));
      const runs: [args: string[], code: number][] = [
        [["-n", "a"], 1],
        [["--nonblock", "-E", "33", "a"], 33],
        [["a", "-w", "0.1"], 1],
        [["--timeout=.1", "--conflict-exit-code=0", "a"], 0],
        [["-s", "-n", "a"], 1],
      ];
      for (const [args, code] of runs) {
        const ended = await atomicWrite(directory, ["lock", ...args, "--", "touch", "ran"]);
        assertEquals(ended.code, code, args.join(" "));
        assert(
          /^atomic-write: Cannot lock ".*a": (it is already held|it was not free)/.test(ended.stderr),
          ended.stderr,
        );
      }
      const quiet = await atomicWrite(directory, ["lock", "-qn", "a", "--", "touch", "ran"]);
      assertEquals([quiet.code, quiet.stdout, quiet.stderr], [1, "", ""]);
      const { stdout } = await atomicWrite(directory, ["lock", "--json", "-n", "a", "--", "touch", "ran"]);
      assertEquals(JSON.parse(stdout).error.code, "EBUSY");
      const waiting = atomicWrite(directory, ["lock", "-w", "60", "a", "--", "echo", "had it"]);
      await holder.release();
      assertEquals((await waiting).stdout, "had it\n");
      assertEquals(fs.existsSync(join(directory, "ran")), false);
    }));

  it("had, with a program that cannot be run: that is what it says", (t) =>
    withOthers(async (directory) => {
      if (onWindows) return skip(t, "Windows has no executable bit");
      const env = { PATH: directory };
      put(directory, "plain", "no program");
      const none = `"no-such-program": "no-such-program" is not in PATH, which is "${directory}" (ENOENT)`;
      const plain = `"plain": "${directory}/plain" is not executable (EACCES)`;
      for (const command of ["lock", "update"]) {
        for (const [program, code, reason] of [["no-such-program", 127, none], ["plain", 126, plain]] as const) {
          const ended = await atomicWrite(directory, [command, "a", "--", program], { env });
          const stderr = `atomic-write: Cannot run ${reason}; nothing was changed\n`;
          assertEquals([ended.code, withoutDenosPath(ended.stderr)], [code, stderr]);
        }
      }
    }));

  it("tells machines how the program ended", () =>
    withOthers(async (directory) => {
      const { stdout, code } = await atomicWrite(directory, ["lock", "--json", "a", "--", "sh", "-c", "exit 3"]);
      assertEquals([JSON.parse(stdout), code], [{ path: join(directory, "a"), status: 3 }, 3]);
    }));

  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    it(`${signal} is sent on to the program, whose answer counts`, (t) =>
      withOthers(async (directory) => {
        if (onWindows) return skip(t, "Windows has no such signals");
        const program = `trap 'echo caught; exit 9' ${signal.slice(3)}; echo ready; while :; do sleep 0.05; done`;
        const { child, status } = start(directory, ["lock", "a", "--", "sh", "-c", program], { stdin: "pipe" });
        await untilHeard({ child, status }, listen(child), /^ready/);
        send(child, signal);
        const { code, stdout } = await status;
        assertEquals([code, stdout], [9, "ready\ncaught\n"]);
      }));

    it(`a program that dies of ${signal}: the command ends likewise`, (t) =>
      withOthers(async (directory) => {
        if (onWindows) return skip(t, "Windows has no such signals");
        // A background process of a shell would ignore SIGINT; the shell itself does not.
        const ended = await atomicWrite(directory, ["lock", "a", "--", "sh", "-c", `kill -${signal.slice(3)} $$`]);
        assertEquals([ended.code, ended.signal], [null, signal]);
        assertEquals((await atomicWrite(directory, ["lock", "-n", "a", "--", "true"])).code, 0);
      }));
  }

  it("a signal while the lock is waited for ends the command, and the program never runs", (t) =>
    withOthers(async (directory) => {
      if (onWindows || !hasKernelLock() || !hasFlockProgram()) return skip(t, "needs kernel locks and flock(1)");
      put(directory, "a.lock", "");
      const holder = await foreignHold("flock", join(directory, "a.lock"));
      for (const options of [[], ["-w", "60"]]) {
        const { child, status } = start(directory, ["lock", ...options, "a", "--", "touch", "ran"], { stdin: "pipe" });
        await untilListening(child);
        const { ino } = fs.statSync(join(directory, "a.lock"));
        const waits = (line: string) => line.includes("->") && line.includes(`:${ino} `);
        await until(() => text("/proc", "locks").split("\n").some(waits) || child.exitCode !== null);
        send(child, "SIGTERM");
        const { signal, stderr } = await status;
        assertEquals(signal, "SIGTERM");
        assert(stderr.includes("interrupted"), stderr);
      }
      await holder.release();
      assertEquals(names(directory), ["a.lock"]);
    }));
});
