/** Objects: what is put is there, whole, once; what is damaged is never served; what is put again is young again. */
import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import {
  ConflictError,
  CorruptionError,
  type FileError,
  MissingObjectError,
  openObjectStore,
  openObjectStoreSync,
  ReadError,
  WriteError,
} from "../../src/store/mod.ts";
import { SystemError } from "../../src/runtime/system_error.ts";
import { interceptRuntime } from "../../src/testing/faults/intercept.ts";
import { memoryRuntime, traceRuntime } from "../../src/testing/mod.ts";
import { modeOf, namesIn, textOf, withUmask } from "../support/files.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { collected, filesWithoutLocks, placeOf, sha256, temporaries, textsOfShard } from "./support.ts";
import { fullFile } from "../support/reached.ts";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

async function joined(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  return (await collected(stream)).map((piece) => decoder.decode(piece, { stream: true })).join("");
}

describe("put and get", () => {
  it("takes every kind of content, answers its SHA-256, and gives it back", () =>
    withTemporaryDirectory(async (directory) => {
      const store = await openObjectStore(join(directory, "new", "store"));
      fs.writeFileSync(join(directory, "file"), "hello");
      const digests = [
        await store.put("hello"),
        await store.put(bytesOf("hello")),
        await store.put(new Blob(["hel", "lo"])),
        await store.put(["he", "llo"]),
        await store.put(new Blob(["hello"]).stream()),
        await store.putFile(join(directory, "file")),
      ];
      const digest = sha256("hello");
      assertEquals(digests, digests.map(() => digest));
      assertEquals(await collected(store.list()), [digest]);
      assertEquals(await store.get(digest), bytesOf("hello"));
      assertEquals(await joined(store.stream(digest)), "hello");
      assertEquals([await store.has(digest), await store.size(digest), await store.has(sha256("other"))], [
        true,
        5,
        false,
      ]);
      assertEquals(await store.size(sha256("other")), undefined);
      assertEquals(namesIn(store.directory), ["2c", "objects.lock"]);
      assertEquals(namesIn(join(store.directory, "2c")), [digest.slice(2)]);
      assertEquals(store.durability, fullFile);
    }));

  it("does the same synchronously, by the same calls in the same order", async () => {
    const traces: string[][] = [];
    const contents = ["one", ["two", "three"], new Uint8Array(0), "one"];
    for (const synchronous of [false, true]) {
      const machine = memoryRuntime({ files: { "/f": "file" } });
      const { runtime, trace } = traceRuntime(machine);
      if (synchronous) {
        const store = openObjectStoreSync("/s", { runtime });
        for (const content of contents) store.put(content);
        const digest = store.putFile("/f");
        assertEquals([...store.stream(digest)].length, 1);
        store.restore(digest, "/out", { mode: 0o600 });
        assertEquals([...store.list()].length, 4);
        store.verify();
        store.collectGarbage({ reachable: [digest], grace: 0 });
        assertThrows(() => store.get(sha256("one")), MissingObjectError, "there is no object");
      } else {
        const store = await openObjectStore("/s", { runtime });
        for (const content of contents) await store.put(content);
        const digest = await store.putFile("/f");
        assertEquals((await collected(store.stream(digest))).length, 1);
        await store.restore(digest, "/out", { mode: 0o600 });
        assertEquals((await collected(store.list())).length, 4);
        await store.verify();
        const progress: unknown[] = [];
        const options = { reachable: [digest], grace: 0, onProgress: (step: unknown) => progress.push(step) };
        const { removed } = await store.collectGarbage(options);
        assertEquals(progress, [{ done: 3, total: 3, removed }]);
        await assertRejects(() => store.get(sha256("one")), MissingObjectError, "there is no object");
      }
      assertEquals([machine.openHandles, temporaries(machine)], [[], []]);
      traces.push([...trace]);
    }
    assertEquals(traces[0], traces[1]);
  });

  it("stores an object read-only, as far as the umask lets anybody read", () =>
    withTemporaryDirectory(async (directory) => {
      for (const [umask, mode] of [[0o022, 0o444], [0o077, 0o400]] as const) {
        await withUmask(umask, async () => {
          const store = await openObjectStore(join(directory, String(umask)));
          const digest = await store.put("x");
          assertEquals(modeOf(join(store.directory, placeOf(digest))) & 0o777, mode);
          await store.put("x");
          await store.put(["x"]);
        });
      }
    }));

  it("lets an object be read by whom its store and its file may be read by, and no more than `mode` says", async () => {
    const files = { "/secret": { content: "secret", mode: 0o600 }, "/open": { content: "open", mode: 0o644 } };
    for (
      const [directoryMode, mode, ofText, ofSecret] of [
        [0o755, undefined, 0o444, 0o400],
        [0o700, undefined, 0o400, 0o400],
        [0o750, undefined, 0o440, 0o400],
        [0o755, 0o640, 0o440, 0o400],
        [0o700, 0o644, 0o444, 0o400],
      ] as const
    ) {
      const runtime = memoryRuntime({ files: { ...files, "/s/": { kind: "directory", mode: directoryMode } } });
      const store = await openObjectStore("/s", { runtime, ...mode === undefined ? {} : { mode } });
      const modes = [await store.put("text"), await store.putFile("/open"), await store.putFile("/secret")]
        .map((digest) => (runtime.statusOf(`/s/${placeOf(digest)}`)?.mode ?? 0) & 0o777);
      assertEquals(modes, [ofText, ofText, ofSecret]);
    }
  });

  it("makes a shard that belongs to whom the store belongs to, with its mode", async () => {
    const directory = { kind: "directory", user: 1000, group: 60, mode: 0o2775 } as const;
    const machine = memoryRuntime({ user: 0, group: 0, files: { "/s/": directory } });
    const store = await openObjectStore("/s", { runtime: machine });
    const shard = machine.statusOf(`/s/${(await store.put("x")).slice(0, 2)}`);
    assertEquals([shard?.user, shard?.group, shard?.mode], [1000, 60, 0o2775]);
  });

  it("opens no store where a symlink leads nowhere or a file is in the way", async () => {
    const runtime = memoryRuntime({ files: { "/dangling": { symlink: "nowhere" }, "/file": "" } });
    for (
      const [path, code] of [["/dangling", "ENOENT"], ["/dangling/store", "ENOENT"], ["/file", "ENOTDIR"]] as const
    ) {
      assertEquals((await assertRejects(() => openObjectStore(path, { runtime }), WriteError)).code, code);
      assertEquals(assertThrows(() => openObjectStoreSync(path, { runtime }), WriteError).code, code);
    }
    assertEquals(runtime.files(), { "/dangling": "→ nowhere", "/file": "" });
  });

  it("puts many together: one directory sync for all in one shard, and the digests in order", async () => {
    const machine = memoryRuntime();
    const { runtime, trace } = traceRuntime(machine);
    const store = await openObjectStore("/s", { runtime });
    const texts = textsOfShard("ab", 20);
    await store.put(texts[0] ?? "");
    trace.splice(0);
    assertEquals(await store.putMany(texts), texts.map(sha256));
    const directorySyncs = trace.filter((line) => line === "sync /s/ab");
    assertEquals(directorySyncs.length, 1, trace.join("\n"));
    const lastStage = trace.findLastIndex((line) => line.startsWith("write 1"));
    const firstLink = trace.findIndex((line) => line.startsWith("link "));
    assert(lastStage < firstLink, "everything is staged before anything is linked");
    assertEquals((await collected(store.list())).sort(), texts.map(sha256).sort());
    assertEquals(await store.putMany([]), []);
  });

  it("puts what an asynchronous iterable yields, and throws what it throws after all puts have settled", async () => {
    const machine = memoryRuntime({ delay: "every" });
    const store = await openObjectStore("/s", { runtime: machine });
    async function* contents() {
      for (let count = 0; count < 300; count++) yield `text ${count}`;
      await Promise.reject(new Error("no more"));
    }
    await assertRejects(() => store.putMany(contents()), Error, "no more");
    assertEquals((await collected(store.list())).length, 300);
    assertEquals([temporaries(machine), machine.openHandles], [[], []]);
  });

  it("refuses content that is not what was announced, and stores nothing", async () => {
    const machine = memoryRuntime();
    const store = await openObjectStore("/s", { runtime: machine });
    for (const content of ["other", ["other"]]) {
      const error = await assertRejects(() => store.put(content, { digest: sha256("this") }));
      assertInstanceOf(error, ConflictError);
      assertEquals([error.expected, error.actual, error.targetState], [sha256("this"), sha256("other"), "unchanged"]);
    }
    assertEquals(machine.files(), { "/s/": "" });
    assertEquals(await store.put(["this"], { digest: sha256("this").toUpperCase() }), sha256("this"));
  });

  it("refuses a digest that is none before any I/O", async () => {
    const { runtime, trace } = traceRuntime(memoryRuntime());
    const store = await openObjectStore("/s", { runtime });
    trace.splice(0);
    const wrong = [
      "",
      "abc",
      "z".repeat(64),
      "0".repeat(63),
      "0".repeat(65),
      "../../../etc/passwd",
      `${"0".repeat(64)}\n`,
    ];
    for (const digest of wrong) {
      await assertRejects(async () => await store.get(digest), TypeError);
      assertThrows(() => store.stream(digest), TypeError);
      await assertRejects(async () => await store.has(digest), TypeError);
      await assertRejects(async () => await store.size(digest), TypeError);
      await assertRejects(async () => await store.restore(digest, "/out"), TypeError);
      await assertRejects(() => store.put("x", { digest }), TypeError);
    }
    await assertRejects(() => store.put(5 as unknown as string), TypeError);
    await assertRejects(async () => await store.verify({ onProgress: 5 as unknown as () => void }), TypeError);
    for (const reachable of [undefined, "abc", {}, 5] as unknown as string[][]) {
      await assertRejects(() => store.collectGarbage({ reachable }), TypeError, "reachable must be an iterable");
    }
    for (const contents of [undefined, "abc", {}, new Uint8Array(3)] as unknown as string[][]) {
      await assertRejects(() => store.putMany(contents), TypeError, "contents must be an iterable");
      assertThrows(() => openObjectStoreSync("/s", { runtime }).putMany(contents), TypeError, "an iterable");
      trace.splice(0);
    }
    assertEquals(trace, []);
  });

  it("notices a file that changes while it is put", async () => {
    const machine = memoryRuntime({ files: { "/f": "x".repeat(1_000_000) } });
    const runtime = interceptRuntime(machine, (call, proceed) => {
      if (call.method === "read" && call.path === "/f") {
        machine.syncFileSystem.open("/f", "read-write")?.truncate(500_000);
      }
      return proceed();
    });
    const store = await openObjectStore("/s", { runtime });
    const error = await assertRejects(() => store.putFile("/f")) as FileError;
    assertEquals([error.code, error.targetState], ["EAGAIN", "unchanged"]);
    assertEquals(machine.files("/s"), {});
    await assertRejects(() => store.putFile("/absent"), WriteError, "does not exist");
  });

  it("shares a file's blocks where it can, and hashes what it has compared with the copy", async () => {
    const machine = memoryRuntime({ disk: { clone: true }, files: { "/f": "x".repeat(1_000_000) } });
    const { runtime, trace } = traceRuntime(machine);
    const store = await openObjectStore("/s", { runtime });
    assertEquals(await store.putFile("/f"), sha256("x".repeat(1_000_000)));
    assert(trace.some((line) => line.startsWith("clone ") && !line.includes("false")));
    assertEquals(trace.filter((line) => line.startsWith("write ") || line.startsWith("truncate ")), []);
  });

  it("puts any number where a process may have 160 files open", async () => {
    const texts = Array.from({ length: 400 }, (_, number) => `text ${number}`);
    const machine = memoryRuntime({ openFileLimit: 160, delay: "every" });
    const store = await openObjectStore("/s", { runtime: machine });
    assertEquals((await Promise.all([store.putMany(texts), store.putMany(texts)])).flat().length, 800);
    const second = memoryRuntime({ openFileLimit: 80 });
    assertEquals(openObjectStoreSync("/s", { runtime: second }).putMany(texts).length, 400);
    assertEquals([machine.openHandles, second.openHandles], [[], []]);
  });

  it("works where there are no hard links, by renaming", async () => {
    const machine = memoryRuntime({ disk: { hardLinks: false } });
    const store = await openObjectStore("/s", { runtime: machine });
    const digests = await store.putMany(["one", "two", ["three"], "one"]);
    assertEquals(await store.putMany([["one"], "two"]), [sha256("one"), sha256("two")]);
    assertEquals((await store.verify()).checked, 3);
    assertEquals([new Set(digests).size, temporaries(machine), machine.openHandles], [3, [], []]);
  });

  it("goes on reading a source that fails to nothing: its error is the caller's", async () => {
    const machine = memoryRuntime();
    const store = await openObjectStore("/s", { runtime: machine });
    const failing = (function* () {
      yield "some";
      throw new Error("mine");
    })();
    await assertRejects(() => store.put(failing), Error, "mine");
    assertEquals([filesWithoutLocks(machine), machine.openHandles], [{ "/s/": "" }, []]);
  });
});

