/** Updates, reads and writes by versions: what they make, what they refuse, and what they never believe. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import {
  ConflictError,
  CorruptionError,
  readVersioned,
  readVersionedJson,
  readVersionedJsonSync,
  readVersionedSync,
  readVersionedText,
  readVersionedTextSync,
  updateVersioned,
  updateVersionedJson,
  updateVersionedJsonSync,
  updateVersionedSync,
  updateVersionedText,
  updateVersionedTextSync,
  ValidationError,
  WriteError,
  writeVersioned,
  writeVersionedSync,
} from "../../src/versioned/mod.ts";
import { type InitialEntry, type MemoryRuntime, memoryRuntime } from "../../src/testing/mod.ts";
import { makeEngine } from "../../src/protocol/engine.ts";
import { trailerBytes } from "../../src/protocol/versions/trailer.ts";
import { notEmpty } from "../support/tally.ts";
import { append, leftovers, machineWith, newest, path } from "./support.ts";

const named = (machine: MemoryRuntime) => Object.keys(machine.files("/d")).sort();
const text = (bytes: Uint8Array | undefined) => bytes === undefined ? undefined : new TextDecoder().decode(bytes);

describe("updateVersioned and readVersioned", () => {
  it("make versions, one after the other, and the file shows the newest", async () => {
    const runtime = machineWith();
    for (let count = 1; count <= 5; count++) {
      const result = await updateVersionedJson<number>(path, (old = 0) => old + 1, { runtime });
      assertEquals(result, {
        path,
        version: count,
        changed: true,
        bytesWritten: 2,
        durability: "full",
        lost: [],
        // The simulated machine shows attributes only on request.
        unchecked: count === 1 ? [] : ["acl", "attributes", "capabilities", "label"],
        shown: true,
        value: count,
      });
      assertEquals(runtime.readText(path), `${count}\n`);
    }
    assertEquals(await readVersionedJson<number>(path, { runtime }), { content: 5, version: 5 });
    assertEquals(named(runtime), ["/d/.a.v1", "/d/.a.v3", "/d/.a.v4", "/d/.a.v5", "/d/a"]);
    assertEquals(runtime.readText("/d/.a.v1")?.includes("cleared"), true);
    assertEquals(runtime.openHandles, []);
  });

  it("are twins: bytes, text and JSON, with and without promises", async () => {
    const runtime = machineWith();
    const more = (bytes?: Uint8Array) => new Uint8Array([...bytes ?? [], 49]);
    await updateVersioned(path, (bytes) => Promise.resolve(more(bytes)), { runtime });
    updateVersionedSync(path, more, { runtime });
    await updateVersionedText(path, (old) => `${old}1`, { runtime });
    updateVersionedTextSync(path, (old) => `${old}1`, { runtime });
    await updateVersionedJson<number>(path, (old = 0) => old + 1, { runtime });
    updateVersionedJsonSync<number>(path, (old = 0) => old + 1, { runtime, space: 2 });
    assertEquals(text((await readVersioned(path, { runtime }))?.content), "1113\n");
    assertEquals(text(readVersionedSync(path, { runtime })?.content), "1113\n");
    assertEquals(await readVersionedText(path, { runtime }), { content: "1113\n", version: 6 });
    assertEquals(readVersionedTextSync(path, { runtime }), { content: "1113\n", version: 6 });
    assertEquals(readVersionedJsonSync(path, { runtime }), { content: 1113, version: 6 });
  });

  it("leave what stays the same: no version is made, and it is synced", async () => {
    const runtime = machineWith({}, 2);
    for (const next of [() => undefined, (old?: string) => old]) {
      const { changed, version, durability } = await updateVersionedText(path, next, { runtime });
      assertEquals([changed, version, durability], [false, 2, "full"]);
    }
    const nothing = await updateVersionedText("/d/none", () => undefined, { runtime });
    assertEquals([nothing.changed, nothing.version], [false, null]);
    assertEquals(await readVersionedText("/d/none", { runtime }), undefined);
    assertEquals(await readVersionedText("/no/such/directory", { runtime }), undefined);
  });

  it("change nothing if the callback throws, the signal aborts or the value is not valid", async () => {
    const runtime = machineWith({}, 1);
    const before = runtime.files();
    const reason = new Error("mine");
    assertEquals(await updateVersionedText(path, () => Promise.reject(reason), { runtime }).catch((e) => e), reason);
    const options = { runtime, signal: AbortSignal.abort(reason) };
    assertEquals(await updateVersionedText(path, () => "x", options).catch((e) => e), reason);
    const validate = {
      "~standard": {
        version: 1 as const,
        vendor: "test",
        validate: (value: unknown) => value === 1 ? { value } : { issues: [{ message: "not 1" }] },
      },
    };
    await assertRejects(() => updateVersionedJson(path, () => 2, { runtime, validate }), ValidationError);
    assertThrows(
      () => updateVersionedTextSync(path, (() => Promise.resolve("x")) as unknown as () => string, { runtime }),
      TypeError,
    );
    assertEquals(runtime.files(), before);
  });

  it("call again when another program was faster, up to `retries` times", async () => {
    const runtime = machineWith({}, 1);
    let calls = 0;
    const meddle = (old?: string) => {
      if (calls++ < 2) append(runtime, "m");
      return `${old}!`;
    };
    await updateVersionedText(path, meddle, { runtime });
    assertEquals([calls, newest(runtime)], [3, { version: 4, content: "1mm!" }]);
    calls = 0;
    const error = await assertRejects(
      () => updateVersionedText(path, meddle, { runtime, retries: 1 }),
      ConflictError,
      "another program was faster 2 times",
    );
    assertEquals(error.targetState, "unchanged");
    assertEquals(newest(runtime), { version: 6, content: "1mm!mm" });
    assertEquals(leftovers(runtime), []);
  });

  it("keep as many versions as asked, at least the newest", () => {
    const runtime = machineWith();
    for (const keep of [1, 1, 2, 2, 5, 5, 5]) append(runtime, "x", { keep });
    assertEquals(named(runtime).filter((name) => name !== path), [1, 3, 4, 5, 6, 7].map((n) => `/d/.a.v${n}`));
    append(runtime, "x", { keep: 1 });
    assertEquals(named(runtime).filter((name) => name !== path), ["/d/.a.v1", "/d/.a.v8"]);
    assertThrows(() => append(runtime, "x", { keep: 0 }), RangeError, "keep");
  });

  it("leave the file itself alone if asked", () => {
    const runtime = machineWith();
    append(runtime, "x", { refresh: false });
    assertEquals(named(runtime), ["/d/.a.v1"]);
    append(runtime, "y");
    assertEquals(runtime.readText(path), "xy");
    append(runtime, "z", { refresh: false });
    assertEquals([runtime.readText(path), newest(runtime).content], ["xy", "xyz"]);
  });

  it("follow symlinks, make directories, keep the mode and work with the longest names", async () => {
    const runtime = machineWith({ files: { "/d/": { kind: "directory" }, "/l": { symlink: "d/a" } } });
    await updateVersionedText("/l", () => "linked", { runtime, mode: 0o600 });
    assertEquals(newest(runtime).content, "linked");
    append(runtime, "!");
    assertEquals([runtime.statusOf(path)?.mode, runtime.statusOf("/d/.a.v2")?.mode], [0o600, 0o600]);
    await updateVersionedText("/x/y/z", () => "deep", { runtime, createDirectories: true });
    assertEquals(runtime.readText("/x/y/z"), "deep");
    const long = `/d/${"é".repeat(127)}`;
    for (const letter of "123") await updateVersionedText(long, (old = "") => old + letter, { runtime });
    assertEquals(await readVersionedText(long, { runtime }), { content: "123", version: 3 });
  });
});

describe("writeVersioned", () => {
  it("writes the version that is expected, and no other", async () => {
    const runtime = machineWith();
    const first = await writeVersioned(path, "one", { runtime, expected: null });
    assertEquals([first.version, first.changed], [1, true]);
    const second = writeVersionedSync(path, ["t", "wo"], { runtime, expected: 1 });
    assertEquals([second.version, runtime.readText(path)], [2, "two"]);
    const cases = [[null, 2], [0, 2], [1, 2], [3, 2]] as const;
    for (const [expected, actual] of cases) {
      const error = await assertRejects(() => writeVersioned(path, "x", { runtime, expected }), ConflictError);
      assertEquals([error.expectedVersion, error.actualVersion], [expected, actual]);
      assertEquals(error.targetState, "unchanged");
    }
    const none = await assertRejects(() => writeVersioned("/d/b", "x", { runtime, expected: 1 }), ConflictError);
    assertEquals(none.actualVersion, null);
    assertEquals((await writeVersioned(path, "two", { runtime, expected: 2 })).changed, false);
    assertEquals(newest(runtime), { version: 2, content: "two" });
  });

  it("writes over the content that is expected, and no other, in whatever version", async () => {
    const runtime = memoryRuntime({ files: { "/d/a": "plain" } });
    const digest = (text: string) => createHash("sha256").update(text).digest("hex");
    const missing = await assertRejects(
      () => writeVersioned("/d/b", "x", { runtime, ifMatch: digest("") }),
      ConflictError,
    );
    assertEquals([missing.expected, missing.actual, missing.path], [digest(""), null, "/d/b"]);
    assertEquals((await writeVersioned("/d/a", "one", { runtime, ifMatch: digest("plain") })).version, 1);
    const other = assertThrows(
      () => writeVersionedSync("/d/a", "x", { runtime, ifMatch: digest("plain") }),
      ConflictError,
    );
    assertEquals([other.actual, other.targetState], [digest("one"), "unchanged"]);
    assertEquals(writeVersionedSync("/d/a", "two", { runtime, ifMatch: digest("one"), expected: 1 }).version, 2);
    assertThrows(
      () => writeVersionedSync("/d/a", "x", { runtime, ifMatch: digest("two"), expected: 1 }),
      ConflictError,
    );
    const wins = await Promise.allSettled(Array.from({ length: 8 }, (_, index) => {
      return writeVersioned("/d/a", `winner ${index}`, { runtime: runtime.fork(), ifMatch: digest("two") });
    }));
    assertEquals(wins.filter(({ status }) => status === "fulfilled").length, 1);
    assertEquals(readVersionedSync("/d/a", { runtime })?.version, 3);
  });

  it("lets exactly one of many writers win", async () => {
    const runtime = machineWith({ delay: "every" }, 3);
    const writing = Array.from(
      { length: 8 },
      (_, index) => writeVersioned(path, `winner ${index}`, { runtime: runtime.fork(), expected: 3 }),
    );
    const settled = await Promise.allSettled(writing);
    const won = settled.flatMap(({ status }, index) => status === "fulfilled" ? [index] : []);
    assertEquals(won.length, 1);
    assertEquals(newest(runtime), { version: 4, content: `winner ${won[0]}` });
    for (const each of settled) {
      if (each.status === "rejected") assert(ConflictError.is(each.reason) && each.reason.actualVersion === 4);
    }
    assertEquals(leftovers(runtime), []);
  });

  it("refuses options that it has not, or that are of the wrong type", () => {
    const runtime = memoryRuntime();
    const call = (options: object) => () => writeVersionedSync("/a", "x", { runtime, ...options } as never);
    assertThrows(call({}), TypeError, "expected");
    assertThrows(call({ expected: "1" }), TypeError, "expected");
    assertThrows(call({ ifMatch: "1" }), TypeError, "ifMatch");
    assertThrows(call({ ifMatch: null }), TypeError, "ifMatch");
    assertThrows(call({ expected: -1 }), RangeError, "expected");
    assertThrows(call({ expected: 1, durability: "none" }), TypeError, "durability");
    assertThrows(call({ expected: 1, backup: 1 }), TypeError, "backup");
    assertThrows(call({ expected: 1, lock: true }), TypeError, "lock");
    assertEquals(runtime.files(), {});
  });
});

describe("a file without versions, and a file that others have changed", () => {
  it("a plain file is version 0, and its content what the first change starts from", async () => {
    const runtime = machineWith({ files: { "/d/a": { content: "plain", mode: 0o640 } } });
    assertEquals(await readVersionedText(path, { runtime }), { content: "plain", version: 0 });
    await assertRejects(() => writeVersioned(path, "x", { runtime, expected: null }), ConflictError);
    assertEquals(append(runtime, "!").version, 1);
    assertEquals([newest(runtime).content, runtime.readText(path)], ["plain!", "plain!"]);
    assertEquals(runtime.statusOf("/d/.a.v1")?.mode, 0o640);
  });

  it("what others write into the file is not read, and replaced by the next version", () => {
    const runtime = machineWith({}, 2);
    runtime.put(path, "by hand");
    assertEquals(newest(runtime), { version: 2, content: "12" });
    append(runtime, "3");
    assertEquals(runtime.readText(path), "123");
  });

  it("a file that was removed comes back with the next version", () => {
    const runtime = machineWith({}, 2);
    runtime.syncFileSystem.remove(path);
    append(runtime, "3");
    assertEquals(runtime.readText(path), "123");
  });

  it("a file that lags shows the newest version after a call that changes nothing, unless that is not wanted", () => {
    const runtime = machineWith({}, 2);
    const ways: readonly [call: (options: { runtime: MemoryRuntime; refresh: boolean }) => { shown: boolean }][] = [
      [(options) => updateVersionedTextSync(path, () => undefined, options)],
      [(options) => updateVersionedTextSync(path, (old) => old, options)],
      [(options) => writeVersionedSync(path, "12", { ...options, expected: 2 })],
    ];
    for (const [call] of notEmpty(ways)) {
      runtime.put(path, "1");
      assertEquals([call({ runtime, refresh: false }).shown, runtime.readText(path)], [false, "1"]);
      assertEquals([call({ runtime, refresh: true }).shown, runtime.readText(path)], [true, "12"]);
      assertEquals(newest(runtime).version, 2);
    }
  });

  it("that cannot be shown does not fail the change", () => {
    const runtime = machineWith({}, 2);
    runtime.syncFileSystem.remove(path);
    runtime.put(`${path}/in the way`, "x");
    const error = assertThrows(() => append(runtime, "3"), WriteError);
    assertEquals([error.code, error.targetState], ["EISDIR", "unchanged"]);
  });
});

/** Names of versions that somebody else has put there. */
const planted: readonly [what: string, files: Record<string, string | InitialEntry>][] = [
  ["a huge number", { "/d/.a.v9007199254740991": "x" }],
  ["a number beyond all", { "/d/.a.v9007199254740993": "x" }],
  ["a gap", { "/d/.a.v9": "x", "/d/.a.v12": "" }],
  ["a symlink", { "/d/.a.v9": { symlink: "/etc/passwd" } }],
  ["a symlink to a version", { "/d/.a.v9": { symlink: ".a.v2" } }],
  ["a FIFO", { "/d/.a.v9": { kind: "other" } }],
  ["a directory", { "/d/.a.v9/content": "x" }],
  ["an empty directory", { "/d/.a.v9/": { kind: "directory" } }],
  ["the end of a version, cut off", { "/d/.a.v9": "\n# atomic-write version 9 0 - " }],
  ["leading zeros", { "/d/.a.v09": "x", "/d/.a.v0": "y" }],
];

