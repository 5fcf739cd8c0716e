/**
 * After a sync failed on a file system, nothing that was changed there before the failure was known is acknowledged on
 * the strength of a later sync: who is told so, who waits for whom, and what a synchronous call does.
 */
import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import {
  copyFile,
  FileError,
  openFileWriter,
  removeFile,
  updateTextFile,
  WriteError,
  writeFile,
  type WriteFileOptions,
  writeFileSync,
} from "../../mod.ts";
import { openLog } from "../../src/log/mod.ts";
import type { FileSystem, Runtime } from "../../src/runtime/runtime.ts";
import { SystemError } from "../../src/runtime/system_error.ts";
import { openObjectStore, openReferences } from "../../src/store/mod.ts";
import { dropUnsynced, interceptFileSystem, type SeamCall } from "../../src/testing/faults/intercept.ts";
import { crashStates, type MemoryOptions, type MemoryRuntime, memoryRuntime } from "../../src/testing/mod.ts";
import { applyFiles, publishDirectory } from "../../src/transaction/mod.ts";

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

/** A sync that the machine was asked for, and that ends when the test says so. */
interface HeldSync {
  readonly path: string;
  /** Lets it end: with an error, if one is given; then what is pending on the disk is lost. */
  end(code?: string): void;
}

/** A machine whose asynchronous syncs end when the test says so. */
class SlowMachine {
  readonly machine: MemoryRuntime;
  readonly runtime: Runtime;
  readonly held: HeldSync[] = [];
  /** Which syncs are held; the others end at once. */
  holds: (call: SeamCall) => boolean = () => true;

  constructor(options: MemoryOptions = {}) {
    this.machine = memoryRuntime({ disk: { journal: "silent" }, ...options });
    const { name, syncFileSystem, clock, random, createHash, process, capabilities } = this.machine;
    const fileSystem: FileSystem = interceptFileSystem(syncFileSystem, (call, proceed, file) => {
      if (call.method !== "sync" || !this.holds(call)) return proceed();
      return new Promise((resolve, reject) => {
        const end = (code?: string): void => {
          this.held.splice(this.held.indexOf(held), 1);
          if (code === undefined) return resolve(proceed());
          if (code === "EIO" && file !== undefined) dropUnsynced(file);
          reject(new SystemError(code, "sync", call.path));
        };
        const held = { path: call.path, end };
        this.held.push(held);
      });
    });
    this.runtime = { name, fileSystem, syncFileSystem, clock, random, createHash, process, capabilities };
  }

  /** The one sync of this file or directory that is held. */
  async of(path: RegExp): Promise<HeldSync> {
    for (let turns = 0; turns < 20; turns++) {
      const found = this.held.find((each) => path.test(each.path));
      if (found !== undefined) return found;
      await turn();
    }
    throw new Error(`no sync of ${path} is held, but of ${this.held.map(({ path }) => path)}`);
  }

  /** Lets every held sync end, until none is asked for any more. */
  async release(): Promise<void> {
    for (let idle = 0; idle < 5;) {
      if (this.held.length === 0) idle++;
      else for (const each of [...this.held]) each.end();
      await turn();
    }
  }
}

const content = { "/d/": { kind: "directory" }, "/e/": { kind: "directory" }, "/f/": { kind: "directory" } } as const;

/** What a promise came to; undefined: it is pending. */
function watch<T>(promise: Promise<T>): { value?: T; error?: unknown } {
  const outcome: { value?: T; error?: unknown } = {};
  promise.then((value) => outcome.value = value, (error) => outcome.error = error);
  return outcome;
}

function assertNotProven(error: unknown, step = "syncDirectory"): void {
  assertInstanceOf(error, FileError);
  assertEquals([error.code, error.step, error.targetState], ["EIO", step, "replaced"]);
  assert(error.message.includes("a sync on this file system failed"), error.message);
  assertInstanceOf(error.cause, SystemError);
  assertEquals(error.cause.code, "EIO");
}

