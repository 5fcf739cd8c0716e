/** The contract of the machine around the file system: process, clock, random bytes, hash, capabilities. */
import { assert, assertEquals, assertMatch, assertNotEquals, assertRejects } from "@std/assert";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { hostname } from "node:os";
import { describe, it } from "node:test";
import process from "node:process";
import type { ProcessFacts } from "../../src/runtime/process_host.ts";
import { memoryRuntime } from "../../src/testing/mod.ts";
import { skip } from "../support/skip.ts";
import { type ContractOptions, encode, isLinux, type Subject, until, type WithSubject } from "./contract_support.ts";

/** Facts of another process of this machine. */
function factsOf(pid: number, own: ProcessFacts): ProcessFacts {
  const line = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
  return { ...own, pid, started: line.slice(line.lastIndexOf(")") + 2).split(" ")[19] ?? "" };
}

function describeHost(withSubject: WithSubject): void {
  const factTest = (name: string, run: (subject: Subject, own: ProcessFacts) => unknown) =>
    it(name, (t) =>
      withSubject(async (subject) => {
        const own = subject.runtime.process.facts();
        if (own === undefined) return skip(t, "this process's facts cannot be read here");
        await run(subject, own);
      }));

  it("tells pid and working directory", () =>
    withSubject(({ runtime }) => {
      assertEquals(runtime.process.pid, process.pid);
      assertEquals(runtime.process.workingDirectory(), process.cwd());
      return Promise.resolve();
    }));

  it("tells where something is mounted, if it tells that at all", () =>
    withSubject(({ runtime }) => {
      const points = runtime.process.mountPoints?.();
      assertEquals(points?.includes("/") ?? true, true);
      assertEquals(points !== undefined, isLinux);
      return Promise.resolve();
    }));

  it("is one for all copies of this module in a thread, and each simulated process is one of its own", () =>
    withSubject(({ runtime }) => {
      const machine = memoryRuntime();
      assertEquals(runtime.process.isolate === globalThis, true);
      assertEquals([machine, machine.fork()].map((each) => each.process.isolate === globalThis), [false, false]);
      assert(machine.process.isolate !== machine.fork().process.isolate);
      return Promise.resolve();
    }));

  it("tells what people call it", () =>
    withSubject(({ runtime }) => {
      const { host, program } = runtime.process.description();
      assertEquals(host, hostname());
      assert(program !== undefined && program !== "");
      return Promise.resolve();
    }));

  it("tells the effective owner", () =>
    withSubject(({ runtime }) => {
      const user = process.geteuid?.();
      const group = process.getegid?.();
      assertEquals(runtime.process.owner(), user === undefined || group === undefined ? undefined : { user, group });
      return Promise.resolve();
    }));

  if (!isLinux) return;

  factTest("tells what identifies this process", ({ runtime }, own) => {
    assertEquals(own, {
      ...factsOf(process.pid, own),
      namespace: fs.readlinkSync("/proc/self/ns/pid").replace(/\D/g, ""),
    });
    assertEquals(own.boot, fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim().replaceAll("-", ""));
    assertEquals(runtime.process.liveness(own), "alive");
  });

  factTest("judges nobody of another start or namespace", ({ runtime }, own) => {
    assertEquals(runtime.process.liveness({ ...own, boot: "other" }), "unknown");
    assertEquals(runtime.process.liveness({ ...own, namespace: "1" }), "unknown");
  });

  factTest("tells a process from one that has its number now", ({ runtime }, own) => {
    assertEquals(runtime.process.liveness({ ...own, started: `${Number(own.started) + 1}` }), "dead");
  });

  factTest("sees a process live and die, whatever it is called", async ({ runtime, directory }, own) => {
    const program = `${directory}/a) S 1 (b`;
    fs.symlinkSync(fs.realpathSync("/bin/sleep"), program);
    const child = spawn(program, ["60"], { stdio: "ignore" });
    await once(child, "spawn");
    const facts = factsOf(child.pid ?? 0, own);
    assertEquals(runtime.process.liveness(facts), "alive");
    const exit = once(child, "exit");
    child.kill("SIGKILL");
    await exit;
    assertEquals(runtime.process.liveness(facts), "dead");
  });

  factTest("counts a zombie as dead", async ({ runtime }, own) => {
    // The shell becomes a program that never waits for the child it inherited.
    const child = spawn("sh", ["-c", "sleep 60 & echo $!; exec sleep 60"], { stdio: ["ignore", "pipe", "ignore"] });
    const [line] = await once(child.stdout, "data");
    const pid = Number(String(line));
    // As long as it is a shell, it may take the dead child away.
    await until(() => fs.readFileSync(`/proc/${child.pid}/comm`, "utf8") === "sleep\n");
    const facts = factsOf(pid, own);
    process.kill(pid, "SIGKILL");
    await until(() => /\) Z /.test(fs.readFileSync(`/proc/${pid}/stat`, "utf8")));
    assertEquals(runtime.process.liveness(facts), "dead");
    const exit = once(child, "exit");
    child.kill("SIGKILL");
    await exit;
  });

  it("finds users and groups by name", () =>
    withSubject(({ runtime }) => {
      const { userNumber, groupNumber } = runtime.process;
      assertEquals([userNumber("root"), groupNumber("root")], [0, 0]);
      const nobody = spawnSync("id", ["-u", "nobody"], { encoding: "utf8" });
      if (nobody.status === 0) assertEquals(userNumber("nobody"), Number(nobody.stdout));
      for (const name of ["", "no-such-user-here", "0", "-h", "root:x", "ro ot", "root\n", "../root"]) {
        assertEquals(userNumber(name), undefined, name);
        assertEquals(groupNumber(name), undefined, name);
      }
      return Promise.resolve();
    }));
}

