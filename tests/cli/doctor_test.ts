/** `doctor`: what it measures on real mounts, how it ends, and that it leaves nothing. */
import { assert, assertEquals } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { judge } from "../../src/cli/doctor/verdict.ts";
import { reportLines } from "../../src/cli/doctor/report.ts";
import type { Examination } from "../../src/cli/doctor/examine.ts";
import { makeScratch, removeAbandonedScratch, removeScratch, scratchName } from "../../src/cli/doctor/scratch.ts";
import { makeEngine } from "../../src/protocol/engine.ts";
import { currentRuntime as runtimeHere } from "../../src/runtime/current.ts";
import { mountIn } from "../../src/runtime/host/file_system_facts.ts";
import { withLoopFileSystem, withTmpfs } from "../support/mounts.ts";
import { skip } from "../support/skip.ts";
import { currentRuntime } from "../support/spawn.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { answer, atomicWrite, names, put, send, start, until } from "./command.ts";
import { notEmpty } from "../support/tally.ts";

type Answer = Examination & { full: boolean; reasons: string[]; advice: string[] };

async function examined(directory: string): Promise<Answer> {
  return await answer(directory, ["doctor"]) as unknown as Answer;
}

describe("doctor", () => {
  it("measures everything, prints a table that fits, and leaves nothing", async () => {
    await withTemporaryDirectory(async (directory) => {
      put(directory, "a", "as it was");
      const found = await examined(directory);
      assertEquals(found.directory, directory);
      const { measured } = found;
      assert(measured !== undefined, JSON.stringify(found));
      for (const [name, value] of notEmpty(Object.entries(measured))) {
        assert(!(typeof value === "object" && "failed" in value), `${name}: ${JSON.stringify(value)}`);
      }
      const locking = measured.locking as { backend: string; excludes: unknown };
      assertEquals(locking.excludes, true, JSON.stringify(locking));
      const { by, made, kept } = measured.versions as { by: string; made: number; kept: number };
      assertEquals([by, made, kept], ["link", 8, 8]);
      if (process.platform === "linux") {
        const { reads, torn, missing } = measured.replacement as { reads: number; torn: number; missing: number };
        assert(reads > 0 && torn === 0 && missing === 0, JSON.stringify(measured.replacement));
        assertEquals(found.limits, { name: 255, path: 4095 });
        assert((found.fileSystem?.totalBytes ?? 0) > 0);
      }
      assertEquals(names(directory), ["a"]);
      const lines = reportLines(found, judge(found, ["grant more"]), 60, false);
      assertEquals(lines.filter((line) => line.length > 60 && line !== directory), []);
      assertEquals(lines.slice(-2), ["To get more:", "  - grant more"]);
      assert(lines.some((line) => line.startsWith("  lock  ")), lines.join("\n"));
      const coloured = reportLines(found, judge(found, []), 100, true).join("\n");
      assert(coloured.includes("\u001b[32myes\u001b[0m"), coloured);
      assertEquals((await atomicWrite(directory, ["doctor", "nowhere"])).code, 66);
    });
  });

  it("says that memory is not durable, with 73; and what a full and a read-only mount answer", async (t) => {
    await withTmpfs(t, { size: 256 * 1024 }, async ({ directory, remount }) => {
      const { code, stdout, stderr } = await atomicWrite(directory, ["doctor", "."]);
      assertEquals([code, stderr], [73, ""], stdout);
      assert(/full durability +no: tmpfs is in memory/.test(stdout), stdout);
      assert(stdout.includes("move off tmpfs"), stdout);
      assertEquals(stdout.includes("\u001b"), false);
      assertEquals(fs.readdirSync(directory), []);

      fs.writeFileSync(join(directory, "filler"), new Uint8Array(252 * 1024));
      const full = await examined(directory);
      assertEquals([full.full, full.measured?.writing], [false, { failed: "ENOSPC" }]);
      assert(full.advice.some((line) => line.startsWith("make room: ")), JSON.stringify(full.advice));
      assertEquals(fs.readdirSync(directory), ["filler"]);

      remount("ro,size=256k");
      const ended = await atomicWrite("/", ["doctor", "--json", directory]);
      assertEquals(ended.code, 73);
      const readOnly = JSON.parse(ended.stdout) as Answer;
      assertEquals([readOnly.unwritable, readOnly.measured], [{ failed: "EROFS" }, undefined]);
      assert(readOnly.reasons[0]?.includes("mounted read-only (EROFS)"), readOnly.reasons[0]);
    });
  });

  it("reaches full on a real disk, however small", async (t) => {
    if (currentRuntime !== "deno") return skip(t, "one runtime is enough for a small disk");
    await withLoopFileSystem(t, { type: "ext4", size: 2 << 20 }, async ({ directory }) => {
      const { full, fileSystem, reasons, abandoned } = await examined(directory);
      assertEquals([full, reasons, fileSystem?.type], [true, [], "ext4"]);
      assertEquals(abandoned, { removable: 0, kept: 0 });
      assertEquals(fs.readdirSync(directory), ["lost+found"]);
    });
  });

  it("is stopped by a signal, and leaves nothing", async (t) => {
    if (process.platform === "win32") return skip(t, "Windows has no such signals");
    await withTemporaryDirectory(async (directory) => {
      const { child, status } = start(directory, ["doctor"]);
      await until(() => names(directory).length > 0 || child.exitCode !== null);
      send(child, "SIGTERM");
      const { signal, stderr } = await status;
      assertEquals(signal, "SIGTERM", stderr);
      assert(stderr.includes("interrupted (SIGTERM)"), stderr);
      assertEquals(names(directory), []);
    });
  });
});