/** A write that has renamed, into `/e`, and whose own sync of that is held, like the sync of a temporary file in `/d`. */
async function renamed(options: WriteFileOptions = {}) {
  const slow = new SlowMachine({ files: content });
  const own = watch(writeFile("/e/b", "2", { runtime: slow.runtime, ...options }));
  (await slow.of(/^\/e\/.*\.tmp$/)).end();
  const directory = await slow.of(/^\/e$/);
  watch(writeFile("/d/a", "1", { runtime: slow.runtime }));
  return { slow, own, elsewhere: await slow.of(/^\/d\/.*\.tmp$/), directory };
}

describe("after a failed sync of a file system", () => {
  it("a call that renamed before that was known reports replaced, although its directory was synced with success", async () => {
    const { slow, own, elsewhere, directory } = await renamed();
    elsewhere.end("EIO");
    await turn();
    assertEquals(own, {});
    directory.end();
    await slow.release();
    assertNotProven(own.error);
    assertEquals(slow.machine.readText("/e/b"), "2");
    for (const state of crashStates(slow.machine)) assertEquals(state.start().readText("/e/b"), undefined);
    // What comes wholly after it is judged anew.
    slow.holds = () => false;
    assertEquals((await writeFile("/e/b", "3", { runtime: slow.runtime })).durability, "full");
    for (const state of crashStates(slow.machine)) assertEquals(state.start().readText("/e/b"), "3");
  });

  it("so is who waited for the next sync of the directory whose sync failed", async () => {
    const slow = new SlowMachine({ files: content });
    const first = watch(writeFile("/d/a", "1", { runtime: slow.runtime }));
    const ofFirst = await slow.of(/\.a\..*\.tmp$/);
    const second = watch(writeFile("/d/b", "2", { runtime: slow.runtime }));
    (await slow.of(/\.b\..*\.tmp$/)).end();
    ofFirst.end();
    const directory = await slow.of(/^\/d$/);
    await turn();
    assertEquals(slow.machine.readText("/d/b"), "2");
    directory.end("EIO");
    await slow.release();
    assertInstanceOf(first.error, WriteError);
    assertNotProven(second.error);
    for (const state of crashStates(slow.machine)) {
      assertEquals(state.start().files(), { "/d/": "", "/e/": "", "/f/": "" });
    }
  });

  it("a staged file counts as not synced, before its commit: unchanged, and nothing is left", async () => {
    const slow = new SlowMachine({ files: { ...content, "/e/b": "old" } });
    const first = watch(writeFile("/d/a", "1", { runtime: slow.runtime }));
    const failing = await slow.of(/^\/d\/.*\.tmp$/);
    const second = watch(writeFile("/e/b", "2", { runtime: slow.runtime }));
    await slow.of(/^\/e\/.*\.tmp$/);
    failing.end("EIO");
    await slow.release();
    for (const { error } of [first, second]) {
      assertInstanceOf(error, WriteError);
      assertEquals([error.code, error.step, error.targetState], ["EIO", "sync", "unchanged"]);
    }
    assertEquals(slow.machine.files(), { "/d/": "", "/e/b": "old", "/f/": "" });
  });

  it("a sync that was asked for later may have run first: its failure keeps the commit from happening", async () => {
    const slow = new SlowMachine({ files: { ...content, "/e/b": "old" } });
    const own = watch(writeFile("/e/b", "2", { runtime: slow.runtime }));
    const file = await slow.of(/^\/e\/.*\.tmp$/);
    watch(writeFile("/d/a", "1", { runtime: slow.runtime }));
    const later = await slow.of(/^\/d\/.*\.tmp$/);
    file.end();
    await turn();
    assertEquals(slow.machine.readText("/e/b"), "old");
    later.end("EIO");
    await slow.release();
    assertInstanceOf(own.error, WriteError);
    assertEquals([own.error.code, own.error.step, own.error.targetState], ["EIO", "sync", "unchanged"]);
  });

  it("a failure that becomes known between the sync of the file and the commit keeps the commit from happening", async () => {
    const slow = new SlowMachine({ files: { ...content, "/e/b": "old" } });
    slow.holds = () => false;
    const fileSystem = interceptFileSystem(slow.machine.syncFileSystem, (call, proceed) => {
      if (call.method === "close" && call.path.endsWith(".tmp")) failElsewhere(slow);
      return proceed();
    });
    const runtime = { ...slow.runtime, fileSystem };
    const thrown = await assertRejects(() => writeFile("/e/b", "2", { runtime }), WriteError);
    assertEquals([thrown.code, thrown.targetState], ["EIO", "unchanged"]);
    assertEquals(slow.machine.files("/e"), { "/e/b": "old" });
  });

  it("an acknowledgement waits for the syncs that were in flight when its own ended, and for no later ones", async () => {
    const { slow, own, elsewhere, directory } = await renamed();
    directory.end();
    await turn();
    assertEquals(own, {}, "another sync is in flight");
    watch(writeFile("/e/c", "3", { runtime: slow.runtime }));
    await slow.of(/^\/e\/.*\.tmp$/);
    elsewhere.end();
    await turn();
    assertEquals(own.value?.durability, "full");
    await slow.release();
  });

  it("a failure that is known only after one's own success counts, if that sync was in flight before", async () => {
    const { slow, own, elsewhere, directory } = await renamed();
    directory.end();
    await turn();
    elsewhere.end("EIO");
    await slow.release();
    assertNotProven(own.error);
  });

  for (const code of ["ENOSPC", "EDQUOT", "EINVAL", "ENOTSUP"]) {
    it(`${code} concerns nobody else`, async () => {
      const { slow, own, elsewhere, directory } = await renamed();
      elsewhere.end(code);
      directory.end();
      await slow.release();
      assertEquals(own.value?.durability, "full");
    });
  }

  for (const code of ["EROFS", "ESHUTDOWN", "ENODEV", "ENXIO"]) {
    it(`${code} concerns all`, async () => {
      const { slow, own, elsewhere, directory } = await renamed();
      elsewhere.end(code);
      directory.end();
      await slow.release();
      assertInstanceOf(own.error, WriteError);
      assertEquals([own.error.code, own.error.targetState], [code, "replaced"]);
    });
  }

  it("a call that is overtaken by a commit before the failure reports it, although nothing has failed since it looked", async () => {
    const slow = new SlowMachine({ files: { "/d/a": "old", "/d/source": "copied" } });
    let begin = (): void => {};
    const begun = new Promise<void>((resolve) => begin = resolve);
    const later: Runtime = {
      ...slow.runtime,
      fileSystem: interceptFileSystem(
        slow.machine.syncFileSystem,
        ({ method, path }, proceed) =>
          method === "open" && path === "/d/source" ? begun.then(() => proceed()) : proceed(),
      ),
    };
    const copied = watch(copyFile("/d/source", "/d/a", { runtime: later }));
    const written = watch(writeFile("/d/a", "written", { runtime: slow.runtime }));
    (await slow.of(/tmp$/)).end();
    (await slow.of(/^\/d$/)).end("EIO");
    await slow.release();
    assertInstanceOf(written.error, WriteError);
    begin();
    await slow.release();
    assertInstanceOf(copied.error, WriteError);
    assertEquals([copied.error.code, copied.error.targetState], ["EIO", "unchanged"]);
  });

  it("another file system, and another process, are not concerned", async () => {
    const slow = new SlowMachine({ files: { ...content, "/mnt/": { kind: "directory" } }, mounts: { "/mnt": {} } });
    slow.holds = ({ path }) => path === "/d";
    watch(writeFile("/d/a", "1", { runtime: slow.runtime }));
    const older = await slow.of(/^\/d$/);
    assertEquals((await writeFile("/mnt/b", "2", { runtime: slow.runtime })).durability, "full");
    assertEquals((await writeFile("/e/b", "2", { runtime: slow.machine.fork() })).durability, "full");
    older.end();
    await slow.release();
  });

  it('with whenSyncFails "report" the durability is "file", or "none" where the file was not synced by then', async () => {
    const { slow, own, elsewhere, directory } = await renamed({ whenSyncFails: "report" });
    const later = watch(writeFile("/e/c", "3", { runtime: slow.runtime, whenSyncFails: "report" }));
    await slow.of(/^\/e\/.*\.tmp$/);
    elsewhere.end("EIO");
    directory.end();
    await slow.release();
    assertEquals([own.value?.durability, later.value?.durability], ["file", "none"]);
  });
});

