/** `skipIfEqual`: what is there already is left alone, and made durable all the same. */
import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  copyFile,
  type FileData,
  openFileWriter,
  writeFile,
  writeFileSync,
  type WriteFileSyncOptions,
  type WriteResult,
} from "../mod.ts";
import { interceptRuntime } from "../src/testing/faults/intercept.ts";
import { faultRuntime, type MemoryRuntime, memoryRuntime, traceRuntime } from "../src/testing/mod.ts";
import { inodeOf, modeOf, namesIn, textOf } from "./support/files.ts";
import { withTemporaryDirectory } from "./support/temporary_directory.ts";
import { fullFile } from "./support/reached.ts";

const content = "content ".repeat(100_000);
const digest = createHash("sha256").update(content).digest("hex");

/** The same content from everywhere. */
const sources: [string, (path: string, options: WriteFileSyncOptions) => Promise<WriteResult>][] = [
  ["a string", (path, options) => writeFile(path, content, options)],
  ["bytes", (path, options) => writeFile(path, new TextEncoder().encode(content), options)],
  ["bytes, synchronously", (path, options) => Promise.resolve(writeFileSync(path, content, options))],
  ["a generator", (path, options) => writeFile(path, [content.slice(0, 7), content.slice(7)], options)],
  ["a stream", (path, options) => writeFile(path, new Blob([content]).stream(), options)],
  ["a copy", async (path, options) => {
    fs.writeFileSync(`${path}-source`, content);
    try {
      return await copyFile(`${path}-source`, path, options);
    } finally {
      fs.unlinkSync(`${path}-source`);
    }
  }],
  ["a writer", async (path, options) => {
    const writer = await openFileWriter(path, options);
    await writer.write(content);
    return await writer.commit();
  }],
];

for (const [name, write] of sources) {
  test(`skipIfEqual leaves bytes, inode and times alone when the content comes from ${name}`, () =>
    withTemporaryDirectory(async (directory) => {
      const path = join(directory, "file");
      fs.writeFileSync(path, content);
      const before = [inodeOf(path), fs.statSync(path).mtimeMs];
      const result = await write(path, { skipIfEqual: true, digest: true, backup: 3 });
      assertEquals(result, {
        path,
        bytesWritten: 0,
        changed: false,
        replaced: true,
        durability: fullFile,
        lost: [],
        unchecked: [],
        digest,
      });
      assertEquals([inodeOf(path), fs.statSync(path).mtimeMs], before);
      assertEquals([namesIn(directory), textOf(path)], [["file"], content]);
    }));

  test(`skipIfEqual replaces different content when it comes from ${name}`, () =>
    withTemporaryDirectory(async (directory) => {
      const path = join(directory, "file");
      for (const old of [`${content}x`, content.slice(1), `x${content.slice(1)}`, `${content.slice(1)}x`, ""]) {
        fs.writeFileSync(path, old);
        const before = inodeOf(path);
        const result = await write(path, { skipIfEqual: true });
        assertEquals([result.changed, textOf(path) === content], [true, true]);
        assertNotEquals(inodeOf(path), before);
        assertEquals(namesIn(directory), ["file"]);
      }
    }));
}

test("skipIfEqual writes a file that is not there, also an empty one", () =>
  withTemporaryDirectory(async (directory) => {
    for (const data of ["", "a"]) {
      const path = join(directory, `file${data}`);
      assertEquals((await writeFile(path, data, { skipIfEqual: true })).changed, true);
      assertEquals((await writeFile(path, data, { skipIfEqual: true })).changed, false);
    }
  }));

test("skipIfEqual corrects a mode that is asked for, and keeps any other", () =>
  withTemporaryDirectory(async (directory) => {
    const path = join(directory, "file");
    fs.writeFileSync(path, content);
    fs.chmodSync(path, 0o644);
    const before = inodeOf(path);
    for (
      const [options, mode] of [[{ mode: 0o600 }, 0o600], [{}, 0o600], [{ mode: 0o640 }, 0o640], [{
        defaults: { mode: 0o777 },
      }, 0o640]] as [WriteFileSyncOptions, number][]
    ) {
      const results = [
        await writeFile(path, content, { ...options, skipIfEqual: true }),
        await writeFile(path, [content], { ...options, skipIfEqual: true }),
      ];
      assertEquals(
        results.map(({ changed, lost }) => ({ changed, lost })),
        Array(2).fill({ changed: false, lost: [] }),
      );
      assertEquals(modeOf(path), mode);
    }
    assertEquals(inodeOf(path), before);
  }));

function calls(machine: MemoryRuntime, data: FileData, options: WriteFileSyncOptions): string[] {
  const { runtime, trace } = traceRuntime(machine);
  writeFileSync("/file", data, { ...options, runtime, skipIfEqual: true });
  return trace;
}

