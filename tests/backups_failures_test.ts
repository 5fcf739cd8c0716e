/** Backups that fail, that a killed write left, that were planted: nothing counts that should not, nothing is lost. */
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { test } from "node:test";
import {
  copyFile,
  listBackups,
  restoreBackup,
  WriteError,
  writeFile,
  type WriteFileOptions,
  writeFileSync,
  type WriteFileSyncOptions,
} from "../mod.ts";
import type { SeamCall } from "../src/testing/faults/intercept.ts";
import { crashStates, faultRuntime, type MemoryRuntime, memoryRuntime } from "../src/testing/mod.ts";

const ofBackup = (method: string) => (call: SeamCall): boolean => call.method === method && call.path.endsWith(".bak");
const linkOfBackup = ({ method, operands }: SeamCall): boolean =>
  method === "link" && String(operands[0]).endsWith("bak");

for (
  const [what, fault, step] of [
    ["cannot be linked for lack of room", { at: linkOfBackup, error: "ENOSPC" }, "link"],
    ["cannot be linked for an I/O error", { at: linkOfBackup, error: "EIO" }, "link"],
    ["cannot be opened to be synced", { at: ofBackup("open"), error: "EIO" }, "open"],
    ["cannot be synced", { at: ofBackup("sync"), error: "EIO" }, "sync"],
    ["cannot have its name synced", {
      at: ({ method, path }: SeamCall) => method === "sync" && path === "/d",
      error: "EIO",
    }, "syncDirectory"],
  ] as const
) {
  test(`a backup that ${what} fails the write before the commit, and leaves no backup`, async () => {
    const machine = memoryRuntime({ files: { "/d/f": "old" } });
    const faulty = faultRuntime(machine, fault);
    const { runtime } = faulty;
    const error = await assertRejects(() => writeFile("/d/f", "new", { runtime, backup: 1 }), WriteError);
    assertEquals([error.step, error.targetState, error.leftBehind], [step, "unchanged", []]);
    assertEquals([machine.files(), machine.openHandles, faulty.fired], [{ "/d/f": "old" }, [], 1]);
  });
}

for (const hardLinks of [true, false]) {
  const made = hardLinks ? "linked" : "copied";
  test(`a write whose ${made} backup could not be synced does not claim to be durable, if it may go on`, () => {
    for (const error of ["ENOSPC", "EDQUOT", "EIO"]) {
      for (let number = 0, synced = false; !synced; number++) {
        const machine = memoryRuntime({ disk: { hardLinks }, files: { "/d/": { kind: "directory" } } });
        writeFileSync("/d/f", "old", { runtime: machine.fork(), durability: "none" });
        let syncs = 0;
        const faulty = faultRuntime(machine, { at: ({ method }) => method === "sync" && syncs++ === number, error });
        const options: WriteFileSyncOptions = { runtime: faulty.runtime, backup: 1, whenSyncFails: "report" };
        const { durability, backup = "" } = writeFileSync("/d/f", "new", options);
        synced = faulty.fired === 0;
        if (durability !== "full") continue;
        for (const state of crashStates(machine)) {
          const disk = state.start();
          assertEquals([disk.readText("/d/f"), disk.readText(backup)], ["new", "old"], `${error}, sync ${number}`);
        }
      }
    }
  });
}

for (
  const [what, at, error, step] of [
    ["cannot be read", ({ method }: SeamCall) => method === "read", "EIO", "read"],
    ["does not fit", ({ method, path }: SeamCall) => method === "write" && path.startsWith("/kept"), "ENOSPC", "write"],
    [
      "cannot be named",
      ({ method, path }: SeamCall) => method === "rename" && path.startsWith("/kept"),
      "EIO",
      "rename",
    ],
  ] as const
) {
  test(`a copied backup that ${what} fails the write before the commit, and leaves nothing`, async () => {
    const machine = memoryRuntime({ mounts: { "/kept": {} }, files: { "/d/f": "old" } });
    const { runtime } = faultRuntime(machine, { at, error, times: "always" });
    const options: WriteFileOptions = { runtime, backup: 1, backupDirectory: "/kept" };
    const thrown = await assertRejects(() => writeFile("/d/f", "new", options), WriteError);
    assertEquals([thrown.step, thrown.targetState], [step, "unchanged"]);
    assertEquals([machine.files(), machine.openHandles], [{ "/d/f": "old", "/kept/": "" }, []]);
  });
}

