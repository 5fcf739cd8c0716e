/** References: whole or as before, one winner of many who expect the same, and only names every disk keeps apart. */
import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import {
  ConflictError,
  CorruptionError,
  openReferences,
  openReferencesSync,
  ReadError,
  type Reference,
} from "../../src/store/mod.ts";
import { memoryRuntime, traceRuntime } from "../../src/testing/mod.ts";
import { namesIn } from "../support/files.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { collected, filesWithoutLocks, sha256, temporaries } from "./support.ts";
import { fullName } from "../support/reached.ts";

const [one, two, three] = ["one", "two", "three"].map(sha256) as [string, string, string];

const badNames = [
  "",
  "/",
  "/absolute",
  "trailing/",
  "a//b",
  "../escape",
  "bad/../../x",
  "a/..",
  ".",
  "..",
  "a/./b",
  ".hidden",
  "a/.hidden",
  "a..b",
  "dot.",
  "space ",
  " space",
  "a.lock",
  "a.LOCK/b",
  "HEAD",
  "head",
  "Head/x",
  "nul",
  "com1.txt",
  "a/CON",
  "C:\\windows",
  "a\\b",
  "new\nline",
  "bell\u0007",
  "nul\u0000",
  "c1\u0085",
  "star*",
  "what?",
  "tilde~1",
  "caret^",
  "colon:",
  "half \ud800",
  "e\u0301",
  "x".repeat(201),
  `${"long/".repeat(300)}x`,
];

describe("names", () => {
  it("that are not names are refused before any I/O", async () => {
    const { runtime, trace } = traceRuntime(memoryRuntime());
    const references = await openReferences("/r", { runtime });
    const synchronously = openReferencesSync("/r", { runtime });
    trace.splice(0);
    for (const name of badNames) {
      await assertRejects(async () => await references.update(name, one), TypeError, undefined, JSON.stringify(name));
      await assertRejects(async () => await references.read(name), TypeError);
      await assertRejects(async () => await references.remove(name), TypeError);
      await assertRejects(async () => await references.setHead(name), TypeError);
      assertThrows(() => synchronously.update(name, one), TypeError);
    }
    for (const digest of ["", "abc", one.slice(1), `${one}0`, "g".repeat(64)]) {
      await assertRejects(async () => await references.update("a", digest), TypeError);
      await assertRejects(async () => await references.update("a", one, { expected: digest }), TypeError);
      await assertRejects(async () => await references.setHead({ digest }), TypeError);
    }
    await assertRejects(async () => await references.setHead(5 as unknown as string), TypeError);
    assertEquals(trace, []);
  });

  it("of every other kind are fine", () =>
    withTemporaryDirectory(async (directory) => {
      const references = await openReferences(directory);
      const names = [
        "main",
        "a/b/c/d/e",
        "häds/größe",
        "日本/語",
        "with space",
        "v1.0-rc+1",
        "x".repeat(200),
        "refs@{1}",
        "conduct",
      ];
      for (const name of names) await references.update(name, one, { expected: null });
      assertEquals((await collected(references.list())).map(({ name }) => name).sort(), [...names].sort());
    }));

  it("in conflict with another are refused: below it, above it, or but for the letters' case", async () => {
    const machine = memoryRuntime();
    const references = await openReferences("/r", { runtime: machine });
    await references.update("a/b", one);
    const before = filesWithoutLocks(machine);
    for (const name of ["a", "a/b/c", "A/b", "a/B", "A", "a/B/c", "A/c"]) {
      const error = await assertRejects(() => references.update(name, two), ConflictError, undefined, name);
      assertEquals([error.targetState, error.step], ["unchanged", "resolve"]);
    }
    assertEquals(filesWithoutLocks(machine), before);
    assertEquals([await references.read("a"), await references.read("a/b/c")], [undefined, undefined]);
    assertEquals([await references.remove("a"), await references.remove("a/b/c")], [false, false]);
    await references.update("a/c", two);
    await references.remove("a/b");
    await assertRejects(() => references.update("a", two), ConflictError, "there are references below");
    await references.remove("a/c");
    await references.update("a", two);
    assertEquals(await collected(references.list()), [{ name: "a", digest: two }]);
  });

  it("are not kept from use by directories that a power cut left", async () => {
    const machine = memoryRuntime();
    machine.put("/r/a/b/c", { kind: "directory" });
    const references = await openReferences("/r", { runtime: machine });
    await references.update("a", one);
    assertEquals(await references.read("a"), one);
    machine.put("/r/x/.y.tmp", "a temporary file");
    await assertRejects(() => references.update("x", one), ConflictError);
  });
});

