/** Mode and owner of a replaced file, on the real file system. Owners need root; see also metadata_rules_test.ts. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { copyFile, openFileWriter, removeFile, writeFile, writeFileSync, type WriteFileSyncOptions } from "../mod.ts";
import { currentRuntime } from "../src/runtime/current.ts";
import { interceptRuntime } from "../src/testing/faults/intercept.ts";
import { isRoot, modeOf, namesIn, textOf, withUmask } from "./support/files.ts";
import { withLoopFileSystem } from "./support/mounts.ts";
import { asUser } from "./support/other_user.ts";
import { skip } from "./support/skip.ts";
import { spawnScript } from "./support/spawn.ts";
import { withTemporaryDirectory } from "./support/temporary_directory.ts";

const octal = (mode: number): string => mode.toString(8).padStart(4, "0");
const masks = [0o000, 0o022, 0o077];

/** Every function that writes, and whether it makes a new file like the source. */
const writers: [string, (path: string, options?: WriteFileSyncOptions) => Promise<unknown>][] = [
  ["writeFile", (path, options) => writeFile(path, "new", options)],
  ["writeFileSync", (path, options) => Promise.resolve(writeFileSync(path, "new", options))],
  ["writeFile of a stream", (path, options) => writeFile(path, new Blob(["new"]).stream(), options)],
  ["openFileWriter", async (path, options) => {
    const writer = await openFileWriter(path, options);
    await writer.write("new");
    await writer.commit();
  }],
];

for (const mask of masks) {
  test(`under umask ${octal(mask)} every function keeps the mode, takes a given one exactly, and makes new files 0666 less the mask`, () =>
    withUmask(mask, () =>
      withTemporaryDirectory(async (directory) => {
        const path = join(directory, "file");
        for (const [name, write] of writers) {
          for (const mode of [0o600, 0o640, 0o644, 0o666, 0o660, 0o755, 0o777, 0o444, 0o1644]) {
            fs.writeFileSync(path, "old");
            fs.chmodSync(path, mode);
            await write(path);
            assertEquals(octal(modeOf(path)), octal(mode), `${name} keeps`);
            await write(path, { mode: mode ^ 0o022 });
            assertEquals(octal(modeOf(path)), octal(mode ^ 0o022), `${name} over a file`);
            await removeFile(path);
            await write(path, { mode });
            assertEquals(octal(modeOf(path)), octal(mode), `${name} anew`);
            await removeFile(path);
            await write(path, { defaults: { mode } });
            await write(path, { defaults: { mode: 0o123 } });
            assertEquals(octal(modeOf(path)), octal(mode), `${name} by default`);
            await removeFile(path);
          }
          await write(path);
          assertEquals(octal(modeOf(path)), octal(0o666 & ~mask), name);
          await removeFile(path);
        }
      })));

  test(`under umask ${octal(mask)} copyFile makes new files like the source less the mask, and keeps the mode of others`, () =>
    withUmask(mask, () =>
      withTemporaryDirectory(async (directory) => {
        const [source, target] = [join(directory, "source"), join(directory, "target")];
        for (const mode of [0o600, 0o644, 0o755, 0o4777]) {
          fs.writeFileSync(source, "new");
          fs.chmodSync(source, mode);
          await copyFile(source, target);
          assertEquals(octal(modeOf(target)), octal(mode & 0o777 & ~mask));
          fs.chmodSync(target, 0o640);
          await copyFile(source, target);
          assertEquals(octal(modeOf(target)), "0640");
          await removeFile(target);
        }
      })));
}

test("setuid and setgid are dropped and reported, unless the mode says so", (t) =>
  withTemporaryDirectory(async (directory) => {
    if (!isRoot) return skip(t, "needs root on Linux");
    const path = join(directory, "file");
    for (
      const [before, options, after, lost] of [
        [0o4755, {}, 0o755, ["setuid"]],
        [0o2755, {}, 0o755, ["setgid"]],
        [0o6755, {}, 0o755, ["setuid", "setgid"]],
        [0o6755, { mode: 0o6755 }, 0o6755, []],
        [0o755, { mode: 0o4750 }, 0o4750, []],
      ] as [number, WriteFileSyncOptions, number, string[]][]
    ) {
      fs.writeFileSync(path, "old");
      fs.chownSync(path, 1234, 2345);
      fs.chmodSync(path, before);
      assertEquals((await writeFile(path, "new", options)).lost, lost);
      const { uid, gid } = fs.statSync(path);
      assertEquals([octal(modeOf(path)), uid, gid], [octal(after), 1234, 2345]);
    }
  }));

const ourGroup = process.getgid?.() ?? 0;

