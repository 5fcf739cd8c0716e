/** Many files in one call: each for itself, side by side, and no more at once than there is room for. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { FileError, type FileToWrite, writeFiles, WriteFilesError, type WriteResult } from "../mod.ts";
import { type Around, interceptRuntime } from "../src/testing/faults/intercept.ts";
import { faultRuntime, memoryRuntime, type SeamCall, traceRuntime } from "../src/testing/mod.ts";
import { withTemporaryDirectory } from "./support/temporary_directory.ts";

const files = { "/d/old": { content: "old", mode: 0o640 }, "/e/": { kind: "directory" } } as const;
const machineOf = (more = {}) => memoryRuntime({ files, ...more });
const named = (...names: string[]): FileToWrite[] => names.map((name) => ({ path: name, data: `new ${name}` }));

/** The calls of a trace of these methods, without what is random. */
const callsOf = (trace: readonly string[], pattern: RegExp) => trace.filter((line) => pattern.test(line));

describe("writeFiles", () => {
  it("writes each file, and says what all have reached", async () => {
    const machine = machineOf();
    const result = await writeFiles(named("/d/old", "/d/a", "/e/b"), { runtime: machine });
    const all = { written: 3, durability: "full", lost: [], unchecked: result.unchecked, failed: [] };
    assertEquals(result, { ...all, durability: "full" });
    assertEquals([machine.readText("/d/old"), machine.readText("/e/b")], ["new /d/old", "new /e/b"]);
    assertEquals(machine.statusOf("/d/old")?.mode, 0o640);
  });

  it("of no files writes none", async () => {
    assertEquals((await writeFiles([], { runtime: machineOf() })).written, 0);
  });

  it("writes all content before the first sync, and syncs each directory once", async () => {
    const { runtime, trace } = traceRuntime(machineOf());
    await writeFiles(named("/d/a", "/d/b", "/d/c", "/e/a", "/e/b"), { runtime });
    const steps = callsOf(trace, /write|sync|rename/).map((line) => line.replace(/^.*?(write|sync|rename).*$/, "$1"));
    assertEquals(steps.lastIndexOf("write") < steps.indexOf("sync"), true, steps.join());
    // Five files and two directories.
    assertEquals(steps.filter((step) => step === "sync").length, 7, trace.join("\n"));
    assertEquals(steps.filter((step) => step === "rename").length, 5);
  });

  describe('with sync: "filesystem"', () => {
    const syncsOf = (trace: readonly string[]) =>
      callsOf(trace, /\bsync\b/).map((line) => line.includes("fileSystem") ? "all" : "one");

    it("syncs all content at once, before anything is renamed, and then the directories", async () => {
      const { runtime, trace } = traceRuntime(machineOf({ disk: { wholeSync: true } }));
      await writeFiles(named("/d/a", "/d/b", "/e/a"), { runtime, sync: "filesystem" });
      const steps = callsOf(trace, /write|sync|rename/).map((line) => line.replace(/^.*?(write|sync|rename).*$/, "$1"));
      assertEquals(steps, ["write", "write", "write", "sync", ...["rename", "rename", "rename"], "sync", "sync"]);
      assertEquals(syncsOf(trace), ["all", "one", "one"], "two are directories");
    });

    it("syncs each file where that cannot be done", async () => {
      const { runtime, trace } = traceRuntime(machineOf());
      await writeFiles(named("/d/a", "/d/b"), { runtime, sync: "filesystem" });
      assertEquals(syncsOf(trace), ["one", "one", "one"]);
    });

    it("has the file system watched before any content is written", async () => {
      const { runtime, trace } = traceRuntime(machineOf({ disk: { wholeSync: true }, delay: "every" }));
      await writeFiles(named("/d/a", "/d/b"), { runtime, sync: "filesystem" });
      const lines = trace.map((line) => line.replace(/^.*?(openDirectory|write).*$/, "$1"));
      assertEquals(lines.lastIndexOf("openDirectory") < lines.indexOf("write"), true, trace.join("\n"));
    });

    it("fails all of a round when it fails, and finds out whose file it is where only one is concerned", async () => {
      const failing = async (error: string, nth: number) => {
        let syncs = 0;
        const machine = machineOf({ disk: { wholeSync: true } });
        const at = ({ method }: SeamCall) => method === "sync" && [0, nth].includes(syncs++);
        const { runtime } = faultRuntime(machine, { at, error, times: "always" });
        const { failed } = await writeFiles(named("/d/a", "/d/b", "/d/c"), {
          runtime,
          sync: "filesystem",
          whenFailed: "report",
        });
        return failed.map(({ path, error }) => [path, FileError.is(error) && error.code]);
      };
      assertEquals((await failing("EIO", 99)).sort(), ["/d/a", "/d/b", "/d/c"].map((path) => [path, "EIO"]));
      assertEquals((await failing("ENOSPC", 2)).map(([, code]) => code), ["ENOSPC"]);
    });

    it("leaves nothing open", async () => {
      const machine = machineOf({ disk: { wholeSync: true } });
      await writeFiles(named("/d/a", "/e/b", "/none/c"), {
        runtime: machine,
        sync: "filesystem",
        whenFailed: "report",
      });
      assertEquals(machine.openHandles, []);
    });

    it("covers content that was written before it alone: what is written again is synced by itself", async () => {
      const machine = machineOf({ disk: { wholeSync: true } });
      let taken = 0;
      const around: Around = (call, proceed) => {
        // Somebody's sweep takes a temporary file away, once, before it gets its name.
        if (call.method === "rename" && taken++ === 0) machine.syncFileSystem.remove(call.path);
        return proceed();
      };
      const { runtime, trace } = traceRuntime(interceptRuntime(machine, around));
      assertEquals((await writeFiles(named("/d/a", "/d/b"), { runtime, sync: "filesystem" })).written, 2);
      assertEquals(syncsOf(trace), ["all", "one", "one"], "the file that was written again, and the directory");
    });
  });

  it("has for each file the options of all, or its own", async () => {
    const machine = machineOf();
    const own = { path: "/d/own", data: "", mode: 0o604 };
    await writeFiles([...named("/d/a"), own], { runtime: machine, mode: 0o600 });
    assertEquals([machine.statusOf("/d/a")?.mode, machine.statusOf("/d/own")?.mode], [0o600, 0o604]);
  });

  it("of two files with one path writes the later", async () => {
    const machine = machineOf();
    const told: [number, boolean][] = [];
    const onWritten = ({ superseded }: WriteResult, index: number) => void told.push([index, superseded === true]);
    const twice = [{ path: "/d/a", data: "first" }, { path: "/d/a", data: "second" }];
    assertEquals((await writeFiles(twice, { runtime: machine, onWritten })).written, 2);
    assertEquals(machine.readText("/d/a"), "second");
    assertEquals(told.map(([index]) => index).sort(), [0, 1]);
  });

  it("throws when files have failed, once all others are written", async () => {
    const machine = machineOf();
    const wanted = named("/d/a", "/none/a", "/d/old/a", "/d/b");
    const error = await assertRejects(() => writeFiles(wanted, { runtime: machine }), WriteFilesError);
    assert(WriteFilesError.is(error) && FileError.is(error));
    assertEquals([error.written, error.code, error.path, error.targetState], [2, "ENOENT", "/none/a", "unchanged"]);
    assertEquals(error.failed.map(({ path, index }) => [path, index]), [["/none/a", 1], ["/d/old/a", 2]]);
    assertEquals(error.failed.map((each) => FileError.is(each.error) && each.error.code), ["ENOENT", "ENOTDIR"]);
    assertEquals(error.cause, error.failed[0]?.error);
    assert(error.message.includes("1 other file of 4 failed, too"), error.message);
    assertEquals([machine.readText("/d/a"), machine.readText("/d/b")], ["new /d/a", "new /d/b"]);
  });

  it("reports what failed where that is asked for", async () => {
    const options = { runtime: machineOf(), whenFailed: "report" } as const;
    const { written, failed } = await writeFiles(named("/none/a", "/d/a"), options);
    assertEquals([written, failed.map(({ index }) => index)], [1, [0]]);
  });

  it("tells every file of a directory whose sync failed", async () => {
    const at = (call: { method: string; path?: string }) => call.method === "sync" && call.path === "/d";
    const { runtime } = faultRuntime(machineOf(), { at, error: "EIO", times: "always" });
    const wanted = named("/d/a", "/d/b", "/e/a");
    const { failed, written } = await writeFiles(wanted, { runtime, whenFailed: "report" });
    const told = failed.map(({ path, error }) => [path, FileError.is(error) && error.targetState]).sort();
    // A failed sync is the error of its whole file system: whether /e was synced before it is a matter of order.
    assertEquals(told.slice(0, 2), [["/d/a", "replaced"], ["/d/b", "replaced"]]);
    assertEquals(written + failed.length, 3);
  });

  it("reports a source that fails as the error of its file", async () => {
    const machine = machineOf();
    function* broken(): Generator<string> {
      yield "some";
      throw new Error("the source is gone");
    }
    const wanted = [{ path: "/d/a", data: broken() }, ...named("/d/b")];
    const error = await assertRejects(() => writeFiles(wanted, { runtime: machine }), WriteFilesError);
    assertEquals([error.code, error.path, error.written], ["ESOURCE", "/d/a", 1]);
    assertEquals(error.cause, error.failed[0]?.error);
    assertEquals(Object.keys(machine.files("/d")).sort(), ["/d/b", "/d/old"]);
  });

  it("takes files only as there is room for them", async () => {
    // Rounds of two files, two at a time.
    const machine = machineOf({ openFileLimit: 50, delay: "every" });
    let taken = 0;
    let written = 0;
    let most = 0;
    async function* many() {
      for (; taken < 100; taken++) {
        most = Math.max(most, taken - written);
        yield { path: `/d/${taken}`, data: String(taken) };
        await undefined;
      }
    }
    const onWritten = () => void written++;
    assertEquals((await writeFiles(many(), { runtime: machine, onWritten })).written, 100);
    assertEquals(written, 100);
    assert(most >= 2 && most <= 4, `${most} at once`);
  });

  it("takes no further file while 64 MiB are under way", async () => {
    const machine = machineOf({ openFileLimit: 5_000, delay: "every" });
    const data = new Uint8Array(20 * 1024 * 1024);
    let taken = 0;
    let written = 0;
    let most = 0;
    function* many() {
      for (; taken < 6; taken++) {
        most = Math.max(most, taken - written);
        yield { path: "/d/large", data };
      }
    }
    await writeFiles(many(), { runtime: machine, onWritten: () => void written++ });
    assertEquals([written, most], [6, 3], "each is taken while less than that is under way");
  });

  it("takes no further file while onWritten is pending", async () => {
    const machine = machineOf({ openFileLimit: 50 });
    let taken = 0;
    function* many() {
      for (; taken < 50; taken++) yield { path: `/d/${taken}`, data: "" };
    }
    let release = () => {};
    const held = new Promise<void>((resolve) => release = resolve);
    const writing = writeFiles(many(), { runtime: machine, onWritten: () => held });
    for (let turn = 0; turn < 2_000; turn++) await undefined;
    assert(taken <= 4, `${taken} were taken`);
    release();
    assertEquals((await writing).written, 50);
  });

  const stop = new Error("stopped");
  const ends: readonly { name: string; call: (machine: ReturnType<typeof machineOf>) => Promise<unknown> }[] = [
    {
      name: "what the iterable throws",
      call: (runtime) => {
        function* many() {
          yield* named("/d/a", "/d/b");
          throw stop;
        }
        return writeFiles(many(), { runtime });
      },
    },
    {
      name: "what onWritten throws",
      call: (runtime) =>
        writeFiles(named("/d/a", "/d/b", "/d/c"), {
          runtime,
          onWritten: () => {
            throw stop;
          },
        }),
    },
    {
      name: "the reason of the signal, though files had failed",
      call: (runtime) => {
        const abort = new AbortController();
        const onWritten = () => abort.abort(stop);
        async function* many() {
          yield* named("/none/x", "/d/a");
          while (!abort.signal.aborted) await new Promise((resolve) => setTimeout(resolve, 1));
          yield* named("/d/b");
        }
        return writeFiles(many(), { runtime, signal: abort.signal, onWritten });
      },
    },
  ];
  for (const { name, call } of ends) {
    it(`rejects with ${name}, once nothing is under way any more`, async () => {
      const machine = machineOf({ delay: "every" });
      assertEquals(await call(machine).then(() => undefined, (error) => error), stop);
      const left = machine.files("/d");
      assertEquals(Object.keys(left).filter((path) => path.endsWith(".tmp")), []);
      assertEquals(machine.openHandles, []);
      for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setTimeout(resolve));
      assertEquals(machine.files("/d"), left, "something went on");
    });
  }

  it("with a signal that is aborted writes nothing", async () => {
    const machine = machineOf();
    const signal = AbortSignal.abort(stop);
    assertEquals(await writeFiles(named("/d/a"), { runtime: machine, signal }).catch((error) => error), stop);
    assertEquals(machine.files("/d"), { "/d/old": "old" });
  });

  it("ends an iterable of which it takes no more", async () => {
    let ended = false;
    function* many() {
      try {
        for (let number = 0;; number++) yield { path: `/d/${number}`, data: "" };
      } finally {
        ended = true;
      }
    }
    const onWritten = () => {
      throw stop;
    };
    const runtime = machineOf({ openFileLimit: 50 });
    assertEquals(await writeFiles(many(), { runtime, onWritten }).catch((error) => error), stop);
    assertEquals(ended, true);
  });

  it("on the real disk leaves the files and nothing else", async () => {
    await withTemporaryDirectory(async (directory) => {
      fs.mkdirSync(join(directory, "sub"));
      const names = Array.from({ length: 150 }, (_, index) => index % 3 === 0 ? `sub/${index}` : `${index}`);
      const wanted = names.map((name) => ({ path: join(directory, name), data: name }));
      assertEquals((await writeFiles(wanted)).written, 150);
      assertEquals((fs.readdirSync(directory, { recursive: true }) as string[]).sort(), [...names, "sub"].sort());
      for (const name of names) assertEquals(fs.readFileSync(join(directory, name), "utf8"), name);
    });
  });
});
