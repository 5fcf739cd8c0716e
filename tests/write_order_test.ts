/** Many writers in one process: the last call wins, what is older never shows again, and nobody waits for a source. */
import { assert, assertEquals } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  copyFile,
  openFileWriter,
  readTextFile,
  removeFile,
  removeFileSync,
  writeFile,
  writeFileSync,
  type WriteFileSyncOptions,
} from "../mod.ts";
import { interceptRuntime } from "../src/testing/faults/intercept.ts";
import { type MemoryRuntime, memoryRuntime } from "../src/testing/mod.ts";
import { commitTurnsInUse } from "./support/commit_turns.ts";
import { mostlyOnDeno } from "./support/effort.ts";
import { namesIn, textOf } from "./support/files.ts";
import { copyOfModule } from "./support/module_copy.ts";
import { withTemporaryDirectory } from "./support/temporary_directory.ts";

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
const seeds = Array.from({ length: mostlyOnDeno({ quick: 3, normal: 20, long: 200 }) }, (_, index) => index + 1);

/** Different lengths, so that a mixture of two would show. */
const contentOf = (index: number): string => `${index}:${"x".repeat((index * 37) % 5000)}:${index}`;
const isWhole = (text: string | undefined): boolean =>
  text === undefined || text === contentOf(Number(text.split(":")[0]));

test("100 writers to one path at once: the last call wins, and everybody reads whole versions", () =>
  withTemporaryDirectory(async (directory) => {
    const path = join(directory, "file");
    let writing = true;
    const reader = (async () => {
      let reads = 0;
      for (; writing; reads++) {
        assert(isWhole(await readTextFile(path)), "a reader saw a mixture");
        await turn();
      }
      return reads;
    })();
    const results = await Promise.all(Array.from({ length: 100 }, (_, index) => writeFile(path, contentOf(index))));
    writing = false;
    assert(await reader > 0);
    assertEquals([namesIn(directory), textOf(path)], [["file"], contentOf(99)]);
    assertEquals([results[99]?.superseded, results[99]?.changed], [undefined, true]);
    for (const { superseded, changed, bytesWritten } of results) {
      assertEquals([changed, bytesWritten > 0], superseded ? [false, false] : [true, true]);
    }
  }));

test("100 writers to 100 paths at once all land", () =>
  withTemporaryDirectory(async (directory) => {
    const paths = Array.from({ length: 100 }, (_, index) => join(directory, `file-${index}`));
    const results = await Promise.all(paths.map((path, index) => writeFile(path, contentOf(index))));
    assertEquals(paths.map(textOf), paths.map((_, index) => contentOf(index)));
    assertEquals(results.filter(({ changed }) => changed).length, 100);
    assertEquals(namesIn(directory).length, 100);
  }));

/** Calls in a random mixture; each knows what it leaves. */
function mixture(machine: MemoryRuntime, seed: number): { last: string | undefined; all: Promise<unknown>[] } {
  const all: Promise<unknown>[] = [];
  let last: string | undefined;
  for (let call = 0; call < 12; call++) {
    const text = `call ${call}`;
    const kind = (seed * 7 + call * 5) % 6;
    const options: WriteFileSyncOptions = { runtime: machine, ...kind === 2 && { backup: 2 } };
    if (kind === 0) writeFileSync("/d/file", text, options);
    else if (kind === 5) all.push(removeFile("/d/file", { runtime: machine }));
    else if (kind === 3) all.push(writeFile("/link", [text], { ...options, skipIfEqual: true }));
    else all.push(writeFile("/d/file", text, options));
    last = kind === 5 ? undefined : text;
  }
  return { last, all };
}

for (const delay of ["syncs", "every"] as const) {
  test(`writers, removers and synchronous calls in any order leave what the last call said (${delay} delayed)`, async () => {
    for (const seed of seeds) {
      const machine = memoryRuntime({ delay, seed, files: { "/d/file": "old", "/link": { symlink: "d/file" } } });
      const { last, all } = mixture(machine, seed);
      await Promise.all(all);
      assertEquals(machine.readText("/d/file"), last, `seed ${seed}`);
      assertEquals(Object.keys(machine.files()).filter((path) => path.endsWith(".tmp")), []);
      assertEquals(machine.openHandles, []);
    }
  });
}