for (
  const [what, options, expected] of [
    ["by default", {}, [1234, 2345]],
    ['with "keep"', { owner: "keep" }, [1234, 2345]],
    ['with "leave"', { owner: "leave" }, [0, ourGroup]],
    ["with numbers", { owner: { user: 17, group: 18 } }, [17, 18]],
    ["with a user alone", { owner: { user: 17 } }, [17, 2345]],
    ["with a group alone", { owner: { group: 18 } }, [1234, 18]],
    ["with a name", { owner: { user: "root" } }, [0, 2345]],
    ["with numbers as text", { owner: { user: "4711", group: "4712" } }, [4711, 4712]],
    ["with nothing in it", { owner: {} }, [1234, 2345]],
    ["with defaults for new files", { defaults: { owner: { user: 17, group: 18 } } }, [1234, 2345]],
  ] as [string, WriteFileSyncOptions, [number, number]][]
) {
  test(`the owner of a replaced file ${what} is ${expected.join(":")}`, (t) =>
    withTemporaryDirectory(async (directory) => {
      if (!isRoot) return skip(t, "needs root on Linux");
      const path = join(directory, "file");
      for (const [name, write] of writers) {
        fs.writeFileSync(path, "old");
        fs.chownSync(path, 1234, 2345);
        fs.chmodSync(path, 0o640);
        await write(path, options);
        const { uid, gid } = fs.statSync(path);
        assertEquals([uid, gid, octal(modeOf(path))], [...expected, "0640"], name);
      }
    }));
}

test("the owner of a new file is that of defaults, or the one that is given", (t) =>
  withTemporaryDirectory(async (directory) => {
    if (!isRoot) return skip(t, "needs root on Linux");
    const defaults = { owner: { user: 17, group: 18 }, mode: 0o640 };
    for (const [options, expected] of [[{ defaults }, [17, 18]], [{ defaults, owner: { user: 5 } }, [5, 0]]] as const) {
      const path = join(directory, expected.join("-"));
      await writeFile(path, "new", options);
      const { uid, gid } = fs.statSync(path);
      assertEquals([uid, gid, octal(modeOf(path))], [...expected, "0640"]);
    }
  }));

test("a name nobody bears is a RangeError that has changed nothing", () =>
  withTemporaryDirectory(async (directory) => {
    const path = join(directory, "file");
    fs.writeFileSync(path, "old");
    for (const owner of [{ user: "no such user" }, { group: "no such group" }]) {
      await assertRejects(() => writeFile(path, "new", { owner }), RangeError, "no such");
      await assertRejects(() => writeFile(join(directory, "new"), "new", { defaults: { owner } }), RangeError);
    }
    assertEquals([namesIn(directory), textOf(path)], [["file"], "old"]);
  }));

test("a user who is not root keeps what is permitted, the rest is reported as lost; what was requested explicitly is an error", (t) =>
  asUser(t, 1234, (as) =>
    withTemporaryDirectory(async (directory) => {
      fs.chownSync(directory, 1234, 1234);
      const path = join(directory, "file");
      const write = async (options: WriteFileSyncOptions) => {
        fs.writeFileSync(path, "old");
        fs.chownSync(path, 2345, 2345);
        fs.chmodSync(path, 0o664);
        const { stdout, stderr } = await spawnScript(
          "tests/support/scripts/write_once.ts",
          [path, JSON.stringify(options)],
          as,
        ).status;
        assert(stdout !== "", stderr);
        return JSON.parse(stdout);
      };
      assertEquals((await write({})).lost, ["owner", "group", "mode"]);
      const { uid, gid } = fs.statSync(path);
      assertEquals([uid, gid, octal(modeOf(path)), textOf(path)], [1234, 1234, "0644", "new"]);
      assertEquals(await write({ owner: { user: 2345 } }), {
        name: "WriteError",
        code: "EPERM",
        step: "setOwner",
        targetState: "unchanged",
      });
      assertEquals([namesIn(directory), textOf(path)], [["file"], "old"]);
      assertEquals((await write({ owner: { group: 1234 } })).lost, ["owner"]);
    })));

test("the default ACL of a directory holds for a new file", (t) =>
  withTemporaryDirectory(async (directory) => {
    try {
      execFileSync("setfacl", ["-d", "-m", "u:1234:rw,g::r,o::-,m::rw", directory], { stdio: "ignore" });
    } catch {
      return skip(t, "needs setfacl and a file system with ACLs");
    }
    const [ours, theirs] = [join(directory, "ours"), join(directory, "theirs")];
    await withUmask(0o077, async () => {
      await writeFile(ours, "new");
      fs.writeFileSync(theirs, "new");
    });
    const acl = (path: string) => execFileSync("getfacl", ["--omit-header", path], { encoding: "utf8" });
    assertEquals(acl(ours), acl(theirs));
    assert(acl(ours).includes("user:1234:rw-"), acl(ours));
  }));

test("where new files get their directory's group, a kept mode is not open to that group for an instant", (t) =>
  withLoopFileSystem(t, { type: "ext4", size: 4 << 20, options: "grpid" }, async ({ directory }) => {
    fs.chownSync(directory, 0, 1234);
    const path = join(directory, "file");
    fs.writeFileSync(path, "old");
    fs.chownSync(path, 0, 0);
    fs.chmodSync(path, 0o660);
    const created: string[] = [];
    const runtime = interceptRuntime(currentRuntime(), (call, proceed) => {
      const result = proceed();
      if (call.method === "create") created.push(`${fs.statSync(call.path).gid} ${octal(modeOf(call.path))}`);
      return result;
    });
    await writeFile(path, "new", { runtime });
    assertEquals([created, fs.statSync(path).gid, octal(modeOf(path))], [["1234 0600"], 0, "0660"]);
  }));