test("skipIfEqual syncs the file it found, after its metadata, and then the directory", () => {
  const machine = memoryRuntime({ files: { "/file": "same" } });
  assertEquals(calls(machine, "same", { mode: 0o600 }), [
    "openDirectory /",
    "stat",
    "linkStat /file",
    "open /file read nofollow",
    "stat",
    "read 262144 = 4",
    "read 262144 = 0",
    "close",
    "open /file read nofollow",
    "stat",
    "setMode 0600",
    "stat",
    "sync",
    "close",
    "sync /",
    "close",
  ]);
});

for (
  const [durability, syncs] of [
    ["full", ["sync", "sync /"]],
    ["barrier", ["sync barrier", "sync / barrier"]],
    ["file", ["sync"]],
    ["none", []],
  ] as const
) {
  test(`skipIfEqual with durability ${durability} syncs what that takes`, () => {
    const trace = calls(memoryRuntime({ files: { "/file": "same" } }), "same", { durability });
    assertEquals(trace.filter((line) => line.startsWith("sync")), [...syncs]);
    assert(!trace.some((line) => /^(create|rename|link|remove|setMode|write) /.test(line)), trace.join("\n"));
  });
}

test("skipIfEqual reads no more than it must: another size is another content", () => {
  const trace = calls(memoryRuntime({ files: { "/file": "other" } }), "same", {});
  assertEquals(trace.filter((line) => line.startsWith("read")), []);
});

test("skipIfEqual writes what it may not compare", async () => {
  for (const data of ["new", ["new"]]) {
    const machine = memoryRuntime({ files: { "/file": { content: "old", mode: 0o200 } } });
    const result = await writeFile("/file", data, { runtime: machine, skipIfEqual: true });
    assertEquals([result.changed, machine.readText("/file"), machine.openHandles], [true, "new", []]);
  }
});

test("skipIfEqual tells the truth when the sync of what it found fails", async () => {
  const machine = memoryRuntime({ files: { "/file": "same" } });
  const failing = () => faultRuntime(machine, { at: ({ method }) => method === "sync", error: "EIO" }).runtime;
  const options = { skipIfEqual: true, runtime: failing() };
  const error = await assertRejects(
    () => writeFile("/file", "same", options),
    Error,
    "syncing it failed: the disk reports an error (EIO)",
  );
  assertEquals(Reflect.get(error, "targetState"), "unchanged");
  const report: WriteFileSyncOptions = { skipIfEqual: true, whenSyncFails: "report", runtime: failing() };
  assertEquals((await writeFile("/file", "same", report)).durability, "none");
  assertEquals([machine.files(), machine.openHandles], [{ "/file": "same" }, []]);
});

test("skipIfEqual writes when what it compared is replaced by another program before it could be settled", async () => {
  for (const data of ["same", ["same"]]) {
    for (const [what, change] of [["replaced", "other"], ["removed", undefined]] as const) {
      const machine = memoryRuntime({ files: { "/file": "same", "/new": "other" } });
      let opened = 0;
      const runtime = interceptRuntime(machine, (call, proceed) => {
        if (call.method === "open" && call.path === "/file" && ++opened === 2) {
          if (change === undefined) machine.syncFileSystem.remove("/file");
          else machine.syncFileSystem.rename("/new", "/file");
        }
        return proceed();
      });
      const result = await writeFile("/file", data, { runtime, skipIfEqual: true });
      assertEquals([result.changed, machine.readText("/file")], [true, "same"], what);
      assertEquals(machine.openHandles, []);
    }
  }
});

test("skipIfEqual changes the mode of no other name of the file: the file is replaced instead", () => {
  const runtime = memoryRuntime({
    files: { "/d/file": { content: "same", mode: 0o600 }, "/d/other": { link: "/d/file" } },
  });
  const { changed } = writeFileSync("/d/file", "same", { runtime, skipIfEqual: true, mode: 0o644 });
  const modes = ["/d/file", "/d/other"].map((path) => runtime.statusOf(path)?.mode);
  assertEquals([changed, ...modes], [true, 0o644, 0o600]);
});

test("skipIfEqual does not settle for what was written in place since it was compared", () => {
  const machine = memoryRuntime({ files: { "/d/file": "same" } });
  let opened = 0;
  const runtime = interceptRuntime(machine, (call, proceed) => {
    // The first open is for comparing, the second for settling.
    if (call.method === "open" && call.path === "/d/file" && ++opened === 2) {
      machine.clock.advance(1000);
      const file = machine.syncFileSystem.open("/d/file", "read-write");
      file?.write(new TextEncoder().encode("SAME"));
      file?.close();
    }
    return proceed();
  });
  const { changed } = writeFileSync("/d/file", "same", { runtime, skipIfEqual: true });
  assertEquals([opened, changed, machine.readText("/d/file")], [2, true, "same"]);
});