describe("what is there already", () => {
  it("is not written again, but made young and synced", async () => {
    const machine = memoryRuntime({ clock: "manual" });
    const { runtime, trace } = traceRuntime(machine);
    const store = await openObjectStore("/s", { runtime });
    const digest = await store.put("same");
    const path = `/s/${placeOf(digest)}`;
    const first = machine.statusOf(path);
    for (const content of ["same", ["same"]]) {
      trace.splice(0);
      machine.clock.advance(60_000);
      assertEquals(await store.put(content), digest);
      const now = machine.statusOf(path);
      assertEquals([now?.identity, now?.modified], [first?.identity, machine.clock.now()]);
      assert(trace.includes(`sync ${path}`) || trace.includes("sync"), trace.join("\n"));
      assertEquals(trace.filter((line) => /^(link|rename) /.test(line)), []);
    }
    assertEquals(temporaries(machine), []);
  });

  it("is kept without its content: young, synced, not written again; what is not there or damaged is not kept", async () => {
    const machine = memoryRuntime({ clock: "manual" });
    const { runtime, trace } = traceRuntime(machine);
    const store = await openObjectStore("/s", { runtime });
    const digest = await store.put("same");
    const path = `/s/${placeOf(digest)}`;
    const first = machine.statusOf(path);
    const traces: string[][] = [];
    for (const keep of [() => store.keep(digest), () => openObjectStoreSync("/s", { runtime }).keep(digest)]) {
      machine.clock.advance(60_000);
      trace.splice(0);
      assertEquals(await keep(), true);
      const now = machine.statusOf(path);
      assertEquals([now?.identity, now?.modified], [first?.identity, machine.clock.now()]);
      assertEquals(trace.filter((line) => /^(write|link|rename|create) /.test(line)), []);
      assertEquals(trace.filter((line) => /^sync/.test(line)).length, 2, trace.join("\n"));
      traces.push(trace.filter((line) => line !== "stat /s"));
    }
    assertEquals(traces[0], traces[1]);
    machine.clock.advance(60_000);
    await store.keep(digest);
    assertEquals((await store.collectGarbage({ reachable: [], grace: 1000 })).young, 1);
    assertEquals(await store.keep(sha256("other")), false);
    machine.put(path, "sane");
    const error = await assertRejects(() => store.keep(digest));
    assertInstanceOf(error, CorruptionError);
    assertEquals([error.digest, error.path], [digest, path]);
    await assertRejects(async () => await store.keep("short"), TypeError);
    assertEquals([temporaries(machine), machine.openHandles], [[], []]);
  });

  it("is replaced by the good content if it is damaged", async () => {
    for (const content of ["precious", ["precious"]]) {
      const machine = memoryRuntime();
      const store = await openObjectStore("/s", { runtime: machine });
      const digest = await store.put("precious");
      for (const damage of ["", "precioux", "precious and more"]) {
        machine.put(`/s/${placeOf(digest)}`, damage);
        await assertRejects(() => store.get(digest), CorruptionError);
        await store.put(content);
        assertEquals(await store.get(digest), bytesOf("precious"));
      }
      assertEquals(temporaries(machine), []);
    }
  });

  it("is replaced by an own copy if its age is another user's", async () => {
    const machine = memoryRuntime({ user: 0 });
    const store = await openObjectStore("/s", { runtime: machine });
    const digest = await store.put("shared");
    machine.put("/s", { kind: "directory", mode: 0o777 });
    machine.put("/s/objects.lock", { mode: 0o666 });
    machine.put(`/s/${digest.slice(0, 2)}`, { kind: "directory", mode: 0o777 });
    const other = machine.fork({ user: 1000 });
    const theirs = await openObjectStore("/s", { runtime: other });
    const kept = await store.put("kept");
    machine.put(`/s/${kept.slice(0, 2)}`, { kind: "directory", mode: 0o777 });
    await theirs.put("shared");
    assertEquals(await theirs.keep(kept), true);
    for (const each of [digest, kept]) assertEquals(machine.statusOf(`/s/${placeOf(each)}`)?.user, 1000);
    machine.put(`/s/${placeOf(kept)}`, { content: "rot", mode: 0o444 });
    await assertRejects(() => theirs.keep(kept), CorruptionError);
    assertEquals([temporaries(machine), machine.openHandles], [[], []]);
    assertEquals(await store.get(digest), bytesOf("shared"));
  });
});

