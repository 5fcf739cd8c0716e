/** `backup: N`: earlier versions, exact, found again and restored. Their failures are in backups_failures_test.ts. */
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import * as fs from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import {
  copyFile,
  listBackups,
  listBackupsSync,
  openFileWriter,
  restoreBackup,
  restoreBackupSync,
  WriteError,
  writeFile,
  writeFileSync,
} from "../mod.ts";
import { interceptRuntime } from "../src/testing/faults/intercept.ts";
import { type MemoryRuntime, memoryRuntime, traceRuntime } from "../src/testing/mod.ts";
import { inodeOf, isRoot, modeOf, namesIn, textOf } from "./support/files.ts";
import { skip } from "./support/skip.ts";
import { withTemporaryDirectory } from "./support/temporary_directory.ts";
import { notEmpty } from "./support/tally.ts";

const versions: [content: string, mode: number][] = [
  ["one", 0o600],
  ["two", 0o644],
  ["three", 0o755],
  ["four", 0o640],
  ["five", 0o444],
  ["six", 0o600],
];

test("backup keeps the last three versions, bytes and mode exact, hidden, newest first, and each can be restored", () =>
  withTemporaryDirectory(async (directory) => {
    const path = join(directory, "conf");
    const made: (string | undefined)[] = [];
    for (const [content, mode] of versions) made.push((await writeFile(path, content, { mode, backup: 3 })).backup);
    assertEquals(made[0], undefined);
    const found = await listBackups(path);
    assertEquals(found, listBackupsSync(path));
    assertEquals(found.map(({ path }) => path), made.slice(-3).reverse());
    const expected = versions.slice(-4, -1).reverse();
    assertEquals(
      found.map(({ path, mode, size }) => [textOf(path), mode, size]),
      expected.map(([content, mode]) => [content, mode, content.length]),
    );
    assertEquals(found.map(({ path }) => modeOf(path)), expected.map(([, mode]) => mode));
    for (const { path } of notEmpty(found)) assertMatch(basename(path), /^\.conf\.\d{8}T\d{9}Z\.bak$/);
    assertEquals(namesIn(directory).length, 4);
    for (const [index, { path: backup }] of notEmpty(found.entries())) {
      const which = [backup, basename(backup), undefined][index];
      if (which === undefined) continue;
      await restoreBackup(path, which);
      assertEquals([textOf(path), modeOf(path)], expected[index]);
    }
    assertEquals((await listBackups(path)).map(({ path }) => path), found.map(({ path }) => path));
  }));

test("backup works forevery function that writes, and for files that follow each other within a millisecond", async () => {
  const machine = memoryRuntime({ files: { "/source": "3" } });
  const options = { runtime: machine, backup: 9 };
  writeFileSync("/f", "1", options);
  await writeFile("/f", ["2"], options);
  await copyFile("/source", "/f", options);
  const writer = await openFileWriter("/f", options);
  await writer.write("4");
  await writer.commit();
  writeFileSync("/f", "5", options);
  const found = await listBackups("/f", { runtime: machine });
  assertEquals(found.map(({ path }) => machine.readText(path)), ["4", "3", "2", "1"]);
  assertEquals(new Set(found.map(({ time }) => time)).size, 4);
});

test("backup 0, the default, makes none and removes none", async () => {
  const runtime = memoryRuntime({ files: { "/f": "1" } });
  await writeFile("/f", "2", { runtime, backup: 5 });
  assertEquals((await writeFile("/f", "3", { runtime })).backup, undefined);
  assertEquals((await writeFile("/f", "4", { runtime, backup: 0 })).backup, undefined);
  assertEquals((await listBackups("/f", { runtime })).length, 1);
});

test("a smaller backup count removes the oldest", async () => {
  const runtime = memoryRuntime({ files: { "/f": "0" } });
  for (let write = 1; write <= 6; write++) await writeFile("/f", `${write}`, { runtime, backup: 6 });
  await writeFile("/f", "7", { runtime, backup: 2 });
  const found = await listBackups("/f", { runtime });
  assertEquals(found.map(({ path }) => runtime.readText(path)), ["6", "5"]);
});

