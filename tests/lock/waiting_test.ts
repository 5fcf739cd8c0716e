/** Waiting for a lock that another process holds: what it does not hold up, how it ends, and what it leaves. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { acquireLock, LockTimeoutError, tryLock } from "../../mod.ts";
import { nothingToLockWith } from "./hidden_addon.ts";
import { skip } from "../support/skip.ts";
import { runtimes, spawnProgram, spawnScript } from "../support/spawn.ts";
import { tally } from "../support/tally.ts";
import {
  answerOf,
  ask,
  foreignGets,
  foreignHold,
  hasFlockProgram,
  hasKernelLock,
  isLinux,
  type Other,
  other,
  pause,
  until,
  untilHeard,
  variants,
  withOthers,
} from "./support.ts";

/** A lock file that flock(1) holds. */
function withForeignHolder(
  t: Parameters<typeof skip>[0],
  run: (path: string, release: () => Promise<void>) => Promise<void>,
): Promise<void> {
  return withOthers(async (directory) => {
    if (!hasKernelLock() || !hasFlockProgram()) return skip(t, "needs kernel locks and the program flock");
    const path = join(directory, "state");
    fs.writeFileSync(`${path}.lock`, "");
    const other = await foreignHold("flock", `${path}.lock`);
    let released = false;
    const release = async () => {
      if (!released) await other.release();
      released = true;
    };
    try {
      await run(path, release);
    } finally {
      await release();
    }
  });
}

/** Programs that wait for this lock file in our name. */
function waitingPrograms(lockFile: string): string[] {
  const { ino } = fs.statSync(lockFile);
  const waits = fs.readFileSync("/proc/locks", "utf8").split("\n").filter((line) => line.includes("->"));
  return waits.filter((line) => line.includes(`:${ino} `));
}

/** Waits until a waiting is under way; where the system does not tell, for a moment in which it will have begun. */
async function untilWaiting(lockFile: string): Promise<void> {
  if (isLinux) await until(() => waitingPrograms(lockFile).length > 0, "somebody waits");
  else await pause(150);
}