describe("a synchronous call while asynchronous syncs are in flight", () => {
  const inFlight = async (journal: "ext4" | "xfs" | "silent") => {
    const slow = new SlowMachine({ files: content, disk: { journal } });
    slow.holds = ({ path }) => !path.endsWith(".tmp");
    const first = watch(writeFile("/d/a", "1", { runtime: slow.runtime }));
    return { slow, first, sync: await slow.of(/^\/d$/) };
  };

  it("is acknowledged when the file system still takes new names", async () => {
    const { slow, sync } = await inFlight("ext4");
    assertEquals(writeFileSync("/e/b", "2", { runtime: slow.runtime }).durability, "full");
    assertEquals(slow.machine.files("/e"), { "/e/b": "2" });
    sync.end();
    await slow.release();
  });

  it("reports replaced when it does not: the failure was reported to a sync that is still in flight", async () => {
    for (const [journal, code] of [["ext4", "EROFS"], ["xfs", "EIO"]] as const) {
      const { slow, first, sync } = await inFlight(journal);
      const watched = interceptFileSystem(slow.machine.syncFileSystem, (call, proceed, file) => {
        // In the moment before its own sync of the directory, the transaction fails; who is in flight will be told.
        if (call.method === "sync" && call.path === "/e" && file !== undefined) dropUnsynced(file);
        return proceed();
      });
      const runtime = { ...slow.runtime, syncFileSystem: watched };
      const thrown = assertThrows(() => writeFileSync("/e/b", "2", { runtime }), WriteError);
      assertEquals([thrown.code, thrown.step, thrown.targetState], [code, "syncDirectory", "replaced"]);
      sync.end("EIO");
      await turn();
      assertInstanceOf(first.error, WriteError);
    }
  });

  it("asks no witness where nothing is in flight and nothing has failed", () => {
    const slow = new SlowMachine({ files: content });
    const calls: string[] = [];
    const syncFileSystem = interceptFileSystem(slow.machine.syncFileSystem, (call, proceed) => {
      calls.push(call.method);
      return proceed();
    });
    writeFileSync("/d/a", "1", { runtime: { ...slow.runtime, syncFileSystem } });
    assertEquals(calls.filter((method) => method === "create").length, 1);
  });
});

