/** Symlinks and hard links at a path: followed, replaced, refused, reported. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  copyFile,
  openFileWriter,
  removeFile,
  WriteError,
  writeFile,
  writeFileSync,
  type WriteFileSyncOptions,
} from "../mod.ts";
import { memoryRuntime } from "../src/testing/mod.ts";
import { inodeOf, isRoot, modeOf, namesIn, textOf } from "./support/files.ts";
import { skip } from "./support/skip.ts";
import { withTemporaryDirectory } from "./support/temporary_directory.ts";

/** Link texts that lead to `a/target`, from the directory `links`. */
const texts: [string, (directory: string) => string][] = [
  ["a relative link", () => "../a/target"],
  ["an absolute link", (directory) => join(directory, "a/target")],
  ["a link with . and empty parts", () => "./..//a/./target"],
  ["a link through a linked directory", () => "../through/../a/target"],
  ["a link to a link", () => "second"],
];

for (const [name, text] of texts) {
  for (const exists of [true, false]) {
    const what = `${name} ${exists ? "to a file" : "that dangles"}`;
    test(`writeFile writes through ${what}, and names the file it wrote`, () =>
      withTemporaryDirectory(async (directory) => {
        for (const folder of ["a", "links", "a/inner"]) fs.mkdirSync(join(directory, folder));
        fs.symlinkSync("a/inner", join(directory, "through"));
        const link = join(directory, "links/link");
        fs.symlinkSync(text(directory), link);
        fs.symlinkSync("../a/target", join(directory, "links/second"));
        const target = join(directory, "a/target");
        // `..` of a linked directory is the real one's parent.
        const real = name.includes("linked directory") ? join(directory, "a/a/target") : target;
        if (real !== target) fs.mkdirSync(join(directory, "a/a"));
        if (exists) {
          fs.writeFileSync(real, "old");
          fs.chmodSync(real, 0o600);
        }
        const result = await writeFile(link, "new");
        assertEquals([fs.realpathSync.native(result.path), result.replaced], [real, exists]);
        assertEquals([textOf(real), fs.readlinkSync(link)], ["new", text(directory)]);
        if (exists) assertEquals(modeOf(real), 0o600);
        assertEquals(namesIn(join(directory, "links")), ["link", "second"]);
      }));
  }
}

test("writeFile refuses to write through a link to a name that is not UTF-8, which would be another file", (t) =>
  withTemporaryDirectory(async (directory) => {
    const link = join(directory, "link");
    // By a shell: not every runtime makes such a link.
    const { status } = spawnSync("sh", ["-c", `ln -s "$(printf 'caf\\351')" "$1"`, "sh", link]);
    if (status !== 0) return skip(t, "needs names that are not UTF-8");
    const error = await assertRejects(() => writeFile(link, "new"), WriteError);
    assertEquals([error.code, error.step, error.targetState], ["EILSEQ", "readLink", "unchanged"]);
    assertEquals(namesIn(directory), ["link"]);
    await writeFile(link, "new", { symlink: "replace" });
    assertEquals(textOf(link), "new");
  }));

test("writeFile writes through a chain of 39 links, and refuses a longer one and a loop with ELOOP", () =>
  withTemporaryDirectory(async (directory) => {
    for (let link = 1; link <= 45; link++) fs.symlinkSync(`link-${link - 1}`, join(directory, `link-${link}`));
    assertEquals((await writeFile(join(directory, "link-39"), "new")).path, join(directory, "link-0"));
    fs.symlinkSync("loop", join(directory, "loop"));
    fs.symlinkSync("two", join(directory, "one"));
    fs.symlinkSync("one", join(directory, "two"));
    for (const name of ["link-45", "loop", "one"]) {
      const error = await assertRejects(() => writeFile(join(directory, name), "x"), WriteError);
      assertEquals([error.code, error.step, error.targetState], ["ELOOP", "resolve", "unchanged"]);
    }
    assertEquals(textOf(join(directory, "link-0")), "new");
  }));

for (const text of ["target/", "target//", "target/.", "target/..", "..", ".", "/"]) {
  test(`writeFile refuses a link to ${JSON.stringify(text)}, which can only mean a directory`, () =>
    withTemporaryDirectory(async (directory) => {
      fs.writeFileSync(join(directory, "target"), "old");
      fs.symlinkSync(text, join(directory, "link"));
      const error = await assertRejects(() => writeFile(join(directory, "link"), "new"), WriteError);
      assertEquals([error.code, error.step], ["EISDIR", "resolve"]);
      assertEquals([textOf(join(directory, "target")), namesIn(directory)], ["old", ["link", "target"]]);
    }));
}

/** What each rule does with each kind of link: the text at the link and at its target afterwards, or a code. */
const rules: [WriteFileSyncOptions["symlink"], kind: string, text: string, expected: [string, string] | string][] = [
  ["follow", "a file", "target", ["→ target", "new"]],
  ["replace", "a file", "target", ["new", "old"]],
  ["refuse", "a file", "target", "ELOOP"],
  ["follow", "a directory", "folder", "EISDIR"],
  ["replace", "a directory", "folder", ["new", "old"]],
  ["refuse", "a directory", "folder", "ELOOP"],
  ["replace", "nothing", "nowhere", ["new", "old"]],
  ["refuse", "nothing", "nowhere", "ELOOP"],
];