describe("what bears the name of a version and is none", () => {
  for (const [what, files] of planted) {
    it(`${what}: is not trusted, and stays`, () => {
      const runtime = machineWith({}, 2);
      for (const [name, entry] of Object.entries(files)) runtime.put(name, entry);
      assertEquals(newest(runtime), { version: 2, content: "12" });
      for (const letter of "3456") append(runtime, letter, { keep: 1 });
      assertEquals(newest(runtime), { version: 6, content: "123456" });
      for (const name of notEmpty(Object.keys(files))) {
        assert(runtime.statusOf(name.replace(/\/(content)?$/, "")) !== undefined);
      }
    });
  }

  it("in the place of the next version: is named by an error, and stays", () => {
    for (const entry of ["x", { symlink: "/etc/passwd" }, { kind: "other" }, { kind: "directory" }] as const) {
      const runtime = machineWith({}, 2);
      runtime.put(
        typeof entry === "object" && "kind" in entry && entry.kind === "directory" ? "/d/.a.v3/" : "/d/.a.v3",
        entry,
      );
      const error = assertThrows(() => append(runtime, "3"), WriteError, ".a.v3");
      assertEquals([error.code, error.targetState], ["EEXIST", "unchanged"]);
      assertEquals(leftovers(runtime).filter((name) => name.includes(".tmp")), []);
      assertEquals(newest(runtime).version, 2);
    }
  });

  it("a version under another number is none", () => {
    const runtime = machineWith({}, 2);
    runtime.put("/d/.a.v7", runtime.readBytes("/d/.a.v2") ?? "");
    assertEquals(newest(runtime).version, 2);
  });

  it("a version of somebody else in a directory like /tmp is not trusted", () => {
    const runtime = machineWith({ files: { "/d/": { kind: "directory", mode: 0o1777, user: 0 } } }, 1);
    const content = runtime.readBytes("/d/.a.v1");
    const other = machineWith({}, 2).readBytes("/d/.a.v2");
    assert(content !== undefined && other !== undefined);
    runtime.put("/d/.a.v2", { content: other, user: 1001 });
    assertEquals(newest(runtime).version, 1);
    assertThrows(() => append(runtime, "2"), WriteError, "belongs to somebody else");
    assertEquals(leftovers(runtime), []);
  });

  it("a version that its base's owner would not believe, in a directory like /tmp, is not made", () => {
    const directory = { kind: "directory", mode: 0o1777, user: 7 } as const;
    const root = machineWith({ user: 0, files: { "/d/": directory, "/d/plain": "x" } });
    append(root, "1");
    for (const [who, options] of notEmpty([["a stranger", { user: 1000 }], ["another", { user: 1001 }]] as const)) {
      const runtime = root.fork(options);
      for (const file of [path, "/d/plain"]) {
        const before = root.files();
        const error = assertThrows(() => updateVersionedTextSync(file, () => "y", { runtime }), WriteError, "sticky");
        assertEquals([error.code, error.targetState, root.files()], ["EPERM", "unchanged", before], who);
      }
      assertEquals([
        newest(runtime).content,
        updateVersionedTextSync(path, () => undefined, {
          ...{ runtime, refresh: false },
        }).changed,
      ], ["1", false]);
      const own = `/d/of ${who}`;
      for (const letter of "12") updateVersionedTextSync(own, (old = "") => old + letter, { runtime });
      assertEquals(readVersionedTextSync(own, { runtime })?.content, "12");
    }
    assertEquals(append(root.fork({ user: 7 }), "o").version, 2);
  });

  it("a damaged version is an error: nothing older is taken for the newest", () => {
    const runtime = machineWith({}, 2);
    const bytes = runtime.readBytes("/d/.a.v2");
    assert(bytes !== undefined);
    bytes[0] = 0;
    runtime.put("/d/.a.v2", bytes);
    assertThrows(() => newest(runtime), CorruptionError, ".a.v2");
    assertThrows(() => append(runtime, "3"), CorruptionError, ".a.v2");
  });

  it("all versions but the cleared first one removed by hand is an error", () => {
    const runtime = machineWith({}, 5);
    for (const number of [3, 4, 5]) runtime.syncFileSystem.remove(`/d/.a.v${number}`);
    assertThrows(() => newest(runtime), CorruptionError, "removed");
  });

  it("the highest number of all has no next one", () => {
    const runtime = machineWith();
    const number = Number.MAX_SAFE_INTEGER;
    const content = new TextEncoder().encode("x");
    const trailer = { number, size: 1, base: undefined, token: "a".repeat(26), state: "whole" } as const;
    const last = trailerBytes(makeEngine(runtime, true), content, trailer);
    runtime.put(`/d/.a.v${number}`, new Uint8Array([...content, ...last]));
    assertEquals(newest(runtime), { version: number, content: "x" });
    const error = assertThrows(() => append(runtime, "y"), WriteError, "highest number");
    assertEquals([error.code, error.targetState, leftovers(runtime)], ["EOVERFLOW", "unchanged", []]);
  });
});
