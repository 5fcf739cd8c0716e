/** Which file a path means: as people, URLs and working directories write it. */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Buffer } from "node:buffer";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import {
  copyFile,
  listBackups,
  openFileWriter,
  readTextFile,
  removeFile,
  sweep,
  WriteError,
  writeFile,
  writeFileSync,
} from "../mod.ts";
import { memoryRuntime, traceRuntime } from "../src/testing/mod.ts";
import { namesIn, textOf } from "./support/files.ts";
import { withTemporaryDirectory } from "./support/temporary_directory.ts";

/** Runs with another working directory, and goes back. */
async function inDirectory<T>(directory: string, run: () => Promise<T>): Promise<T> {
  const before = process.cwd();
  process.chdir(directory);
  try {
    return await run();
  } finally {
    process.chdir(before);
  }
}

const names = [
  "plain",
  "with space",
  "with\nnewline",
  "with\ttab",
  "-rf",
  "--",
  "~",
  "*?[a]",
  "%41%2F",
  "#hash?query",
  "back\\slash",
  'quote"',
  ".hidden",
  "...",
  ".a.tmp",
  "äöü",
  "日本語",
  "\u{1F600}",
  "e\u0301",
  "C:",
  "n".repeat(255),
  "ä".repeat(127),
  "\u{1F600}".repeat(63),
];

for (const name of names) {
  test(`writeFile, copyFile, readTextFile and removeFile take the name ${JSON.stringify(name.slice(0, 20))} as it is`, () =>
    withTemporaryDirectory((directory) =>
      inDirectory(directory, async () => {
        const path = join(directory, name);
        assertEquals((await writeFile(path, "one")).path, path);
        assertEquals((await writeFile(name, "two", { backup: 1 })).path, path);
        assertEquals((await listBackups(name)).length, 1);
        writeFileSync(pathToFileURL(path), "three");
        assertEquals([await readTextFile(name), textOf(path)], ["three", "three"]);
        fs.writeFileSync("source", "four");
        await copyFile("source", name);
        assertEquals([textOf(path), (await removeFile(name)).removed], ["four", true]);
        assertEquals(namesIn(directory).filter((each) => each !== "source" && !each.endsWith(".bak")), []);
      })
    ));
}

test("writeFile refuses a name of 256 bytes with the system's own error, and changes nothing", () =>
  withTemporaryDirectory(async (directory) => {
    for (const name of ["n".repeat(256), "ä".repeat(128)]) {
      const error = await assertRejects(() => writeFile(join(directory, name), "new"), WriteError);
      assertEquals([error.code, error.targetState], ["ENAMETOOLONG", "unchanged"]);
    }
    assertEquals(namesIn(directory), []);
  }));

for (
  const [name, make] of [
    ["a trailing slash", (path) => `${path}/`],
    ["two trailing slashes", (path) => `${path}//`],
    ["a trailing /.", (path) => `${path}/.`],
    ["a trailing /..", (path) => `${path}/..`],
    ["a trailing slash in a URL", (path) => pathToFileURL(`${path}/`)],
  ] as [string, (path: string) => string | URL][]
) {
  test(`writeFile and removeFile refuse ${name}, which can only mean a directory`, () =>
    withTemporaryDirectory(async (directory) => {
      for (const base of ["there", "not-there"]) {
        fs.writeFileSync(join(directory, "there"), "old");
        const path = make(join(directory, base));
        for (const attempt of [() => writeFile(path, "new"), () => removeFile(path)]) {
          const error = await assertRejects(attempt, WriteError);
          assertEquals([error.code, error.step, error.targetState], ["EISDIR", "resolve", "unchanged"]);
        }
        assertEquals([namesIn(directory), textOf(join(directory, "there"))], [["there"], "old"]);
      }
    }));
}