describe("update", () => {
  it("is a compare-and-swap, if it has an expectation", () =>
    withTemporaryDirectory(async (directory) => {
      const references = await openReferences(join(directory, "new", "references"));
      assertEquals(await references.read("heads/main"), undefined);
      await references.update("heads/main", one, { expected: null });
      await assertRejects(() => references.update("heads/main", two, { expected: null }), ConflictError);
      const error = await assertRejects(() => references.update("heads/main", two, { expected: three }));
      assertInstanceOf(error, ConflictError);
      assertEquals([error.expected, error.actual, error.targetState], [three, one, "unchanged"]);
      await references.update("heads/main", two, { expected: one.toUpperCase() });
      assertEquals(await references.read("heads/main"), two);
      await references.update("heads/main", three);
      await references.update("heads/main", three, { expected: three });
      await assertRejects(() => references.remove("heads/main", { expected: one }), ConflictError);
      assertEquals(
        [await references.remove("heads/main", { expected: three }), await references.remove("heads/main")],
        [true, false],
      );
      assertEquals(namesIn(references.directory), ["references.lock"]);
      assertEquals(references.durability, fullName);
    }));

  it("of one name by 50 who expect the same has one winner", () =>
    withTemporaryDirectory(async (directory) => {
      const references = await openReferences(directory);
      const digests = Array.from({ length: 50 }, (_, index) => sha256(`${index}`));
      const results = await Promise.allSettled(
        digests.map((digest) => references.update("a/b", digest, { expected: null })),
      );
      const winners = digests.filter((_, index) => results[index]?.status === "fulfilled");
      assertEquals([winners.length, await references.read("a/b")], [1, winners[0]]);
      for (const result of results) if (result.status === "rejected") assertInstanceOf(result.reason, ConflictError);
    }));

  it("of one name by 50 writers: the last one wins, whole; of 50 names: all land; nothing is left over", async () => {
    for (const delay of ["syncs", "every"] as const) {
      const machine = memoryRuntime({ delay, seed: 7 });
      const references = await openReferences("/r", { runtime: machine });
      const digests = Array.from({ length: 50 }, (_, index) => sha256(`${index}`));
      await Promise.all(digests.map((digest) => references.update("heads/one", digest)));
      assertEquals(await references.read("heads/one"), digests.at(-1));
      await Promise.all(digests.map((digest, index) => references.update(`heads/many/${index}`, digest)));
      for (const [index, digest] of digests.entries()) {
        assertEquals(await references.read(`heads/many/${index}`), digest);
      }
      assertEquals([temporaries(machine), machine.openHandles], [[], []]);
    }
  });

  it("syncs before it renames, and again if nothing changes", () => {
    const { runtime, trace } = traceRuntime(memoryRuntime());
    const references = openReferencesSync("/r", { runtime });
    references.update("heads/main", one);
    const order = trace.filter((line) =>
      /^(write 65|sync|rename|sync .*)$/.test(line.split(" ").slice(0, 2).join(" ")) || /^rename/.test(line)
    );
    const rename = order.findIndex((line) => line.startsWith("rename"));
    assert(rename > 0 && order[rename - 1] === "sync" && order[rename + 1] === "sync /r/heads", order.join("\n"));
    trace.splice(0);
    references.update("heads/main", one);
    assertEquals(trace.filter((line) => line.startsWith("rename")), []);
    assertEquals(trace.filter((line) => /^sync/.test(line)).length, 2, trace.join("\n"));
  });
});

describe("HEAD", () => {
  it("stands on a name that exists or not, or on a digest", () =>
    withTemporaryDirectory(async (directory) => {
      const references = await openReferences(directory);
      assertEquals(await references.readHead(), undefined);
      await references.setHead("heads/main", { expected: null });
      assertEquals(await references.readHead(), { name: "heads/main" });
      await references.update("heads/main", one);
      assertEquals(await references.readHead(), { name: "heads/main", digest: one });
      await assertRejects(() => references.setHead({ digest: two }, { expected: "heads/other" }), ConflictError);
      await references.setHead({ digest: two }, { expected: "heads/main" });
      assertEquals(await references.readHead(), { digest: two });
      await references.setHead("heads/main", { expected: { digest: two } });
      assertEquals(openReferencesSync(directory).readHead(), { name: "heads/main", digest: one });
      assertEquals((await collected(references.list())).length, 1, "HEAD is no reference");
    }));
});