/** Whatever acknowledges a change, each with files that are there before; `/d` is the directory that is synced last. */
const kinds: [name: string, act: (runtime: Runtime) => Promise<unknown>, files?: MemoryOptions["files"]][] = [
  ["writeFile", (runtime) => writeFile("/d/a", "new", { runtime })],
  ["writeFile, create only", (runtime) => writeFile("/d/a", "new", { runtime, ifExists: "fail" })],
  ["writeFile with a backup", (runtime) => writeFile("/d/a", "new", { runtime, backup: 1 }), { "/d/a": "old" }],
  ["writeFile in new directories", (runtime) => writeFile("/d/x/a", "new", { runtime, createDirectories: true })],
  ["copyFile", (runtime) => copyFile("/e/source", "/d/a", { runtime }), { "/e/source": "new" }],
  ["removeFile", (runtime) => removeFile("/d/a", { runtime }), { "/d/a": "old" }],
  ["updateTextFile", (runtime) => updateTextFile("/d/a", () => "new", { runtime }), { "/d/a": "old" }],
  ["openFileWriter", async (runtime) => {
    const writer = await openFileWriter("/d/a", { runtime });
    await writer.write("new");
    await writer.commit();
  }],
  [
    "applyFiles",
    (runtime) => applyFiles({ files: [{ path: "/d/a", data: "new" }, { path: "/e/b", data: "new" }] }, { runtime }),
    { "/d/a": "old" },
  ],
  ["publishDirectory", (runtime) =>
    publishDirectory("/d/site", (building) => {
      runtime.syncFileSystem.create(`${building}/index`, 0o644);
    }, { runtime })],
  ["put", async (runtime) => (await openObjectStore("/d/store", { runtime })).put("content")],
  ["putMany", async (runtime) => (await openObjectStore("/d/store", { runtime })).putMany(["one", "two", "three"])],
  ["references", async (runtime) => (await openReferences("/d/refs", { runtime })).update("main", "a".repeat(64))],
  ["log", async (runtime) => (await openLog("/d/log", { runtime })).append("record")],
  ["log checkpoint", async (runtime) => (await openLog("/d/log", { runtime })).checkpoint("snapshot")],
];