describe("damage", () => {
  const damages: Record<string, (bytes: Uint8Array) => Uint8Array> = {
    zeroed: (bytes) => new Uint8Array(bytes.length),
    truncated: (bytes) => bytes.subarray(0, bytes.length - 1),
    emptied: () => new Uint8Array(0),
    "bit-flipped": (bytes) => bytes.map((byte, index) => index === 17 ? byte ^ 1 : byte),
    extended: (bytes) => new Uint8Array([...bytes, 0]),
  };

  it("is an error with digest and path, on every way of reading; verify lists exactly what is damaged", () =>
    withTemporaryDirectory(async (directory) => {
      const store = await openObjectStore(join(directory, "s"));
      const good = await store.putMany(["good one", "good two", "x".repeat(2_000_000)]);
      const bad: string[] = [];
      for (const [name, damage] of Object.entries(damages)) {
        for (const length of [100, 700_000]) {
          const digest = await store.put(name.repeat(length));
          const path = join(store.directory, placeOf(digest));
          const bytes = fs.readFileSync(path);
          fs.chmodSync(path, 0o644);
          fs.writeFileSync(path, damage(bytes));
          bad.push(digest);
          const target = join(directory, "target");
          fs.writeFileSync(target, "as before");
          const errors = [
            await assertRejects(() => store.get(digest)),
            await assertRejects(() => joined(store.stream(digest))),
            await assertRejects(() => store.restore(digest, target)),
          ];
          for (const error of errors) {
            assertInstanceOf(error, CorruptionError);
            assertEquals([error.digest, error.path, error.targetState], [digest, path, "unchanged"]);
          }
          assertEquals(textOf(target), "as before");
        }
      }
      const progress: number[] = [];
      const result = await store.verify({ onProgress: ({ checked, total }) => progress.push(checked, total) });
      assertEquals(result, { checked: good.length + bad.length, corrupt: bad.sort() });
      assertEquals(progress.slice(-2), [13, 13]);
      assertEquals(openObjectStoreSync(store.directory).verify(), result);
      for (const digest of good) await store.get(digest);
      assertEquals(namesIn(directory), ["s", "target"]);
    }));

  it("is damaged, too, when what bears its name is no file any more", () =>
    withTemporaryDirectory(async (directory) => {
      const store = await openObjectStore(join(directory, "s"));
      const [whole = "", replaced = "", linked = ""] = await store.putMany(["whole", "replaced", "linked"]);
      const place = (digest: string) => join(store.directory, placeOf(digest));
      fs.rmSync(place(replaced));
      fs.mkdirSync(place(replaced));
      fs.renameSync(place(linked), join(directory, "elsewhere"));
      fs.symlinkSync(join(directory, "elsewhere"), place(linked));
      const result = { checked: 3, corrupt: [replaced, linked].sort() };
      assertEquals(await store.verify(), result);
      assertEquals(openObjectStoreSync(store.directory).verify(), result);
      assertEquals(await collected(store.list()), [whole]);
    }));

  it("may be in an object that this process may not read: verify reads all others, and says which and why", async () => {
    const machine = memoryRuntime({ user: 7, umask: 0o022 });
    const first = await openObjectStore("/s", { runtime: machine });
    const [closed = "", bad = ""] = await first.putMany(["closed", "bad", "good"]);
    machine.put(`/s/${placeOf(closed)}`, { content: "closed", mode: 0, user: 8 });
    machine.put(`/s/${placeOf(bad)}`, "worse");
    const store = await openObjectStore("/s", { runtime: machine });
    for (const result of [await store.verify(), openObjectStoreSync("/s", { runtime: machine }).verify()]) {
      const { unreadable = [], ...rest } = result;
      assertEquals(rest, { checked: 3, corrupt: [bad] });
      assertEquals(unreadable.map(({ digest, error }) => [digest, error.code]), [[closed, "EACCES"]]);
    }
    const quarantined = await store.verify({ quarantine: true });
    assertEquals([quarantined.quarantined, quarantined.unreadable?.length], [[bad], 1]);
    assertEquals(machine.openHandles, []);
  });

  it("is in the place of a directory that holds objects: verify says so, and moves nothing", () =>
    withTemporaryDirectory(async (directory) => {
      const store = await openObjectStore(join(directory, "s"));
      const digest = await store.put("content");
      const shard = join(store.directory, digest.slice(0, 2));
      fs.rmSync(shard, { recursive: true });
      for (const make of [() => fs.writeFileSync(shard, "x"), () => fs.symlinkSync("..", shard)]) {
        make();
        const error = await assertRejects(() => store.verify({ quarantine: true }), ReadError);
        assertEquals([error.code, error.path], ["ENOTDIR", shard]);
        assertThrows(() => openObjectStoreSync(store.directory).verify(), ReadError);
        assertEquals(await collected(store.list()), []);
        fs.rmSync(shard);
      }
      assertEquals(await store.put("content"), digest);
      assertEquals(await store.verify(), { checked: 1, corrupt: [] });
    }));

  it("never lets a byte of a damaged object out of a stream", async () => {
    const machine = memoryRuntime();
    const store = await openObjectStore("/s", { runtime: machine });
    const text = "y".repeat(1_000_000);
    const digest = await store.put(text);
    machine.put(`/s/${placeOf(digest)}`, `${text.slice(0, -1)}z`);
    const reader = store.stream(digest).getReader();
    await assertRejects(() => reader.read(), CorruptionError);
    assertEquals(machine.openHandles, []);
    machine.put(`/s/${placeOf(digest)}`, text);
    const stopped = store.stream(digest).getReader();
    await stopped.read();
    await stopped.cancel();
    assertEquals(machine.openHandles, []);
  });

  it("is a sector that cannot be read, too", async () => {
    const machine = memoryRuntime();
    const first = await openObjectStore("/s", { runtime: machine });
    const [good, bad] = await first.putMany(["good", "bad"]) as [string, string];
    const runtime = interceptRuntime(machine, (call, proceed) => {
      if (call.method === "read" && call.path.endsWith(placeOf(bad))) {
        throw new SystemError("EIO", "read", call.path);
      }
      return proceed();
    });
    const store = await openObjectStore("/s", { runtime });
    assertEquals(await store.get(good), bytesOf("good"));
    await assertRejects(() => store.get(bad));
    assertEquals(await store.verify(), { checked: 2, corrupt: [bad] });
  });

  it("between the verification of a stream and its reading is reported at its end", async () => {
    const machine = memoryRuntime({ user: 0 });
    const store = await openObjectStore("/s", { runtime: machine });
    const text = "y".repeat(1_000_000);
    const digest = await store.put(text);
    const reader = store.stream(digest).getReader();
    let read = (await reader.read()).value?.length ?? 0;
    const file = machine.syncFileSystem.open(`/s/${placeOf(digest)}`, "read-write");
    file?.seek(text.length - 1);
    file?.write(bytesOf("z"));
    file?.close();
    await assertRejects(async () => {
      for (let { value } = await reader.read(); value !== undefined; { value } = await reader.read()) {
        read += value.length;
      }
    }, CorruptionError);
    assert(read > 0 && read < text.length, `${read} bytes were handed out`);
    assertEquals(machine.openHandles, []);
  });
});

