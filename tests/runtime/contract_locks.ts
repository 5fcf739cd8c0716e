/** The contract of kernel locks on open files. */
import { assert, assertEquals } from "@std/assert";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { describe, it } from "node:test";
import type { FileSystem } from "../../src/runtime/runtime.ts";
import { skip } from "../support/skip.ts";
import { type ContractOptions, opened, put, type Subject, until, type WithSubject } from "./contract_support.ts";

/** Two open files of one file. */
async function pair(fileSystem: FileSystem, path: string) {
  await put(fileSystem, path);
  return [await opened(fileSystem, path, "read-write"), await opened(fileSystem, path, "read-write")] as const;
}

/** Whether another process gets the lock at once. */
function othersMayLock(path: string, flag: "-x" | "-s" = "-x"): boolean {
  return spawnSync("flock", ["-n", flag, path, "true"]).status === 0;
}

/** Another process that holds the lock: for that many seconds, or until its input ends. */
async function holder(path: string, seconds?: number): Promise<{ release(): Promise<void> }> {
  const command = `echo held; exec ${seconds === undefined ? "cat" : `sleep ${seconds}`}`;
  const child = spawn("flock", ["-x", path, "sh", "-c", command], { stdio: ["pipe", "pipe", "ignore"] });
  const exit = once(child, "exit");
  await once(child.stdout, "data");
  return {
    release: async () => {
      child.stdin.end();
      await exit;
    },
  };
}

const hasProgram = () => spawnSync("flock", ["--version"]).status === 0;