test("a clock that goes back does not change the order of versions", async () => {
  const runtime = memoryRuntime({ files: { "/f": "0" } });
  const times = [1000, 5000, 2000, 2000, 1, 9000];
  for (const [write, now] of times.entries()) {
    const clock = { ...runtime.clock, now: () => now };
    await writeFile("/f", `${write + 1}`, {
      runtime: { ...runtime, clock, random: (n) => runtime.random(n) },
      backup: 9,
    });
  }
  const found = await listBackups("/f", { runtime });
  assertEquals(found.map(({ path }) => runtime.readText(path)), ["5", "4", "3", "2", "1", "0"]);
  assertEquals(found.map(({ time }) => time), [9000, 5003, 5002, 5001, 5000, 1000]);
});

test("a name that claims the last moment of all does not keep new backups from being found", async () => {
  const planted = "/.f.99991231T235959999Z.bak";
  const runtime = memoryRuntime({ files: { "/f": "1", [planted]: "planted" } });
  for (const content of ["2", "3"]) await writeFile("/f", content, { runtime, backup: 5 });
  const found = await listBackups("/f", { runtime });
  assertEquals(found.map(({ path }) => runtime.readText(path)), ["planted", "2", "1"]);
});

test("backups of other files are neither listed nor removed", async () => {
  const others = { "/.conf2.20260101T000000000Z.bak": "a", "/.con.20260101T000000000Z.bak": "b", "/.conf.bak": "c" };
  const runtime = memoryRuntime({ files: { "/conf": "1", ...others } });
  for (const content of ["2", "3"]) await writeFile("/conf", content, { runtime, backup: 1 });
  assertEquals((await listBackups("/conf", { runtime })).length, 1);
  for (const [path, content] of Object.entries(others)) assertEquals(runtime.readText(path), content);
});

/** A machine whose file was written by somebody else a while ago. */
function machineWith(options: Parameters<typeof memoryRuntime>[0]): MemoryRuntime {
  const machine = memoryRuntime(options);
  machine.clock.advance(1000);
  return machine;
}

for (
  const [where, options, backupDirectory] of [
    ["beside the file", {}, undefined],
    ["in a directory of their own", { files: { "/kept": { kind: "directory" } } }, "/kept"],
    ["on another file system", { mounts: { "/kept": {} } }, "/kept"],
    ["where files cannot be linked", { disk: { hardLinks: false } }, undefined],
  ] as [string, NonNullable<Parameters<typeof memoryRuntime>[0]>, string | undefined][]
) {
  test(`backups ${where} are exact, found and restored, and nothing else is left`, async () => {
    const file = { content: "old", mode: 0o640 };
    const machine = machineWith({ ...options, files: { ...options.files, "/d/f": file } });
    const more = { runtime: machine, ...backupDirectory && { backupDirectory } };
    const time = machine.statusOf("/d/f")?.modified;
    const { backup = "" } = await writeFile("/d/f", "new", { ...more, mode: 0o600, backup: 2 });
    assert(backup.startsWith(`${backupDirectory ?? "/d"}/.f.`), backup);
    const { mode, user, group, modified } = machine.statusOf(backup) ?? {};
    assertEquals([machine.readText(backup), mode, user, group, modified], ["old", 0o640, 1000, 1000, time]);
    machine.clock.advance(1000);
    const result = await restoreBackup("/d/f", undefined, more);
    assertEquals([result.bytesWritten, result.durability], [3, "full"]);
    assertEquals([machine.readText("/d/f"), machine.statusOf("/d/f")?.mode], ["old", 0o640]);
    assertEquals(machine.statusOf("/d/f")?.modified, machine.clock.now(), "a fresh time, so that editors notice");
    assertEquals(Object.keys(machine.files()).filter((path) => !path.endsWith("/")).sort(), [backup, "/d/f"].sort());
    assertEquals(machine.openHandles, []);
  });
}

test("a backup directory is made, and durably, with createDirectories", async () => {
  const { runtime, trace } = traceRuntime(memoryRuntime({ files: { "/d/f": "old" } }));
  await writeFile("/d/f", "new", { runtime, backup: 1, backupDirectory: "/kept/deep", createDirectories: true });
  const kept = trace.filter((line) => /kept/.test(line) && /^(makeDirectory|link|rename) /.test(line));
  assertEquals(kept.map((line) => line.split(" ")[0]), ["makeDirectory", "makeDirectory", "link"]);
  assert(trace.indexOf("sync /kept/deep") < trace.findIndex((line) => line.startsWith("rename")));
});