test("a backup directory that is not there fails the write before the commit", async () => {
  const runtime = memoryRuntime({ files: { "/f": "old" } });
  const options: WriteFileOptions = { runtime, backup: 1, backupDirectory: "/kept" };
  const error = await assertRejects(() => writeFile("/f", "new", options), WriteError);
  assertEquals([error.code, error.step, error.targetState], ["ENOENT", "openDirectory", "unchanged"]);
  assertEquals(runtime.files(), { "/f": "old" });
});

test("a write that fails at its rename takes back the backup it made, or names it", async () => {
  for (const removable of [true, false]) {
    const machine = memoryRuntime({ files: { "/f": "old" } });
    const failing = faultRuntime(machine, {
      at: (call) => call.method === "rename" || (!removable && ofBackup("remove")(call)),
      error: "EIO",
      times: "always",
    });
    const error = await assertRejects(
      () => writeFile("/f", "new", { runtime: failing.runtime, backup: 1 }),
      WriteError,
    );
    assertEquals([error.code, error.step, error.targetState], ["EIO", "rename", "unchanged"]);
    const left = Object.keys(machine.files()).filter((path) => path !== "/f");
    assertEquals([error.leftBehind, left.length, error.cleanupErrors.length], removable ? [[], 0, 0] : [left, 1, 1]);
  }
});

test("a failure while taking a backup back never takes the first error's place", async () => {
  const machine = memoryRuntime({ files: { "/f": "old" } });
  const { runtime } = faultRuntime(machine, {
    at: (call) => ofBackup("sync")(call) || ofBackup("remove")(call),
    error: ({ method }) => method === "sync" ? "EDQUOT" : "EROFS",
    times: "always",
  });
  const error = await assertRejects(() => writeFile("/f", "new", { runtime, backup: 1 }), WriteError);
  assertEquals([error.code, error.step, error.targetState], ["EDQUOT", "sync", "unchanged"]);
  assertEquals(error.leftBehind, Object.keys(machine.files()).filter((path) => path.endsWith(".bak")));
});

test("outdated backups that cannot be removed are named in the result, and go with the next write", async () => {
  const machine = memoryRuntime({ files: { "/f": "1" } });
  const oldest = (await writeFile("/f", "2", { runtime: machine, backup: 1 })).backup ?? "";
  const { runtime } = faultRuntime(machine, { at: ofBackup("remove"), error: "EACCES", times: "always" });
  const result = await writeFile("/f", "3", { runtime, backup: 1 });
  assertEquals([result.changed, result.durability, result.leftBehind], [true, "full", [oldest]]);
  assertEquals((await writeFile("/f", "4", { runtime: machine, backup: 1 })).leftBehind, undefined);
  assertEquals(Object.keys(machine.files()).length, 2);
});

test("a directory that cannot be listed after the commit does not fail the write", async () => {
  const machine = memoryRuntime({ files: { "/f": "1" } });
  let committed = false;
  const faulty = faultRuntime(machine, {
    at: ({ method }) => {
      committed ||= method === "rename";
      return committed && method === "readDirectory";
    },
    error: "EMFILE",
  });
  const { durability } = await writeFile("/f", "2", { runtime: faulty.runtime, backup: 1 });
  assertEquals([durability, faulty.fired], ["full", 1]);
});

test("a file that may not be read is backed up by a link", async () => {
  const machine = memoryRuntime({ files: { "/f": { content: "old", mode: 0o200 } } });
  const { backup = "" } = await writeFile("/f", "new", { runtime: machine, backup: 1 });
  assertEquals([machine.readText(backup), machine.statusOf(backup)?.mode], ["old", 0o200]);
});

