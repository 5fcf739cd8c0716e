/** Directories that are made are made durable: each entry synced in the directory that truly holds it, once. */
import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { test } from "node:test";
import { UnsupportedError, WriteError, writeFile, writeFileSync, type WriteFileSyncOptions } from "../../mod.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { interceptRuntime } from "../../src/testing/faults/intercept.ts";
import {
  crashStates,
  faultRuntime,
  type MemoryOptions,
  type MemoryRuntime,
  memoryRuntime,
  traceRuntime,
} from "../../src/testing/mod.ts";

const directory = { kind: "directory" } as const;

/** Remembers which directories were synced while a call ran. */
function watch(machine: MemoryRuntime): { runtime: Runtime; syncs: () => string[]; made: () => string[] } {
  const syncs: string[] = [];
  const made: string[] = [];
  const runtime = interceptRuntime(machine, (call, proceed) => {
    if (call.method === "sync" && !call.path.endsWith(".tmp")) syncs.push(call.path);
    if (call.method === "makeDirectory") made.push(call.path);
    return proceed();
  });
  const take = (list: string[]) => list.splice(0);
  return { runtime, syncs: () => take(syncs), made: () => take(made) };
}

const write = (path: string, runtime: Runtime, options: WriteFileSyncOptions = {}) =>
  writeFileSync(path, "new", { createDirectories: true, runtime, ...options });

test("createDirectories makes every missing ancestor with the umask's mode, and the file in it", () => {
  const machine = memoryRuntime({ umask: 0o027, files: { "/data": directory } });
  const { runtime, made } = watch(machine);
  assertEquals(write("/data/a/b/c/file", runtime).durability, "full");
  assertEquals(made(), ["/data/a", "/data/a/b", "/data/a/b/c"]);
  assertEquals(machine.files(), { "/data/a/b/c/file": "new" });
  assertEquals(["/data/a", "/data/a/b", "/data/a/b/c"].map((path) => machine.statusOf(path)?.mode), [
    0o750,
    0o750,
    0o750,
  ]);
});

test("what is no directory is refused as one, whether it would be synced or not, before anything is made in it", () => {
  for (const options of [{}, { durability: "file" }, { durability: "none" }] as const) {
    for (const capabilities of [{}, { directorySync: false }]) {
      const machine = memoryRuntime({ files: { "/data/file": "old" }, capabilities });
      const error = assertThrows(
        () => writeFileSync("/data/file/below", "new", { runtime: machine, ...options }),
        WriteError,
      );
      assertEquals([error.code, error.step, error.targetState], ["ENOTDIR", "openDirectory", "unchanged"]);
    }
  }
});

test("createDirectories syncs the parent of every directory that this process has not proven durable, once", () => {
  const { runtime, syncs } = watch(memoryRuntime({ files: { "/data/old": directory } }));
  write("/data/a/b/c/file", runtime);
  // The last one is the sync of the file's own name.
  assertEquals(syncs(), ["/data/a/b", "/data/a", "/data", "/", "/data/a/b/c"]);
  write("/data/a/b/c/other", runtime);
  assertEquals(syncs(), ["/data/a/b/c"]);
  write("/data/a/x/y/file", runtime);
  assertEquals(syncs(), ["/data/a/x", "/data/a", "/data/a/x/y"]);
  write("/data/old/file", runtime);
  assertEquals(syncs(), ["/data", "/data/old"]);
});

test("createDirectories does not take a directory for durable because it exists: another may just have made it", () => {
  const machine = memoryRuntime({ files: { "/data": directory } });
  machine.put("/data/theirs", directory);
  const { runtime, syncs } = watch(machine);
  write("/data/theirs/file", runtime);
  assertEquals(syncs(), ["/data", "/", "/data/theirs"]);
});

test("createDirectories proves again what was removed and made again under the same name", () => {
  const machine = memoryRuntime({ files: { "/data": directory } });
  const { runtime, syncs } = watch(machine);
  write("/data/a/file", runtime);
  machine.syncFileSystem.remove("/data/a/file");
  machine.syncFileSystem.removeDirectory("/data/a");
  syncs();
  machine.clock.advance(1);
  write("/data/a/file", runtime);
  assertEquals(syncs(), ["/data", "/data/a"]);
});