/** Whatever an older write waits for, a synchronous one overtakes it and is not undone. */
for (
  const [name, options] of [
    ["", {}],
    [" that makes a backup", { backup: 1 }],
    [" that compares", { skipIfEqual: true }],
    [" that makes directories", { createDirectories: true }],
  ] as [string, WriteFileSyncOptions][]
) {
  test(`writeFileSync overtakes an older write${name} while any of its syncs goes on, and is never undone by it`, async () => {
    for (let chosen = 1, syncs = chosen; syncs >= chosen; chosen++) {
      const machine = memoryRuntime({ delay: "syncs", files: { "/file": "old" } });
      syncs = 0;
      const runtime = interceptRuntime(machine, (call, proceed) => {
        const going = proceed();
        if (call.method === "sync" && ++syncs === chosen) writeFileSync("/file", "fast", { runtime: machine });
        return going;
      });
      const { superseded, changed, backup } = await writeFile("/file", "slow", { ...options, runtime });
      assertEquals(machine.readText("/file"), syncs >= chosen ? "fast" : "slow", `during sync ${chosen}`);
      assertEquals(changed, superseded !== true);
      if (superseded) assertEquals([backup, Object.keys(machine.files())], [undefined, ["/file"]]);
    }
  });
}

test("a superseded write says how durable the content is that is there instead", async () => {
  for (const durability of ["full", "none"] as const) {
    const machine = memoryRuntime({ delay: "syncs" });
    const slow = writeFile("/file", "slow", { runtime: machine });
    writeFileSync("/file", "fast", { runtime: machine, durability });
    const result = await slow;
    assertEquals([result.superseded, result.durability, result.bytesWritten], [true, durability, 0]);
  }
});

test("writeFile with skipIfEqual takes its place in the order: an older, slower write does not undo it", async () => {
  for (const data of [() => "A", () => ["A"]]) {
    const machine = memoryRuntime({ delay: "syncs", files: { "/file": "A" } });
    const slow = writeFile("/file", "B", { runtime: machine });
    const last = writeFile("/file", data(), { runtime: machine, skipIfEqual: true });
    assertEquals([(await slow).superseded ?? false, machine.readText("/file")], [
      !(await last).changed,
      "A",
    ]);
  }
});

test("removeFile is in the order, too", async () => {
  const machine = memoryRuntime({ delay: "syncs", files: { "/file": "old" } });
  const slow = writeFile("/file", "slow", { runtime: machine });
  assertEquals(removeFileSync("/file", { runtime: machine }).removed, true);
  assertEquals([(await slow).superseded, machine.readText("/file")], [true, undefined]);
  const removing = removeFile("/file", { runtime: memoryRuntime({ files: { "/file": "old" } }) });
  assertEquals((await removing).removed, true);
});

test("FileWriter has the place of its call to commit", async () => {
  const machine = memoryRuntime({ delay: "syncs" });
  const writer = await openFileWriter("/file", { runtime: machine });
  await writer.write("writer");
  writeFileSync("/file", "before", { runtime: machine });
  const committing = writer.commit();
  writeFileSync("/file", "after", { runtime: machine });
  assertEquals([(await committing).superseded, machine.readText("/file")], [true, "after"]);
});

test("an endless source to a path delays no other write to it, and is superseded by nothing until it ends", () =>
  withTemporaryDirectory(async (directory) => {
    const path = join(directory, "file");
    const controller = new AbortController();
    // Endless, but not so quick that it takes the processor away from everybody else.
    const endless = new ReadableStream({
      pull: async (stream) => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        stream.enqueue("more");
      },
    });
    const writing = writeFile(path, endless, { signal: controller.signal }).catch((error) => error);
    await turn();
    for (let round = 0; round < 5; round++) {
      assertEquals((await writeFile(path, `round ${round}`)).superseded, undefined);
      writeFileSync(path, `again ${round}`);
      assertEquals(textOf(path), `again ${round}`);
    }
    const writer = await openFileWriter(path);
    await writer.write("writer");
    await writer.commit();
    fs.writeFileSync(join(directory, "source"), "copied");
    await copyFile(join(directory, "source"), path);
    controller.abort("enough");
    assertEquals([await writing, textOf(path)], ["enough", "copied"]);
  }));

test("two copies of the module in one process keep one order", () =>
  withTemporaryDirectory(async (directory) => {
    const other = await copyOfModule(directory);
    assert(other.writeFile !== writeFile, "a copy of its own");
    const path = join(directory, "file");
    for (let round = 0; round < 10; round++) {
      const slow = writeFile(path, "slow");
      const last = other.writeFile(path, "other");
      const [{ superseded }] = await Promise.all([slow, last]);
      assertEquals(textOf(path), "other");
      const older = other.writeFile(path, "older");
      writeFileSync(path, "synchronous");
      assertEquals([(await older).superseded, textOf(path)], [true, "synchronous"]);
      assertEquals(superseded === undefined || superseded, true);
    }
    const error = await other.writeFile(directory, "x").catch((error) => error);
    assert(other.WriteError.is(error) && (await import("../mod.ts")).WriteError.is(error));
  }));

test("after all of these, the order of commits remembers nothing", () => {
  assertEquals(commitTurnsInUse(), { undecided: 0, targets: 0, idle: 0 });
});