describe("restore", () => {
  it("makes a new file with the time of now and the mode that is asked for", () =>
    withTemporaryDirectory(async (directory) => {
      const store = await openObjectStore(join(directory, "s"));
      const digest = await store.put("content");
      const stored = join(store.directory, placeOf(digest));
      fs.utimesSync(stored, 1000, 1000);
      const before = Date.now() - 50;
      const target = join(directory, "target");
      const result = await store.restore(digest, target, { mode: 0o600 });
      assertEquals([result.replaced, textOf(target), modeOf(target)], [false, "content", 0o600]);
      assert(fs.statSync(target).mtimeMs >= before);
      // The clock has gone back since the target was written.
      const future = Math.floor(Date.now() / 1000) + 5000;
      fs.utimesSync(target, future, future);
      await store.restore(digest, target);
      assert(fs.statSync(target).mtimeMs > future * 1000, "never the time of what it replaces, nor before it");
      assertEquals([modeOf(target), fs.statSync(stored).mtimeMs], [0o600, 1_000_000]);
      openObjectStoreSync(store.directory).restore(digest, target, { createDirectories: true });
      await assertRejects(() => store.restore(sha256("absent"), target), MissingObjectError, "there is no object");
      assertEquals(namesIn(directory), ["s", "target"]);
    }));
});