const writers: [string, (path: string, options: WriteFileSyncOptions) => unknown][] = [
  ["writeFile", (path, options) => writeFile(path, "new", options)],
  ["writeFileSync", (path, options) => writeFileSync(path, "new", options)],
  ["copyFile", (path, options) => copyFile("/source", path, options)],
  ["openFileWriter", async (path, options) => {
    const writer = await openFileWriter(path, options);
    await writer.write("new");
    await writer.commit();
  }],
];

for (const [symlink, kind, text, expected] of rules) {
  test(
    `symlink ${JSON.stringify(symlink)} on a link to ${kind} ${
      typeof expected === "string" ? `is ${expected}` : `leaves ${expected.join(" and ")}`
    }, in every function that writes`,
    async () => {
      for (const [name, write] of writers) {
        const machine = memoryRuntime({
          files: { "/source": "new", "/target": "old", "/folder": { kind: "directory" }, "/link": { symlink: text } },
        });
        const before = machine.files();
        const options: WriteFileSyncOptions = { runtime: machine, backup: 1, ...symlink && { symlink } };
        if (typeof expected === "string") {
          const error = await assertRejects(async () => await write("/link", options), WriteError);
          assertEquals([error.code, error.targetState, machine.files()], [expected, "unchanged", before], name);
        } else {
          await write("/link", options);
          const { "/link": link, "/target": target } = machine.files();
          assertEquals([link, target], expected, name);
        }
      }
    },
  );
}

test('symlink "replace" makes no backup of a link: its content stays where it is', async () => {
  const machine = memoryRuntime({ files: { "/target": "old", "/link": { symlink: "target" } } });
  const result = await writeFile("/link", "new", { runtime: machine, symlink: "replace", backup: 3 });
  assertEquals([result.backup, result.replaced], [undefined, true]);
  assertEquals(machine.files(), { "/target": "old", "/link": "new" });
});

test("removeFile removes a link itself, and never what it leads to", async () => {
  const machine = memoryRuntime({ files: { "/target": "old", "/link": { symlink: "target" } } });
  assertEquals((await removeFile("/link", { runtime: machine })).removed, true);
  assertEquals(machine.files(), { "/target": "old" });
});

test("writeFile does not follow another user's link in a real sticky directory, even as root", (t) =>
  withTemporaryDirectory(async (directory) => {
    if (!isRoot) return skip(t, "needs root on Linux");
    const everybodys = join(directory, "everybodys");
    fs.mkdirSync(everybodys);
    fs.chmodSync(everybodys, 0o1777);
    const target = join(directory, "target");
    fs.writeFileSync(target, "old");
    for (const [user, text] of [[1001, "old"], [0, "new"]] as const) {
      const link = join(everybodys, `link-of-${user}`);
      fs.symlinkSync(target, link);
      fs.lchownSync(link, user, user);
      const error = await writeFile(link, "new").then(() => undefined, (error) => error);
      assertEquals([error?.code, textOf(target)], [text === "old" ? "EACCES" : undefined, text]);
    }
  }));

test("a replaced file with further names is separated from them, and says so in lost", () =>
  withTemporaryDirectory(async (directory) => {
    const [path, other] = [join(directory, "file"), join(directory, "other")];
    fs.writeFileSync(path, "old");
    fs.linkSync(path, other);
    assertEquals((await writeFile(path, "new")).lost.sort(), ["hard-links"]);
    assertEquals([textOf(path), textOf(other)], ["new", "old"]);
    assertEquals((await writeFile(path, "newer")).lost, []);
  }));

test('hardLink "refuse" leaves a file with further names alone, and writes any other', () =>
  withTemporaryDirectory(async (directory) => {
    const [path, other] = [join(directory, "file"), join(directory, "other")];
    fs.writeFileSync(path, "old");
    fs.linkSync(path, other);
    const inode = inodeOf(path);
    const error = await assertRejects(() => writeFile(path, "new", { hardLink: "refuse" }), WriteError);
    assertEquals([error.code, error.step, error.targetState], ["EMLINK", "resolve", "unchanged"]);
    assert(error.message.includes("2 names"), error.message);
    assertEquals([namesIn(directory), textOf(path), inodeOf(path)], [["file", "other"], "old", inode]);
    fs.unlinkSync(other);
    assertEquals((await writeFile(path, "new", { hardLink: "refuse" })).changed, true);
  }));

/** What `ifExists: "fail"` leaves when it is killed between link and unlink. */
const temporaryName = (target: string) => `.${target}.${"a".repeat(26)}.f.tmp`;

for (
  const [name, counts] of [[temporaryName("file"), false], [temporaryName("other"), true], ["other", true]] as const
) {
  test(`the name ${name} of a file ${counts ? "counts" : "is our own and does not count"} as a further name`, () => {
    const machine = memoryRuntime({ files: { "/file": "old" } });
    machine.syncFileSystem.link("/file", `/${name}`);
    const write = (options: WriteFileSyncOptions) => writeFileSync("/file", "new", { ...options, runtime: machine });
    if (counts) assertThrows(() => write({ hardLink: "refuse" }), WriteError, "it has 2 names");
    else assertEquals(write({ hardLink: "refuse" }).lost, []);
    machine.syncFileSystem.remove(`/${name}`);
    machine.syncFileSystem.link("/file", `/${name}`);
    assertEquals(write({}).lost.sort(), counts ? ["hard-links"] : []);
  });
}
