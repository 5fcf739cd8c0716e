/** `ifExists: "fail"`: a file is created or it is not; nothing that exists is ever replaced. */
import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ConflictError, removeFile, WriteError, writeFile, writeFileSync, type WriteFileSyncOptions } from "../mod.ts";
import { SystemError } from "../src/runtime/system_error.ts";
import { interceptRuntime } from "../src/testing/faults/intercept.ts";
import { faultRuntime, memoryRuntime, traceRuntime } from "../src/testing/mod.ts";
import { inodeOf, namesIn, textOf } from "./support/files.ts";
import { withTemporaryDirectory } from "./support/temporary_directory.ts";

const createOnly: [string, WriteFileSyncOptions][] = [
  ['ifExists: "fail"', { ifExists: "fail" }],
  ["ifMatch: null", { ifMatch: null }],
];

for (const [name, options] of createOnly) {
  test(`writeFile with ${name} creates a file, and a second time throws ConflictError and changes nothing`, () =>
    withTemporaryDirectory(async (directory) => {
      const path = join(directory, "file");
      assertEquals((await writeFile(path, "first", options)).replaced, false);
      const inode = inodeOf(path);
      await assertRejects(() => writeFile(path, "second", options), ConflictError, "it exists already");
      assertThrows(() => writeFileSync(path, "third", options), ConflictError);
      assertEquals([namesIn(directory), textOf(path), inodeOf(path)], [["file"], "first", inode]);
      assertEquals(fs.statSync(path).nlink, 1);
    }));

  test(`writeFile with ${name}: of 50 racers exactly one wins, and the others get ConflictError`, () =>
    withTemporaryDirectory(async (directory) => {
      const path = join(directory, "file");
      const results = await Promise.allSettled(
        Array.from({ length: 50 }, (_, index) => writeFile(path, `racer ${index}`, options)),
      );
      const winners = results.flatMap((result, index) => result.status === "fulfilled" ? [index] : []);
      assertEquals(winners.length, 1);
      assertEquals([namesIn(directory), textOf(path)], [["file"], `racer ${winners[0]}`]);
      for (const result of results) {
        if (result.status === "rejected") assertInstanceOf(result.reason, ConflictError);
      }
    }));
}

test('writeFile with ifExists "fail": one of 50 racers wins in every interleaving', async () => {
  for (const delay of ["syncs", "every"] as const) {
    for (let seed = 1; seed <= 10; seed++) {
      const machine = memoryRuntime({ delay, seed });
      const results = await Promise.allSettled(
        Array.from(
          { length: 50 },
          (_, index) => writeFile("/file", `racer ${index}`, { runtime: machine, ifExists: "fail" }),
        ),
      );
      const winners = results.flatMap((result, index) => result.status === "fulfilled" ? [index] : []);
      assertEquals(winners.length, 1, `seed ${seed}`);
      assertEquals(machine.files(), { "/file": `racer ${winners[0]}` });
      const others = results.filter((result) => result.status === "rejected");
      assert(others.every(({ reason }) => ConflictError.is(reason) && reason.targetState === "unchanged"));
      assertEquals(machine.openHandles, []);
    }
  }
});

test('writeFile with ifExists "fail" that a later removal has overtaken creates nothing', async () => {
  const machine = memoryRuntime({ delay: "syncs" });
  const creating = writeFile("/file", "late", { runtime: machine, ifExists: "fail" });
  await removeFile("/file", { runtime: machine });
  assertEquals([(await creating).superseded, machine.files()], [true, {}]);
});

const taken: [string, Record<string, string | { symlink: string }>][] = [
  ["a file", { "/file": "old" }],
  ["a dangling link", { "/file": { symlink: "nowhere/at/all" } }],
  ["a link to a file", { "/file": { symlink: "other" }, "/other": "old" }],
];

for (const [name, files] of taken) {
  test(`writeFile with ifExists "fail" does not clobber ${name} that appears right before its commit`, async () => {
    for (const symlink of ["follow", "replace", "refuse"] as const) {
      const machine = memoryRuntime();
      const runtime = interceptRuntime(machine, (call, proceed) => {
        if (call.method === "link") { for (const [path, entry] of Object.entries(files)) machine.put(path, entry); }
        return proceed();
      });
      const error = await assertRejects(() => writeFile("/file", "new", { runtime, ifExists: "fail", symlink }));
      assertInstanceOf(error, ConflictError);
      assertEquals([error.step, error.code, error.expected], ["link", "EEXIST", null]);
      const shown = Object.entries(files).map(([path, entry]) =>
        [path, typeof entry === "string" ? entry : `→ ${entry.symlink}`] as const
      );
      assertEquals(machine.files(), Object.fromEntries(shown));
    }
  });
}

test('writeFile with ifExists "fail" publishes by link, never by rename', () => {
  const { runtime, trace } = traceRuntime(memoryRuntime());
  writeFileSync("/file", "new", { runtime, ifExists: "fail" });
  assertEquals(trace.map((line) => line.split(" ")[0]).slice(-6), [
    "close",
    "stat",
    "link",
    "sync",
    "remove",
    "close",
  ]);
});

test('writeFile with ifExists "fail" believes its own eyes when link reports EEXIST after success', async () => {
  const machine = memoryRuntime();
  const lying = interceptRuntime(machine, (call, proceed) => {
    const result = proceed();
    if (call.method === "link") throw new SystemError("EEXIST", "link", call.path);
    return result;
  });
  assertEquals((await writeFile("/file", "new", { runtime: lying, ifExists: "fail" })).changed, true);
  assertEquals(machine.files(), { "/file": "new" });
});

test('writeFile with ifExists "fail" says so where files cannot be linked', async () => {
  const machine = memoryRuntime({ disk: { hardLinks: false } });
  const error = await assertRejects(() => writeFile("/file", "new", { runtime: machine, ifExists: "fail" }));
  assertInstanceOf(error, WriteError);
  assertEquals([error.code, error.step, error.targetState, machine.files()], ["EPERM", "link", "unchanged", {}]);
  assert(error.message.includes("no hard links"), error.message);
});

test('writeFile with ifExists "fail" names its second name when it cannot remove it', async () => {
  const machine = memoryRuntime();
  const { runtime } = faultRuntime(machine, {
    at: ({ method }) => method === "remove",
    error: "EBUSY",
    times: "always",
  });
  const result = await writeFile("/file", "new", { runtime, ifExists: "fail" });
  const left = Object.keys(machine.files()).filter((path) => path !== "/file");
  assertEquals([result.changed, result.leftBehind, left.length], [true, left, 1]);
});

test('ifMatch null and ifExists "replace" contradict each other', async () => {
  const { runtime, trace } = traceRuntime(memoryRuntime());
  await assertRejects(() => writeFile("/file", "new", { runtime, ifMatch: null, ifExists: "replace" }), TypeError);
  assertEquals(trace, []);
});