describe("waiting for another process", () => {
  for (const options of [{}, { timeout: 60_000 }, { signal: new AbortController().signal }]) {
    it(`ends with the lock (${Object.keys(options)[0] ?? "without end"})`, (t) =>
      withForeignHolder(t, async (path, release) => {
        const waiting = acquireLock(path, options);
        await untilWaiting(`${path}.lock`);
        await release();
        const lock = await waiting;
        assertEquals(foreignGets("flock", `${path}.lock`), false);
        await lock.release();
        assertEquals(foreignGets("flock", `${path}.lock`), true);
      }));
  }

  for (const how of ["timeout", "abort"] as const) {
    it(`that ends by ${how} leaves no lock, no waiter and no open file`, (t) =>
      withForeignHolder(t, async (path, release) => {
        // What is opened once for good.
        await assertRejects(() => acquireLock(path, { timeout: 40 }), LockTimeoutError);
        const descriptors = () => isLinux ? fs.readdirSync("/proc/self/fd").length : 0;
        const before = descriptors();
        for (let round = 0; round < 5; round++) {
          const reason = new Error("enough");
          const controller = new AbortController();
          const options = how === "timeout" ? { timeout: 40 } : { signal: controller.signal };
          const waiting = acquireLock(path, options).then(() => "had it", (error) => error);
          await pause(40);
          controller.abort(reason);
          const outcome = await waiting;
          assert(how === "timeout" ? LockTimeoutError.is(outcome) : outcome === reason, String(outcome));
        }
        if (isLinux) {
          assertEquals(waitingPrograms(`${path}.lock`), []);
          await until(() => descriptors() <= before, "all files are closed");
        }
        await release();
        assertEquals(foreignGets("flock", `${path}.lock`), true);
        const lock = await tryLock(path);
        assert(lock !== undefined);
        await lock.release();
      }));
  }

  it("that is given up in the very moment of the grant leaks no lock", (t) =>
    withForeignHolder(t, async (path, release) => {
      await release();
      const happened = tally("grants", ["granted", "given up"]);
      for (let round = 0; round < 12; round++) {
        const other = await foreignHold("flock", `${path}.lock`);
        const controller = new AbortController();
        const waiting = acquireLock(path, { signal: controller.signal }).then(
          (lock) => lock.release().then(() => happened.count("granted")),
          (error) => {
            assertEquals(error, controller.signal.reason);
            happened.count("given up");
          },
        );
        await pause(25 + round);
        await Promise.all([other.release(), pause(round / 3).then(() => controller.abort())]);
        await waiting;
        await until(() => foreignGets("flock", `${path}.lock`), "the lock is free");
      }
      // Which of the two it was is up to the machine, not to the test.
      happened.enough({ "granted": 0, "given up": 0 });
      assertEquals(happened.counts.granted + happened.counts["given up"], 12);
    }));

  for (const variant of variants()) {
    for (const options of ["{}", '{"timeout":60000}']) {
      it(`lets the event loop run (${variant.name}, ${options})`, (t) =>
        withForeignHolder(t, async (path, release) => {
          const args = [path, "1", options];
          const { runtime, env } = variant;
          const { script: { child, status }, heard } = other(spawnScript("tests/lock/scripts/wait_ticking.ts", args, {
            runtime,
            env,
            stdin: "pipe",
          }));
          assert(await heard.seen(/^ticks/));
          child.stdin?.end("\n");
          await release();
          assertEquals((await status).code, 0);
        }));
    }

    it(`40 waiters for 40 locks do not delay a file that is read (${variant.name})`, (t) =>
      withOthers(async (directory) => {
        if (!hasFlockProgram()) return skip(t, "needs the program flock");
        const path = join(directory, "state");
        const command = `${
          Array.from({ length: 40 }, (_, index) => `exec ${index + 10}<>${path}.${index}.lock; flock ${index + 10}`)
            .join(";")
        }; echo held; cat > /dev/null`;
        const holder = holderOfMany(command);
        assert(await holder.heard.seen(/^held/));
        const { runtime, env } = variant;
        const { script, heard } = other(
          spawnScript("tests/lock/scripts/wait_ticking.ts", [path, "40"], { runtime, env, stdin: "pipe" }),
        );
        await untilHeard(script, heard, /^ticks/);
        script.child.stdin?.end("\n");
        await holder.release();
        const { code, stdout, stderr } = await script.status;
        assertEquals([code, stdout.includes("had them all"), stderr], [0, true, ""]);
      }));

    for (const how of ["exit", "timeout", "abort"]) {
      it(`does not keep the process from ending by ${how} (${variant.name})`, (t) =>
        withForeignHolder(t, async (path) => {
          fs.writeFileSync(`${path}.2.lock`, "");
          const second = await foreignHold("flock", `${path}.2.lock`);
          const { runtime, env } = variant;
          const { status } = other(spawnScript("tests/lock/scripts/give_up.ts", [path, how], { runtime, env })).script;
          // The lock is held all the while: a process that waits for it to the end would never come to its own.
          const { code, stdout, stderr } = await status;
          const said = { exit: "", timeout: "LockTimeoutError\n", abort: "TimeoutError\n" }[how];
          assertEquals({ code, stdout, stderr }, { code: how === "exit" ? 7 : 0, stdout: said, stderr: "" });
          if (isLinux) await until(() => waitingPrograms(`${path}.lock`).length === 0, "nobody waits any more");
          await second.release();
        }));
    }

    it(`a child that was started while the lock was held does not keep it (${variant.name})`, (t) =>
      withOthers(async (directory) => {
        if (!hasFlockProgram()) return skip(t, "needs the program flock");
        const path = join(directory, "state");
        const { runtime, env } = variant;
        const { script, heard } = other(
          spawnScript("tests/lock/scripts/spawn_child.ts", [path, "{}"], { runtime, env, stdin: "pipe" }),
        );
        await untilHeard(script, heard, /^released/);
        assertEquals(foreignGets("flock", `${path}.lock`), true);
        script.child.stdin?.end("\n");
        assertEquals((await script.status).code, 0);
      }));
  }

  it("Ctrl-C that only reaches the waiting child does not end the waiting", (t) =>
    withForeignHolder(t, async (path, release) => {
      if (!isLinux) return skip(t, "needs Linux");
      const waiting = acquireLock(path, { timeout: 60_000 });
      await until(() => waitingPrograms(`${path}.lock`).length > 0, "somebody waits");
      const [waiter = ""] = waitingPrograms(`${path}.lock`);
      const pid = Number(/-> FLOCK\s+ADVISORY\s+WRITE (\d+)/.exec(waiter)?.[1]);
      assert(pid > 0, `no process waits: ${waiter}`);
      if (pid === process.pid) {
        await release();
        await (await waiting).release();
        return skip(t, "this runtime waits by a call, without a child that a signal could reach");
      }
      assertEquals(spawnSync("kill", ["-INT", String(pid)]).status, 0, "the signal lands");
      await until(
        () => !waitingPrograms(`${path}.lock`).some((line) => line.includes(` ${pid} `)),
        "the child is gone",
      );
      await release();
      await (await waiting).release();
    }));

  it("without a program to wait with: by polling", (t) =>
    withForeignHolder(t, async (path, release) => {
      const { Deno } = globalThis as { Deno?: unknown };
      if (Deno === undefined) return skip(t, "Deno with few permissions cannot start programs");
      const permissions = [`--allow-read`, `--allow-write=${join(path, "..")}`];
      const options = { permissions, stdin: "pipe" as const };
      const args = [path, '{"timeout":60000}'];
      const { script, heard } = other(spawnScript("tests/lock/scripts/hold.ts", args, options));
      await pause(400);
      assertEquals(heard.text, "");
      await release();
      await untilHeard(script, heard, /^held/);
      script.child.stdin?.end("\n");
      await script.status;
    }));

  it("where nothing locks in the kernel, a lock directory takes its place", (t) =>
    withOthers(async (directory) => {
      if (!runtimes().includes("node")) return skip(t, "this run of the tests has no Node");
      const path = join(directory, "state");
      const variant = { name: "node", runtime: "node" as const, env: nothingToLockWith };
      const holder = ask(path, {}, variant);
      await untilHeard(holder.script, holder.heard, /^held directory false/);
      const other = ask(path, { timeout: 100 }, variant);
      assertEquals(await answerOf(other), "not in time");
      // Whoever has kernel locks sees that the other kind is held, and waits for it.
      const kernel = ask(path, { timeout: 60_000 });
      await pause(300);
      assertEquals(kernel.heard.text, "");
      await holder.release();
      assert(await kernel.heard.seen(/^held flock/));
      await kernel.release();
    }));
});

/** A shell that holds many locks at once. */
const holderOfMany = (command: string): Other => other(spawnProgram(["bash", "-c", command], { stdin: "pipe" }));
