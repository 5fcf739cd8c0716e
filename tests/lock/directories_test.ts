/** A directory is locked like a file, by `DIR.lock` beside it, whatever name it is called by; but nothing writes to it. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import {
  acquireLock,
  acquireLockSync,
  breakLock,
  inspectLock,
  openFileWriter,
  tryLock,
  tryLockSync,
  updateTextFile,
  updateTextFileSync,
} from "../../mod.ts";
import { FileError } from "../../src/core/errors.ts";
import { memoryRuntime } from "../../src/testing/mod.ts";
import { interceptRuntime } from "../../src/testing/faults/intercept.ts";
import { namesIn } from "../support/files.ts";
import { hasSymbolicLinks } from "../support/symbolic_links.ts";
import { notEmpty } from "../support/tally.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { lockBackends } from "./support.ts";

const backends = lockBackends();

for (const backend of notEmpty(backends)) {
  test(`acquireLock of a directory (${backend}): any of its names means the lock beside it`, () =>
    withTemporaryDirectory(async (place) => {
      const directory = join(place, "data");
      fs.mkdirSync(directory);
      const links = hasSymbolicLinks() ? ["link"] : [];
      for (const link of links) fs.symlinkSync("data", join(place, link));
      const names = [directory, `${directory}/`, `${directory}/.`, ...links.map((link) => join(place, link))];
      for (const name of names) {
        const lock = await acquireLock(name, { backend });
        assertEquals(namesIn(place), ["data", "data.lock", ...links]);
        assertEquals((await inspectLock(directory))?.pid, process.pid);
        for (const other of names) {
          assertEquals(await tryLock(other, { backend }), undefined, other);
          assertEquals(tryLockSync(other, { backend }), undefined, other);
        }
        await lock.release();
        const again = acquireLockSync(name, { backend });
        again.release();
      }
      assertEquals(namesIn(directory), []);
    }));

  test(`acquireLock of a directory (${backend}): also with a directory for locks`, () =>
    withTemporaryDirectory(async (place) => {
      const [directory, lockDirectory] = [join(place, "data"), join(place, "locks")];
      fs.mkdirSync(directory);
      fs.mkdirSync(lockDirectory);
      const lock = await acquireLock(directory, { backend, lockDirectory });
      assertEquals([namesIn(place), namesIn(lockDirectory).length], [["data", "locks"], 1]);
      assertEquals(await tryLock(`${directory}/`, { backend, lockDirectory }), undefined);
      const info = await inspectLock(directory, { lockDirectory });
      assert(info !== undefined);
      if (backend === "directory") {
        assertEquals(await breakLock(directory, { ...info, token: "other" }, { lockDirectory }), false);
      }
      await lock.release();
    }));
}

test("what changes a file refuses a directory, and leaves no lock beside it", () =>
  withTemporaryDirectory(async (place) => {
    const directory = join(place, "data");
    fs.mkdirSync(directory);
    const refused = [
      () => updateTextFile(directory, () => "new"),
      () => openFileWriter(directory, { lock: true }),
    ];
    for (const change of refused) {
      const { code } = await assertRejects(change, FileError);
      assertEquals(code, "EISDIR");
    }
    assertThrows(() => updateTextFileSync(directory, () => "new"), FileError, "EISDIR");
    assertEquals(namesIn(place), ["data"]);
  }));

test("a lock directory that is gone with the directory it was in keeps nobody from one in a later directory", async () => {
  for (const knowsTime of [true, false]) {
    const machine = memoryRuntime({ files: { "/d": { kind: "directory" } } });
    let created = 1;
    // As on ext4, which gives the number of a removed directory to the next one.
    const runtime = interceptRuntime(machine, (call, proceed) => {
      const answer = proceed() as unknown;
      if (call.method !== "stat" || call.path !== "/d" || typeof answer !== "object") return answer as never;
      return { ...answer, identity: "1:7", created: knowsTime ? created : undefined } as never;
    });
    const options = { backend: "directory", runtime } as const;
    const lost = await acquireLock("/d/a", options);
    machine.syncFileSystem.rename("/d", "/gone");
    machine.put("/d", { kind: "directory" });
    created = 2;
    const lock = await tryLock("/d/a", options);
    assertEquals(lock !== undefined, knowsTime, "without a time of creation the two are one to everybody");
    await lock?.release();
    await lost.release();
    assertEquals(Object.keys(machine.files("/d")), []);
  }
});

test("the root has no place beside it for a lock", async () => {
  const { code } = await assertRejects(() => acquireLock("/", { runtime: memoryRuntime() }), FileError);
  assertEquals(code, "EISDIR");
});
