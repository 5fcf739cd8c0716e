/** The lock that COMMAND inherits: it outlasts the command, never COMMAND, and no other program has it. */
import { assert, assertEquals } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { foreignGets, foreignHold, hasFlockProgram, isLinux, withOthers } from "../lock/support.ts";
import { skip } from "../support/skip.ts";
import { atomicWrite, inShell, names, put, send, start, text, until, untilListening } from "./command.ts";

/** Why nothing of this can be tested here. */
const reason = isLinux && hasFlockProgram() ? undefined : "needs Linux and flock(1)";

/** Starts `lock a` with a program that writes its number and stays. */
async function locked(
  directory: string,
  options: readonly string[] = [],
  program = "echo $$ > pid; exec sleep 60 >/dev/null 2>&1",
) {
  const started = start(directory, ["lock", ...options, "a", "--", "sh", "-c", program]);
  await until(() => names(directory).includes("pid") && text(directory, "pid") !== "");
  await untilListening(started.child);
  return { ...started, program: Number(text(directory, "pid")) };
}

const isFree = (directory: string) => foreignGets("flock", join(directory, "a.lock"));

describe("a lock that COMMAND inherits", () => {
  it("stays with it when the command is killed, and goes when it ends; with --close it goes with the command", (t) =>
    withOthers(async (directory) => {
      if (reason !== undefined) return skip(t, reason);
      for (const [options, free] of [[[], false], [["--close"], true], [["-s"], true]] as const) {
        const { child, status, program } = await locked(directory, options);
        send(child, "SIGKILL");
        await status;
        const shared = options.some((option) => option.startsWith("-s"));
        assertEquals(foreignGets("flock", join(directory, "a.lock"), shared), free, options.join());
        if (!free) {
          const { stdout } = await atomicWrite(directory, ["lock", "--inspect", "--json", "a"]);
          assertEquals([JSON.parse(stdout).holder.pid, JSON.parse(stdout).holder.confirmed], [program, true]);
        }
        process.kill(program, "SIGKILL");
        await until(() => isFree(directory));
        fs.rmSync(join(directory, "pid"));
      }
    }));

  it("is given back when COMMAND ends, though it has left something running", (t) =>
    withOthers(async (directory) => {
      if (reason !== undefined) return skip(t, reason);
      const { code, stdout } = await atomicWrite(directory, ["lock", "a", "sh", "-c", "sleep 60 >&- 2>&- & echo $!"]);
      assertEquals([code, isFree(directory)], [0, true]);
      assert(fs.readdirSync(`/proc/${stdout.trim()}/fd`).includes("3"), "it has inherited the lock file");
      process.kill(Number(stdout), "SIGKILL");
    }));

  for (const signal of ["SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGALRM"] as const) {
    it(`${signal} is sent on to COMMAND, and ends nothing else`, (t) =>
      withOthers(async (directory) => {
        if (reason !== undefined) return skip(t, reason);
        const name = signal.slice(3);
        const { child, status } = await locked(
          directory,
          [],
          `trap 'exit 9' ${name}; echo $$ > pid; while :; do sleep 0.05; done`,
        );
        send(child, signal);
        const { code } = await status;
        assertEquals([code, isFree(directory)], [9, true]);
      }));
  }

  it("is not inherited by the program of an update", (t) =>
    withOthers(async (directory) => {
      if (reason !== undefined) return skip(t, reason);
      const { code } = await atomicWrite(directory, ["update", "a", "--", "sh", "-c", "ls /proc/$$/fd"]);
      const open = text(directory, "a").split("\n").filter((number) => number !== "");
      const files = open.map((number) => Number(number)).filter((number) => number >= 3 && number < 10);
      assertEquals([code, files], [0, []]);
    }));
});

describe("a command inside the lock that it asks for", () => {
  const rows = [
    { run: "atomic-write lock a -- atomic-write update a -- echo x", code: 75, says: /started this program, holds it/ },
    { run: "atomic-write lock a atomic-write lock a true", code: 75, says: /use its lock \(--join\)/ },
    { run: "atomic-write lock a sh -c 'atomic-write lock -o a true'", code: 75, says: /\(EDEADLK\)/ },
    { run: "atomic-write update a -- atomic-write update a -- echo x", code: 75, says: /\(EDEADLK\)/ },
    { run: "atomic-write lock -s a atomic-write update --join a -- echo x", code: 75, says: /shared; it cannot be/ },
    { run: "atomic-write lock a atomic-write lock -n a true", code: 1, says: /already held by process/ },
    { run: "atomic-write lock a atomic-write update --join a -- echo x", code: 0, says: /^$/ },
    { run: "atomic-write lock a atomic-write lock --join a atomic-write lock --join a true", code: 0, says: /^$/ },
    { run: "atomic-write lock -s a atomic-write lock -s a true", code: 0, says: /^$/ },
    // What the variable says is not believed: nobody above holds this lock.
    {
      run: 'ATOMIC_WRITE_HELD_LOCKS=\'[{"mark":"1","pid":1,"shared":false}]\' atomic-write update --join a -- echo x',
      code: 0,
      says: /^$/,
    },
  ];
  for (const { run, code, says } of rows) {
    it(`${run}: status ${code}`, (t) =>
      withOthers(async (directory) => {
        if (reason !== undefined) return skip(t, reason);
        put(directory, "a", "old");
        const ended = await inShell(directory, run);
        assertEquals(ended.code, code, ended.stderr);
        assert(says.test(ended.stderr), ended.stderr);
        assertEquals(text(directory, "a"), /update --join a/.test(run) && code === 0 ? "x\n" : "old");
        assertEquals(names(directory), ["a", "a.lock"], "no inner lock is left");
      }));
  }

  it("whatever the variable says, a lock that no program above holds is neither joined nor a deadlock", (t) =>
    withOthers(async (directory) => {
      if (reason !== undefined) return skip(t, reason);
      put(directory, "a", "old");
      put(directory, "a.lock", "");
      const holder = await foreignHold("flock", join(directory, "a.lock"));
      const { ino } = fs.statSync(join(directory, "a.lock"));
      const said = [{ mark: String(ino), pid: holder.script.child.pid, shared: false }];
      const env = { ATOMIC_WRITE_HELD_LOCKS: JSON.stringify(said) };
      for (const options of [[], ["--join"]]) {
        const args = ["update", ...options, "-w", "0.2", "a", "--", "echo", "x"];
        const { code, stderr } = await atomicWrite(directory, args, { env });
        assertEquals([code, stderr.includes("was not free within 0.2 s"), text(directory, "a")], [1, true, "old"]);
      }
      await holder.release();
    }));

  it("with --join: those that join the same lock are kept apart", (t) =>
    withOthers(async (directory) => {
      if (reason !== undefined) return skip(t, reason);
      put(directory, "a", "0");
      const once = "atomic-write update --join a -- sh -c 'read n; sleep 0.1; echo $((n + 1))' &\n";
      put(directory, "three", `${once.repeat(3)}wait\n`);
      const { code, stderr } = await inShell(directory, "atomic-write lock a sh ./three");
      assertEquals([code, stderr, text(directory, "a")], [0, "", "3\n"]);
    }));
});