describe("collectGarbage", () => {
  const day = 24 * 3600 * 1000;

  it("removes what is neither reachable nor young, and says what it does", async () => {
    const machine = memoryRuntime({ clock: "manual" });
    const store = await openObjectStore("/s", { runtime: machine });
    const [old, kept] = await store.putMany(["old garbage", "old and reachable"]) as [string, string];
    machine.clock.advance(2 * day);
    const young = await store.put("young garbage");
    assertEquals(await store.collectGarbage({ reachable: [kept], dryRun: true }), {
      removed: [old],
      bytes: 11,
      kept: 2,
      young: 1,
    });
    assertEquals((await collected(store.list())).length, 3);
    assertEquals((await store.collectGarbage({ reachable: [kept] })).removed, [old]);
    assertEquals((await collected(store.list())).sort(), [kept, young].sort());
    async function* reachable() {
      yield await Promise.resolve(kept);
    }
    assertEquals((await store.collectGarbage({ reachable: reachable(), grace: 0 })).removed, [young]);
    await assertRejects(() => store.collectGarbage({ reachable: ["abc"] }), TypeError);
    assertEquals(machine.openHandles, []);
  });

  it("says what it has removed when it ends in the middle", async () => {
    const machine = memoryRuntime();
    const digests = await (await openObjectStore("/s", { runtime: machine })).putMany(["a", "b", "c"]);
    let removals = 0;
    const runtime = interceptRuntime(machine, (call, forward) => {
      if (call.method === "remove" && ++removals === 2) throw new SystemError("EIO", "remove", call.path);
      return forward();
    });
    const store = await openObjectStore("/s", { runtime });
    const told: unknown[] = [];
    const collection = store.collectGarbage({ reachable: [], grace: 0, onProgress: (step) => told.push(step) });
    await assertRejects(() => collection, WriteError, "Cannot remove");
    const left = await collected(store.list());
    assertEquals(left.length, 2);
    assertEquals(told, [{ done: 1, total: 3, removed: digests.filter((digest) => !left.includes(digest)) }]);
  });

  it("spares what is put once more after it was listed", async () => {
    for (const grace of [0, day]) {
      const machine = memoryRuntime({ clock: "manual" });
      const store = await openObjectStore("/s", { runtime: machine });
      const [again, never] = await store.putMany(["again", "never"]) as [string, string];
      machine.clock.advance(2 * day);
      const reachable = (async function* (): AsyncGenerator<string> {
        await store.put("again");
        yield* [];
      })();
      assertEquals((await store.collectGarbage({ reachable, grace })).removed, [never]);
      assert(await store.has(again));
    }
  });
});