export function describeLocks(withSubject: WithSubject, { real }: ContractOptions): void {
  describe("tryLock", () => {
    const lockTest = (name: string, run: (subject: Subject) => Promise<void>) =>
      it(name, (t) =>
        withSubject((subject) => {
          if (subject.runtime.capabilities.fileLock !== "none") return run(subject);
          return Promise.resolve(skip(t, "there is no kernel lock here"));
        }));

    lockTest("excludes another open file of the same process", async ({ fileSystem, directory }) => {
      const [one, two] = await pair(fileSystem, `${directory}/file`);
      assertEquals(await one.tryLock(false), true);
      assertEquals(await two.tryLock(false), false);
      assertEquals(await two.tryLock(true), false);
      await one.unlock();
      assertEquals(await two.tryLock(false), true);
      assertEquals(await one.tryLock(false), false);
      await one.close();
      await two.close();
    });

    lockTest("is shared when asked for so", async ({ fileSystem, directory }) => {
      const [one, two] = await pair(fileSystem, `${directory}/file`);
      assertEquals(await one.tryLock(true), true);
      assertEquals(await two.tryLock(true), true);
      await one.close();
      assertEquals(await two.tryLock(false), true, "alone, it may become exclusive");
      const three = await opened(fileSystem, `${directory}/file`);
      assertEquals(await three.tryLock(true), false);
      await two.unlock();
      assertEquals(await three.tryLock(false), true, "also on a file opened for reading");
      await two.close();
      await three.close();
    });

    lockTest("ends with close, and only with its own", async ({ fileSystem, directory }) => {
      const [one, two] = await pair(fileSystem, `${directory}/file`);
      assertEquals(await one.tryLock(false), true);
      const other = await opened(fileSystem, `${directory}/file`);
      await other.close();
      assertEquals(await two.tryLock(false), false);
      await one.close();
      assertEquals(await two.tryLock(false), true);
      await two.close();
    });

    lockTest("outlives changes of mode, owner, name and content", async ({ fileSystem, directory }) => {
      const [one, two] = await pair(fileSystem, `${directory}/file`);
      assertEquals(await one.tryLock(false), true);
      await one.setMode(0o640);
      await one.setOwner(undefined, undefined);
      await one.write(new Uint8Array(3));
      await one.sync("full");
      await fileSystem.rename(`${directory}/file`, `${directory}/renamed`);
      assertEquals(await two.tryLock(true), false);
      await fileSystem.remove(`${directory}/renamed`);
      assertEquals(await two.tryLock(true), false);
      await one.close();
      await two.close();
    });

    if (!real) return;

    it("excludes other processes that use flock, and is excluded by them", (t) =>
      withSubject(async ({ runtime, fileSystem, directory }) => {
        if (runtime.capabilities.fileLock === "none") return skip(t, "there is no kernel lock here");
        if (!hasProgram()) return skip(t, "needs the program flock");
        const path = `${directory}/file`;
        const [one, two] = await pair(fileSystem, path);
        assertEquals(othersMayLock(path), true);
        assertEquals(await one.tryLock(true), true);
        assertEquals(othersMayLock(path), false);
        assertEquals(othersMayLock(path, "-s"), true);
        await one.unlock();
        assertEquals(await one.tryLock(false), true);
        assertEquals(othersMayLock(path, "-s"), false);
        await one.unlock();
        assertEquals(othersMayLock(path), true);
        // The child's lock stays on the description it shares with this descriptor, as another program's would.
        const descriptor = fs.openSync(path, "r+");
        spawnSync("flock", ["-x", "3"], { stdio: ["ignore", "ignore", "ignore", descriptor] });
        assertEquals(await two.tryLock(true), false);
        fs.closeSync(descriptor);
        assertEquals(await two.tryLock(true), true);
        await one.close();
        await two.close();
      }));
  });

  // The memory runtime has nothing to wait with.
  if (!real) return;
  describe("lock", () => {
    const waitTest = (name: string, run: (subject: Subject, path: string) => Promise<void>) =>
      it(name, (t) =>
        withSubject(async (subject) => {
          const { capabilities } = subject.runtime;
          if (capabilities.fileLock === "none") return skip(t, "there is no kernel lock here");
          if (!hasProgram()) return skip(t, "needs the program flock");
          await put(subject.fileSystem, `${subject.directory}/file`);
          await run(subject, `${subject.directory}/file`);
        }));

    waitTest("waits until the lock is free", async ({ fileSystem }, path) => {
      const other = await holder(path, 0.3);
      const file = await opened(fileSystem, path);
      assertEquals(await file.tryLock(true), false);
      assertEquals(await file.lock(false, undefined, undefined), true);
      assertEquals(othersMayLock(path), false);
      await file.close();
      assertEquals(othersMayLock(path), true);
      await other.release();
    });

    waitTest("gives up in time, or says that it cannot wait so", async ({ fileSystem, runtime }, path) => {
      const other = await holder(path);
      const file = await opened(fileSystem, path);
      const start = runtime.clock.monotonic();
      const granted = await file.lock(false, 60, undefined);
      const took = runtime.clock.monotonic() - start;
      assert(granted === undefined || (granted === false && took >= 55), `${granted} after ${took} ms`);
      await file.close();
      await other.release();
      // Whoever was waiting may get the lock in this moment, before it is given back.
      await until(() => othersMayLock(path));
    });

    waitTest("does not begin when there is no time for it", async ({ fileSystem }, path) => {
      const other = await holder(path);
      const file = await opened(fileSystem, path);
      assert(await file.lock(false, 0, undefined) !== true);
      await file.close();
      await other.release();
      await until(() => othersMayLock(path));
    });

    waitTest("ends when it is aborted, and blocks nothing until then", async ({ fileSystem }, path) => {
      const other = await holder(path);
      const file = await opened(fileSystem, path);
      const probe = file.lock(true, 1, undefined);
      await probe;
      await file.close();
      if (probe instanceof Promise) {
        const files = await Promise.all([1, 2, 3, 4, 5, 6].map(() => opened(fileSystem, path)));
        const controller = new AbortController();
        const waits = files.map((waiting) => waiting.lock(true, undefined, controller.signal));
        await fs.promises.readFile(path);
        controller.abort();
        assertEquals(await Promise.all(waits), files.map(() => false));
        assertEquals(await files[0]?.lock(true, undefined, controller.signal), false, "aborted before");
        for (const waiting of files) await waiting.close();
      }
      await other.release();
      await until(() => othersMayLock(path));
    });
  });
}