test("a copied backup drops setuid, and what its group may when the group is another one", async () => {
  const machine = memoryRuntime({
    user: 70,
    groups: [50],
    files: {
      "/d": { kind: "directory", mode: 0o777, user: 0 },
      "/d/f": { content: "secret", user: 1000, group: 60, mode: 0o4664 },
      "/d/g": { content: "secret", user: 1000, group: 50, mode: 0o660 },
    },
  });
  // protected_hardlinks: only files that we own, or may read and write, can be linked.
  for (const [path, expected] of [["/d/f", "70:70 644"], ["/d/g", "1000:50 660"]] as const) {
    const { backup = "" } = await writeFile(path, "new", { runtime: machine, backup: 1 });
    const { user, group, mode = 0 } = machine.statusOf(backup) ?? {};
    assertEquals(`${user}:${group} ${mode.toString(8)}`, expected);
  }
});

/** What a write leaves that is killed between its backup and its commit. */
function killed(hardLinks: boolean, before: string[] = []): { machine: MemoryRuntime; backup: string } {
  const machine = memoryRuntime({ disk: { hardLinks } });
  for (const content of [...before, "current"]) {
    machine.clock.advance(5000);
    writeFileSync("/f", content, { runtime: machine, backup: 3 });
  }
  machine.clock.advance(5000);
  const victim = machine.fork();
  const { runtime } = faultRuntime(victim, {
    at: ({ method, operands }) => {
      if (method === "rename" && operands[0] === "/f") victim.kill();
      return false;
    },
    error: "EIO",
  });
  try {
    writeFileSync("/f", "never", { runtime, backup: 3 });
  } catch (error) {
    assertInstanceOf(error, WriteError);
  }
  const backup = Object.keys(machine.files()).filter((path) => path.endsWith(".bak")).sort().at(-1) ?? "";
  assert(backup !== "" && machine.readText("/f") === "current");
  machine.clock.advance(5000);
  return { machine, backup };
}

for (const hardLinks of [true, false]) {
  const how = hardLinks ? "linked" : "copied";
  test(`a ${how} backup that a killed write left does not count as a version, nor as a hard link`, async () => {
    const { machine, backup } = killed(hardLinks);
    assertEquals(await listBackups("/f", { runtime: machine }), []);
    const error = await assertRejects(() => restoreBackup("/f", undefined, { runtime: machine }), WriteError);
    assertEquals(error.code, "ENOENT");
    const result = await writeFile("/f", "next", { runtime: machine, hardLink: "refuse" });
    assertEquals(result.lost, []);
    // From here on it is the version before.
    assertEquals((await listBackups("/f", { runtime: machine })).map(({ path }) => path), [backup]);
  });
}

for (const hardLinks of [true, false]) {
  const how = hardLinks ? "linked" : "copied";
  test(`a ${how} backup that a killed write left pushes no real version out, and goes with the next write`, async () => {
    const { machine, backup } = killed(hardLinks, ["first", "second"]);
    await writeFile("/f", "next", { runtime: machine, backup: 3 });
    const found = await listBackups("/f", { runtime: machine });
    assertEquals(found.map(({ path }) => machine.readText(path)), ["current", "second", "first"]);
    assertEquals(machine.readText(backup), undefined);
    assertEquals(Object.keys(machine.files()).filter((path) => path.endsWith(".bak")).length, 3);
  });
}

test("backups of content that is repeatedly written with its old times do not pile up", async () => {
  for (const hardLinks of [true, false]) {
    const machine = memoryRuntime({ disk: { hardLinks }, files: { "/source": "same" } });
    for (let copy = 0; copy < 8; copy++) {
      machine.clock.advance(1000);
      await copyFile("/source", "/f", { runtime: machine, keepTimes: true, backup: 2 });
    }
    const kept = Object.keys(machine.files()).filter((path) => path.endsWith(".bak"));
    assert(kept.length <= 3, kept.join("\n"));
  }
});

test("further names of a file that are no backups of ours count as hard links, beside those that are", async () => {
  const { machine } = killed(true);
  machine.syncFileSystem.link("/f", "/.f.bak");
  const refused = () => writeFile("/f", "next", { runtime: machine, hardLink: "refuse" });
  assertEquals((await assertRejects(refused, WriteError)).code, "EMLINK");
  assertEquals((await writeFile("/f", "next", { runtime: machine })).lost, ["hard-links"]);
});