for (
  const [what, path] of [
    ["an empty path", ""],
    ["a NUL in a path", "a\0b"],
    ["a NUL in a URL", new URL("file:///a%00b")],
    ["a lone surrogate in a path", "/a\ud800b"],
    ["an encoded slash in a URL", new URL("file:///a%2Fb")],
    ["a host in a URL", new URL("file://host/a")],
    ["a URL of the web", new URL("https://host/a")],
    ["a URL that is not UTF-8", new URL("file:///a%FFb")],
    ["a number", 5],
    ["null", null],
    ["undefined", undefined],
    ["an array", ["a"]],
    ["bytes", Buffer.from("a")],
  ] as [string, string][]
) {
  test(`every function refuses ${what} with a TypeError, before any I/O`, async () => {
    const { runtime, trace } = traceRuntime(memoryRuntime());
    const calls: (() => Promise<unknown>)[] = [
      () => writeFile(path, "new", { runtime }),
      () => copyFile(path, "/b", { runtime }),
      () => copyFile("/b", path, { runtime }),
      () => removeFile(path, { runtime }),
      () => openFileWriter(path, { runtime }),
      () => readTextFile(path, { runtime }),
      () => sweep(path, { runtime }),
      () => listBackups(path, { runtime }),
    ];
    for (const call of calls) await assertRejects(call, TypeError);
    assertThrows(() => writeFileSync(path, "new", { runtime }), TypeError);
    if (path !== undefined) {
      await assertRejects(() => writeFile("/a", "new", { runtime, backupDirectory: path }), TypeError);
      await assertRejects(() => listBackups("/a", { runtime, backupDirectory: path }), TypeError);
    }
    assertEquals(trace, []);
  });
}

test("every relative path is seen from the working directory of the moment of the call", () =>
  withTemporaryDirectory(async (directory) => {
    for (const name of ["first", "second", "backups", "first/deep"]) fs.mkdirSync(join(directory, name));
    fs.writeFileSync(join(directory, "first/file"), "old");
    fs.writeFileSync(join(directory, "first/copied"), "source");
    let go = () => {};
    const gate = new Promise<void>((resolve) => go = resolve);
    const slow = async function* () {
      yield "new ";
      await gate;
      yield "content";
    };
    const results = await inDirectory(join(directory, "first"), async () => {
      const writer = await openFileWriter("writer");
      const calls = [
        writeFile("file", slow(), { backup: 2, backupDirectory: "../backups" }),
        writeFile("../first/other", slow(), { createDirectories: true }),
        writeFile("deep/er/file", slow(), { createDirectories: true }),
        copyFile("copied", "copy"),
      ];
      return await inDirectory(join(directory, "second"), async () => {
        go();
        await writer.write("x");
        return (await Promise.all([...calls, writer.commit()])).map(({ path }) => path);
      });
    });
    const expected = ["file", "other", "deep/er/file", "copy", "writer"].map((name) => join(directory, "first", name));
    assertEquals(results, expected);
    assertEquals(namesIn(join(directory, "second")), []);
    assertEquals(namesIn(join(directory, "first")), ["copied", "copy", "deep", "file", "other", "writer"]);
    assertEquals(namesIn(join(directory, "backups")).length, 1);
    assertEquals((await listBackups(expected[0] ?? "", { backupDirectory: join(directory, "backups") })).length, 1);
  }));

test("a relative path with .. leads where the system would lead it, also through a symlink", () =>
  withTemporaryDirectory((directory) =>
    inDirectory(directory, async () => {
      fs.mkdirSync("a/b", { recursive: true });
      fs.mkdirSync("x");
      fs.symlinkSync("../a/b", "x/link");
      await writeFile("x/link/../through", "1");
      await writeFile("x/../plain", "2");
      await writeFile("./x/./dots", "3");
      process.chdir("x/link");
      await writeFile("../../up", "4");
      await writeFile("../beside", "5");
      process.chdir(directory);
      assertEquals(
        ["a/through", "plain", "x/dots", "up", "a/beside"].map((path) => textOf(join(directory, path))),
        ["1", "2", "3", "4", "5"],
      );
    })
  ));

test("an absolute path works where the working directory is gone", () =>
  withTemporaryDirectory(async (directory) => {
    const gone = join(directory, "gone");
    fs.mkdirSync(gone);
    await inDirectory(gone, async () => {
      fs.rmdirSync(gone);
      await writeFile(join(directory, "file"), "new");
      const error = await assertRejects(() => writeFile("relative", "new"), WriteError);
      assertEquals([error.code, error.step, error.targetState], ["ENOENT", "workingDirectory", "unchanged"]);
    });
    assertEquals(namesIn(directory), ["file"]);
  }));