it("removeAbandonedScratch removes what killed examinations have left, and nothing of living ones", async (t) => {
  const engine = makeEngine(runtimeHere(), false);
  if (engine.capabilities.fileLock === "none") return skip(t, "no owner can be proven dead where nothing is locked");
  await withTemporaryDirectory(async (directory) => {
    const old = new Date(Date.now() - 120_000);
    const age = (name: string) => fs.utimesSync(join(directory, name), old, old);
    const scratch = await makeScratch(engine, directory);
    const [living] = names(directory) as [string];
    fs.mkdirSync(join(scratch.path, "below"));
    fs.writeFileSync(join(scratch.path, "below", "file"), "");
    const random = (length: number) => engine.runtime.random(length);
    const [empty, unproven] = [scratchName(random), scratchName(random)];
    for (const name of [empty, unproven, ".doctor.mine"]) fs.mkdirSync(join(directory, name), { mode: 0o700 });
    fs.writeFileSync(join(directory, unproven, "unproven"), "");
    const all = [".doctor.mine", empty, living, unproven].sort();

    await removeAbandonedScratch(engine, directory);
    assertEquals(names(directory), all, "young ones stay");
    all.forEach(age);
    await removeAbandonedScratch(engine, directory);
    assertEquals(names(directory), all.filter((name) => name !== empty));
    // As the kernel does for who is killed.
    await scratch.owner.close();
    await removeAbandonedScratch(engine, directory);
    assertEquals(names(directory), [".doctor.mine", unproven].sort());

    const another = await makeScratch(engine, directory);
    assertEquals(await removeScratch(engine, another), undefined);
    assertEquals(names(directory), [".doctor.mine", unproven].sort());
  });
});

it("mountIn finds the mount that a path lies on", () => {
  const text = [
    "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard",
    "30 22 0:25 / /srv rw shared:2 - tmpfs tmpfs rw,size=1024k",
    "31 30 254:16 / /srv/with\\040space rw,noatime - xfs /dev/vdb rw",
    "32 22 254:32 / /srv ro - ext4 /dev/vdc ro,nobarrier",
    "",
  ].join("\n");
  const at = (path: string) => mountIn(text, path);
  assertEquals(at("/home"), { mountPoint: "/", mountOptions: "rw,relatime,discard", type: "ext4" });
  assertEquals(at("/srv/a"), { mountPoint: "/srv", mountOptions: "ro,nobarrier", type: "ext4" });
  assertEquals(at("/srv/with space/a")?.type, "xfs");
  assertEquals(at("/srv2")?.mountPoint, "/");
  assertEquals(mountIn("", "/"), undefined);
});

it("judge knows lossy mounts, remote ones, and locks that do not exclude", () => {
  const base = {
    directory: "/d",
    runtime: "r",
    limits: { name: 255, path: 4095 },
    versioned: { files: 0, versions: 0 },
    abandoned: { removable: 2, kept: 0 },
  };
  const room = { freeBytes: 1e9, totalBytes: 1e10, freeFiles: 1e6, totalFiles: 1e7 };
  const writing = { durability: "full", milliseconds: 1 } as const;
  const measured = (more: object) => ({ writing, ...more }) as unknown as NonNullable<Examination["measured"]>;
  const lossy = judge({
    ...base,
    fileSystem: { type: "ext4", mountOptions: "rw,nobarrier", ...room },
    measured: measured({}),
  }, []);
  assertEquals([lossy.full, lossy.status], [false, 73]);
  assertEquals(lossy.advice, [
    "mount it with barriers",
    'remove what killed writers have left: atomic-write sweep "/d"',
  ]);
  const locking = { backend: "flock", by: "call", milliseconds: 1, excludes: false };
  const remote = judge({ ...base, fileSystem: { type: "nfs4", ...room }, measured: measured({ locking }) }, []);
  assertEquals([remote.full, remote.status], [true, 0]);
  assert(remote.advice[0]?.startsWith("nfs4: locks and durability depend on the server"), remote.advice[0]);
  assert(remote.advice[1]?.startsWith("a lock does not exclude a second process here"), remote.advice[1]);
  const file = judge({ ...base, measured: measured({ writing: { durability: "file", milliseconds: 1 } }) }, []);
  assertEquals(file.reasons, ['writes reach "file": a directory cannot be synced here']);
  for (const [code, status] of [["EACCES", 77], ["ENOSPC", 74], ["EROFS", 73], ["ENOTCAPABLE", 77]] as const) {
    assertEquals(judge({ ...base, unwritable: { failed: code } }, []).status, status);
  }
});