describe("damage", () => {
  it("of a reference or of HEAD is a CorruptionError, and other references are listed", () =>
    withTemporaryDirectory(async (directory) => {
      const references = await openReferences(directory);
      await references.update("good", one);
      for (
        const content of [
          "",
          one,
          `${one}\n\n`,
          one.slice(0, 40),
          `${one.toUpperCase()}\n`,
          "\u0000".repeat(65),
          "\xff\xfe",
        ]
      ) {
        fs.writeFileSync(join(directory, "bad"), content, "latin1");
        fs.writeFileSync(join(directory, "HEAD"), content, "latin1");
        await assertRejects(() => references.read("bad"), CorruptionError);
        await assertRejects(() => references.readHead(), CorruptionError);
        const found: string[] = [];
        await assertRejects(async () => {
          for await (const { name } of references.list()) found.push(name);
        }, CorruptionError);
        assertEquals(found, ["good"]);
      }
      // Nobody reads all of a file that is longer than any of ours: this one is longer than memory.
      for (const name of ["bad", "HEAD"]) fs.truncateSync(join(directory, name), 2 ** 42);
      await assertRejects(() => references.read("bad"), CorruptionError);
      await assertRejects(() => references.readHead(), CorruptionError);
      for (
        const content of ["reference: ", "reference: a/../b\n", "reference: a", "reference: a\nb\n", "reference:a\n"]
      ) {
        fs.writeFileSync(join(directory, "HEAD"), content);
        await assertRejects(() => references.readHead(), CorruptionError);
      }
      // What is damaged can be written anew.
      await references.update("bad", two);
      await references.setHead("bad");
      assertEquals(await references.readHead(), { name: "bad", digest: two });
    }));
});

describe("list", () => {
  it("finds what begins with a prefix, and nothing that is no reference", async () => {
    const machine = memoryRuntime();
    const references = await openReferences("/r", { runtime: machine });
    for (const name of ["heads/main", "heads/maintenance", "heads/x/y", "tags/v1"]) await references.update(name, one);
    machine.put("/r/.foreign", "x");
    machine.put("/r/heads/.main.abcdefghijklmnopqrstuvwxyz.f.tmp", "x");
    const names = async (prefix?: string) => (await collected(references.list(prefix))).map(({ name }) => name);
    assertEquals(await names(), ["heads/main", "heads/maintenance", "heads/x/y", "tags/v1"]);
    assertEquals(await names("heads/main"), ["heads/main", "heads/maintenance"]);
    assertEquals(await names("heads/x/"), ["heads/x/y"]);
    assertEquals(await names("h"), ["heads/main", "heads/maintenance", "heads/x/y"]);
    assertEquals(await names("nothing"), []);
  });

  it("has what symlinks lead to, as reading by a name has; a symlink to a directory is an error after the others", () =>
    withTemporaryDirectory(async (directory) => {
      const references = await openReferences(join(directory, "r"));
      await references.update("heads/main", one);
      await references.update("heads/other", two);
      fs.symlinkSync("main", join(directory, "r/heads/alias"));
      fs.symlinkSync("nowhere", join(directory, "r/heads/dangling"));
      const expected = ["alias", "main", "other"].map((name) => ({
        name: `heads/${name}`,
        digest: name === "other" ? two : one,
      }));
      assertEquals(await collected(references.list()), expected);
      assertEquals(await references.read("heads/alias"), one);
      // On another disk, say: what is read by its name would not be listed, and a collection would take its objects.
      fs.renameSync(join(directory, "r/heads"), join(directory, "elsewhere"));
      fs.symlinkSync("../elsewhere", join(directory, "r/heads"));
      await references.update("tags/v1", three);
      for (const prefix of ["", "heads/", "heads/main"]) {
        const found: Reference[] = [];
        const error = await assertRejects(async () => {
          for await (const reference of references.list(prefix)) found.push(reference);
        }, ReadError);
        assertEquals([error.code, error.path], ["ENOTDIR", join(directory, "r/heads")]);
        assertEquals(found, prefix === "" ? [{ name: "tags/v1", digest: three }] : []);
      }
      assertEquals(await collected(references.list("tags")), [{ name: "tags/v1", digest: three }]);
      assertThrows(() => [...openReferencesSync(join(directory, "r")).list()], ReadError);
    }));
});