test("createDirectories proves every time what it cannot tell from a later directory", () => {
  const machine = memoryRuntime({ files: { "/data": directory } });
  const { runtime, syncs } = watch(machine);
  const forgetful = interceptRuntime(runtime, (call, proceed) => {
    const answer = proceed() as unknown;
    if (call.method !== "stat" || typeof answer !== "object" || answer === null) return answer as never;
    return { ...answer, created: undefined } as never;
  });
  for (let round = 0; round < 2; round++) {
    write("/data/a/file", forgetful);
    assertEquals(syncs(), ["/data", "/", "/data/a"]);
  }
});

for (
  const [name, path, files, expected] of [
    ["with .. in it", "/data/new/sub/../file", {}, ["/data", "/", "/data/new", "/data/new"]],
    ["with .. across two", "/data/new/../other/file", {}, ["/data", "/", "/data", "/data/other"]],
    ["through a symlink", "/link/new/file", { "/link": { symlink: "data/real" }, "/data/real": directory }, [
      "/data/real",
      "/data",
      "/",
      "/data/real/new",
    ]],
    ["through a chain of symlinks", "/one/file", {
      "/one": { symlink: "two" },
      "/two": { symlink: "/data/../data/real" },
      "/data/real": directory,
    }, ["/data", "/", "/data/real"]],
  ] as [string, string, NonNullable<MemoryOptions["files"]>, string[]][]
) {
  test(`createDirectories syncs the directories that truly hold the entries of a path ${name}`, () => {
    const machine = memoryRuntime({ files: { "/data": directory, ...files } });
    const { runtime } = watch(machine);
    const identities: (string | undefined)[] = [];
    const seen = interceptRuntime(runtime, (call, proceed) => {
      if (call.method === "sync" && !call.path.endsWith(".tmp")) {
        identities.push(machine.syncFileSystem.stat(call.path)?.identity);
      }
      return proceed();
    });
    write(path, seen);
    assertEquals(identities, expected.map((each) => machine.statusOf(each)?.identity));
  });
}

test("createDirectories stops at a mount point, whose entry is on another file system", () => {
  const { runtime, syncs } = watch(memoryRuntime({ mounts: { "/mnt/disk": {} } }));
  write("/mnt/disk/a/file", runtime);
  assertEquals(syncs(), ["/mnt/disk", "/mnt/disk/a"]);
});

for (const durability of ["file", "none"] as const) {
  test(`createDirectories with durability ${durability} makes directories and syncs none`, () => {
    const machine = memoryRuntime();
    const { runtime, syncs } = watch(machine);
    assertEquals(write("/a/b/file", runtime, { durability }).durability, durability);
    assertEquals([syncs(), machine.readText("/a/b/file")], [[], "new"]);
  });
}

test("createDirectories does not count a failed sync as proof", () => {
  const machine = memoryRuntime();
  const { runtime, syncs } = watch(machine);
  let failing = true;
  const faulty = faultRuntime(runtime, {
    at: ({ method, path }) => failing && method === "sync" && path === "/",
    // Of one directory alone: what EIO makes doubtful stays so.
    error: "ENOSPC",
    times: "always",
  }).runtime;
  let thrown: unknown;
  try {
    write("/a/file", faulty);
  } catch (error) {
    thrown = error;
  }
  assertInstanceOf(thrown, WriteError);
  assertEquals([thrown.step, thrown.targetState, machine.files()], ["syncDirectory", "unchanged", { "/a/": "" }]);
  assertEquals(write("/a/file", faulty, { whenSyncFails: "report" }).changed, true);
  failing = false;
  syncs();
  write("/a/file", faulty);
  assertEquals(syncs(), ["/", "/a"]);
});

test("createDirectories that cannot prove an ancestor says so in the durability, and tries again the next time", () => {
  const { runtime, syncs } = watch(memoryRuntime());
  let failing = true;
  const faulty = faultRuntime(runtime, {
    at: ({ method, path }) => failing && method === "sync" && path === "/",
    error: "ENOSPC",
    times: "always",
  }).runtime;
  for (const name of ["one", "two"]) {
    assertEquals(write(`/a/b/${name}`, faulty, { whenSyncFails: "report" }).durability, "file");
    syncs();
  }
  failing = false;
  assertEquals(write("/a/b/three", faulty).durability, "full");
  assertEquals(syncs(), ["/a", "/", "/a/b"]);
  assertEquals(write("/a/b/four", faulty).durability, "full");
  assertEquals(syncs(), ["/a/b"]);
});