for (const nth of [1, 2]) {
  test(`skipIfEqual writes over a symlink that has taken the file's place before opening number ${nth}`, async () => {
    const machine = memoryRuntime({ files: { "/d/file": "same", "/d/other": "same" } });
    let opened = 0;
    const runtime = interceptRuntime(machine, (call, proceed) => {
      if (call.method === "open" && call.path === "/d/file" && ++opened === nth) {
        const { syncFileSystem } = machine.fork();
        syncFileSystem.remove("/d/file");
        syncFileSystem.symbolicLink("other", "/d/file");
      }
      return proceed();
    });
    const { changed } = await writeFile("/d/file", "same", { skipIfEqual: true, runtime });
    assertEquals([changed, opened >= nth, machine.statusOf("/d/file")?.kind], [true, true, "file"]);
    assertEquals(machine.openHandles, []);
  });
}

test("skipIfEqual gives no setuid or setgid to another owner, as a write would not", () => {
  const rows: [options: WriteFileSyncOptions, mode: number, lost: string[]][] = [
    [{ owner: { user: 0 } }, 0o755, ["setuid", "setgid"]],
    [{ owner: { group: 0 } }, 0o755, ["setuid", "setgid"]],
    [{ owner: { user: 0 }, mode: 0o4711 }, 0o4711, []],
    [{ owner: { user: 7, group: 8 } }, 0o6755, []],
    [{}, 0o6755, []],
  ];
  for (const content of ["same", "other"]) {
    for (const [options, mode, lost] of rows) {
      const files = { "/d/file": { content, mode: 0o6755, user: 7, group: 8 } };
      const runtime = memoryRuntime({ user: 0, files });
      const result = writeFileSync("/d/file", "same", { ...options, runtime, skipIfEqual: true });
      if (content === "same") {
        assertEquals([result.changed, runtime.statusOf("/d/file")?.mode, result.lost], [false, mode, lost]);
      } else if (options.owner !== undefined && lost.length > 0) {
        assertEquals([result.changed, runtime.statusOf("/d/file")?.mode], [true, mode]);
      }
    }
  }
});

test("skipIfEqual: the new owner of a file may at no instant do more with it than at the end", () => {
  // Mode 0660 for a group that is to read it, or nothing at all.
  for (const mode of [0o640, 0o600, 0o000, 0o666]) {
    for (const owner of [{ group: 9 }, { user: 9 }, { user: 9, group: 9 }]) {
      const files = { "/d/file": { content: "same", mode: 0o660, user: 7, group: 7 } };
      const machine = memoryRuntime({ user: 0, files });
      const modes: number[] = [];
      const runtime = interceptRuntime(machine, (_call, proceed) => {
        const result = proceed();
        const { mode = 0, user, group } = machine.statusOf("/d/file") ?? {};
        if (user === 9 || group === 9) modes.push(mode);
        return result;
      });
      const result = writeFileSync("/d/file", "same", { runtime, skipIfEqual: true, owner, mode });
      assertEquals([result.changed, result.lost, machine.statusOf("/d/file")?.mode], [false, [], mode]);
      assert(modes.length > 0);
      assertEquals(modes.filter((each) => (each & ~mode) !== 0), []);
    }
  }
});

test("skipIfEqual leaves mode and owner as they were where the owner may not be changed", () => {
  const files = { "/d/": { kind: "directory", mode: 0o777 }, "/d/file": { content: "same", mode: 0o660 } } as const;
  const runtime = memoryRuntime({ files });
  const options: WriteFileSyncOptions = { runtime, skipIfEqual: true, owner: { user: 9 }, mode: 0o600 };
  const error = assertThrows(() => writeFileSync("/d/file", "same", options));
  assertEquals([Reflect.get(error as Error, "targetState"), runtime.statusOf("/d/file")?.mode], ["unchanged", 0o660]);
});

test('skipIfEqual: "proven" writes what another program has written, though it has set the time back', () =>
  withTemporaryDirectory((directory) => {
    const path = join(directory, "file");
    const write = () => writeFileSync(path, "text", { skipIfEqual: "proven" }).changed;
    const changes: [string, () => void][] = [
      ["in place, as cp -p does", () => fs.writeFileSync(path, "text")],
      ["anew, as tar does, perhaps under the same number", () => {
        fs.unlinkSync(path);
        fs.writeFileSync(path, "text");
      }],
    ];
    for (const [what, change] of changes) {
      write();
      assertEquals(write(), false);
      const { mtimeMs, ctimeMs } = fs.statSync(path);
      // Deno tells this time in whole seconds.
      const nextSecond = (Math.floor(ctimeMs / 1000) + 1) * 1000;
      while (Date.now() < nextSecond + 10) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
      change();
      fs.utimesSync(path, new Date(mtimeMs), new Date(mtimeMs));
      assertEquals(write(), true, what);
    }
  }));