describe("everything that acknowledges, when somebody else's sync fails between its change and the end of its own", () => {
  for (const [name, act, files = {}] of kinds) {
    it(`${name}: at whichever of its syncs that becomes known, the disk has what was acknowledged`, async () => {
      const start = () => new SlowMachine({ files: { ...content, ...files } });
      const counted = start();
      let syncs = 0;
      counted.holds = () => (syncs++, false);
      await act(counted.runtime);
      const complete = JSON.stringify(visible(counted.machine));
      assert(syncs > 0);
      let refused = 0;
      for (let at = 0; at < syncs; at++) {
        const slow = start();
        let count = 0;
        // Somebody else's sync takes the whole transaction right before this one.
        slow.holds = () => {
          if (count++ === at) failElsewhere(slow);
          return false;
        };
        const outcome = await act(slow.runtime).then(() => "acknowledged", (error) => error);
        if (outcome !== "acknowledged") {
          assertInstanceOf(outcome, FileError, `${name}, sync ${at}`);
          refused++;
          continue;
        }
        for (const state of crashStates(slow.machine)) {
          const left = JSON.stringify(visible(state.start()));
          assertEquals(left, complete, `${name}: acknowledged, and lost, sync ${at} of ${syncs}`);
        }
      }
      assert(refused > 0, "nobody was notified");
    });
  }
});

/** The files of the machine, but for locks, journals and temporary names. */
function visible(machine: MemoryRuntime): Record<string, string> {
  const random = /[a-z2-7]{26}/g;
  return Object.fromEntries(
    Object.entries(machine.files())
      .filter(([path]) => !/\.(lock|tmp)$|\/\.transaction\.|^\/f/.test(path))
      .map((
        [path, text],
      ) => [path.replaceAll(random, "…").replaceAll(/\d{8}T\d{9}Z/g, "time"), text.replace(random, "…")]),
  );
}

/** Another file's sync fails, known at once. */
function failElsewhere({ machine }: SlowMachine): void {
  const syncFileSystem = interceptFileSystem(machine.syncFileSystem, (call, proceed, file) => {
    if (call.method !== "sync" || file === undefined) return proceed();
    dropUnsynced(file);
    throw new SystemError("EIO", "sync", call.path);
  });
  const { name, fileSystem, clock, random, createHash, process, capabilities } = machine;
  const runtime = { name, fileSystem, syncFileSystem, clock, random, createHash, process, capabilities };
  assertThrows(() => writeFileSync("/f/elsewhere", "x", { runtime }), WriteError);
}

it("a removal that nobody proved is not acknowledged by a later look at its absence", async () => {
  const slow = new SlowMachine({ files: { "/d/a": "old" }, disk: { journal: "ext4" } });
  slow.holds = ({ path }) => path === "/d";
  const removal = watch(removeFile("/d/a", { runtime: slow.runtime }));
  (await slow.of(/^\/d$/)).end("EIO");
  await turn();
  assertInstanceOf(removal.error, WriteError);
  slow.holds = () => false;
  await assertRejects(() => removeFile("/d/a", { runtime: slow.runtime }), WriteError);
});