test("createDirectories does not believe a later sync of what it made before a sync of that file system failed", () => {
  const machine = memoryRuntime({ disk: { journal: "silent" } });
  const at = ({ method, path }: { method: string; path: string }) => method === "sync" && path === "/";
  const { runtime } = faultRuntime(machine, { at, error: "EIO" });
  assertThrows(() => write("/a/one", runtime), WriteError);
  assertThrows(() => write("/a/two", runtime), WriteError, "a sync on this file system failed");
  assertEquals(write("/a/three", runtime, { whenSyncFails: "report" }).durability, "file");
  // What is made after it is judged anew.
  assertEquals(write("/b/four", runtime).durability, "full");
  for (const state of crashStates(machine)) {
    const left = state.start();
    assertEquals([left.statusOf("/a"), left.readText("/b/four")], [undefined, "new"]);
  }
});

test("createDirectories leaves alone ancestors that it has not made and may not open", () => {
  const machine = memoryRuntime({ files: { "/home": { ...directory, mode: 0o711, user: 0 }, "/home/me": directory } });
  const { runtime, syncs } = watch(machine);
  assertEquals(write("/home/me/a/file", runtime, { whenUnsupported: "throw" }).durability, "full");
  assert(!syncs().includes("/home"));
});

test("createDirectories knows before the commit that a directory cannot be synced", async () => {
  const machine = memoryRuntime({ files: { "/data": { ...directory, mode: 0o300 } } });
  const options: WriteFileSyncOptions = { createDirectories: true, runtime: machine };
  await assertRejects(
    () => writeFile("/data/a/file", "new", { ...options, whenUnsupported: "throw" }),
    UnsupportedError,
    "no file was created",
  );
  assertEquals(machine.readText("/data/a/file"), undefined);
  assertEquals((await writeFile("/data/a/file", "new", options)).changed, true);
});

for (
  const [name, files, path, code, step = "makeDirectory"] of [
    ["a file", { "/a": "" }, "/a/b/file", "ENOTDIR", "openDirectory"],
    ["a dangling symlink", { "/a": { symlink: "nowhere" } }, "/a/b/file", "ENOENT"],
    ["a dangling symlink, in the directory's own place,", { "/a": { symlink: "nowhere" } }, "/a/file", "ENOENT"],
    ["a directory that may not be written to", { "/a": { ...directory, mode: 0o555 } }, "/a/b/file", "EACCES"],
  ] as [string, object, string, string, string?][]
) {
  test(`createDirectories fails with ${code} when ${name} is in the way`, async () => {
    const machine = memoryRuntime({ files: files as never });
    const options: WriteFileSyncOptions = { createDirectories: true, runtime: machine };
    const error = await assertRejects(() => writeFile(path, "new", options), WriteError);
    assertEquals([error.code, error.step, error.targetState], [code, step, "unchanged"]);
  });
}

test("createDirectories serves many writers into one new tree at once", async () => {
  for (let seed = 1; seed <= 10; seed++) {
    const machine = memoryRuntime({ delay: "every", seed });
    const paths = Array.from({ length: 20 }, (_, index) => `/a/${index % 3}/b/file-${index}`);
    const options: WriteFileSyncOptions = { createDirectories: true, runtime: machine };
    const results = await Promise.all(paths.map((path) => writeFile(path, path, options)));
    assert(results.every(({ durability }) => durability === "full"));
    assertEquals(machine.files(), Object.fromEntries(paths.map((path) => [path, path])));
  }
});

test("writeFile without createDirectories makes none", async () => {
  const { runtime, trace } = traceRuntime(memoryRuntime());
  await assertRejects(() => writeFile("/a/file", "new", { runtime }), WriteError, "ENOENT");
  assert(!trace.some((line) => line.startsWith("makeDirectory")));
});