test("a copied backup is synced, with its name, before the commit; so is what a linked one leads to", async () => {
  for (const hardLinks of [true, false]) {
    const { runtime, trace } = traceRuntime(memoryRuntime({ disk: { hardLinks }, files: { "/f": "old" } }));
    await writeFile("/f", "new", { runtime, backup: 1 });
    const steps = trace.map((line) => line.replace(/ \/\.f\.\S+/, "").split(" = ")[0]);
    const from = steps.findIndex((line) => line?.startsWith("link "));
    const commit = trace.findIndex((line) => line.startsWith("rename") && line.endsWith("→ /f"));
    const between = steps.slice(from, commit);
    assertEquals(between.filter((line) => line?.startsWith("sync")), ["sync", "sync /"], trace.join("\n"));
  }
});

test("restoreBackup gives back the owner as well", (t) =>
  withTemporaryDirectory(async (directory) => {
    if (!isRoot) return skip(t, "needs root on Linux");
    const path = join(directory, "conf");
    fs.writeFileSync(path, "old");
    fs.chownSync(path, 1234, 2345);
    await writeFile(path, "new", { owner: { user: 1, group: 2 }, backup: 1 });
    // Neither root's, nor that of the file's owner of now.
    const error = await restoreBackup(path).catch((error: unknown) => error);
    assert(WriteError.is(error) && error.message.includes("trust: [1234]"), `${error}`);
    await restoreBackup(path, undefined, { trust: [1234] });
    const { uid, gid } = fs.statSync(path);
    assertEquals([uid, gid, textOf(path)], [1234, 2345, "old"]);
  }));

test("restoreBackup writes a file of its own: the backup stays, and later writes do not touch it", () =>
  withTemporaryDirectory(async (directory) => {
    const path = join(directory, "conf");
    fs.writeFileSync(path, "old");
    const { backup = "" } = await writeFile(path, "new", { backup: 1 });
    restoreBackupSync(path);
    assert(inodeOf(path) !== inodeOf(backup));
    fs.appendFileSync(path, " changed");
    assertEquals([textOf(path), textOf(backup)], ["old changed", "old"]);
    fs.unlinkSync(path);
    assertEquals((await restoreBackup(path, backup)).replaced, false);
    assertEquals(textOf(path), "old");
  }));

test("restoreBackup with backup keeps what it replaces", async () => {
  const runtime = machineWith({ files: { "/f": "1" } });
  await writeFile("/f", "2", { runtime, backup: 5 });
  runtime.clock.advance(1000);
  const { backup, digest } = await restoreBackup("/f", undefined, { runtime, backup: 5, digest: true });
  assertEquals([runtime.readText("/f"), runtime.readText(backup ?? ""), digest?.length], ["1", "2", 64]);
  assertEquals((await listBackups("/f", { runtime })).length, 2);
});

test("backups of a file that is reached by a symlink are those of the file", async () => {
  const runtime = memoryRuntime({ files: { "/d/f": "1", "/link": { symlink: "d/f" } } });
  await writeFile("/link", "2", { runtime, backup: 1 });
  assertEquals((await listBackups("/link", { runtime })).map(({ path }) => runtime.readText(path)), ["1"]);
  await restoreBackup("/link", undefined, { runtime });
  assertEquals([runtime.readText("/d/f"), runtime.files()["/link"]], ["1", "→ d/f"]);
  await assertRejects(() => restoreBackup("/link", undefined, { runtime, symlink: "refuse" }), WriteError, "ELOOP");
  assertEquals(await listBackups("/link", { runtime, symlink: "replace" }), []);
});

test("listBackups of a file without any, and of a directory that is not there, answers nothing", async () => {
  const runtime = memoryRuntime({ files: { "/f": "1" } });
  assertEquals([await listBackups("/f", { runtime }), await listBackups("/no/f", { runtime })], [[], []]);
  const error = await assertRejects(() => restoreBackup("/f", undefined, { runtime }), WriteError);
  assertEquals([error.code, error.step, error.targetState], ["ENOENT", "restore", "unchanged"]);
  assertThrows(() => restoreBackupSync("/f", 5 as never, { runtime }), TypeError);
});

test("a backup that another process is just making of the current file is not pruned", () => {
  const machine = memoryRuntime({ files: { "/d/conf": "old" } });
  const theirs = "/d/.conf.20991231T000000000Z.bak";
  const runtime = interceptRuntime(machine, (call, proceed) => {
    const result = proceed();
    // Theirs comes right after our commit: it is the second name of what we have just written.
    if (call.method === "rename") machine.syncFileSystem.link("/d/conf", theirs);
    return result;
  });
  writeFileSync("/d/conf", "new", { runtime, backup: 1 });
  assertEquals(machine.readText(theirs), "new");
});