export function describeProcess(withSubject: WithSubject, { real }: ContractOptions): void {
  // check-tests: allow -- the memory machine has no process
  if (real) describe("process", () => describeHost(withSubject));

  describe("clock", () => {
    // check-tests: allow -- the memory machine's time does not pass by itself
    if (real) {
      it("tells the time, and time that never goes back", () =>
        withSubject(async ({ runtime: { clock } }) => {
          assert(Math.abs(clock.now() - Date.now()) < 1000);
          const before = clock.monotonic();
          await clock.sleep(15);
          assert(clock.monotonic() - before >= 15);
          const again = clock.monotonic();
          clock.pause(15);
          assert(clock.monotonic() - again >= 14);
        }));
    }

    it("stops sleeping when it is aborted", () =>
      withSubject(async ({ runtime: { clock } }) => {
        const controller = new AbortController();
        const sleep = clock.sleep(3_600_000_000, controller.signal);
        controller.abort(new Error("enough"));
        await assertRejects(() => sleep, Error, "enough");
        await assertRejects(() => clock.sleep(1, controller.signal), Error, "enough");
        await assertRejects(() => clock.sleep(0, controller.signal), Error, "enough");
      }));
  });

  describe("random and hash", () => {
    it("gives as many random bytes as asked for", () =>
      withSubject(({ runtime }) => {
        for (const length of [0, 1, 16, 65_536, 65_537, 200_000]) {
          assertEquals(runtime.random(length).byteLength, length);
        }
        assertNotEquals(runtime.random(16), runtime.random(16));
        assert(runtime.random(200_000).subarray(-1000).some((byte) => byte !== 0));
        return Promise.resolve();
      }));

    it("hashes with SHA-256", () =>
      withSubject(({ runtime }) => {
        // https://csrc.nist.gov/projects/cryptographic-standards-and-guidelines/example-values
        const hash = runtime.createHash();
        hash.update(encode("a"));
        hash.update(encode("xbcx").subarray(1, 3));
        assertEquals(hash.digest(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assertMatch(runtime.createHash().digest(), /^e3b0c44298fc1c149afbf4c8996fb924/);
        return Promise.resolve();
      }));
  });
}
