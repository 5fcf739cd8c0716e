/** `atomic-write [write] FILE`: every flag, seen from outside. */
import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { skip } from "../support/skip.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { answer, atomicWrite, modeOf, names, put, text } from "./command.ts";

/** Runs the command, expects it to succeed without a word. */
async function succeed(
  directory: string,
  args: readonly string[],
  stdin: string | Uint8Array = "new\n",
): Promise<string> {
  const { code, signal, stdout, stderr } = await atomicWrite(directory, args, { stdin });
  assertEquals({ code, signal, stderr }, { code: 0, signal: null, stderr: "" });
  return stdout;
}

/** Runs the command, expects it to fail with this status and this first line. */
async function fail(
  directory: string,
  args: readonly string[],
  status: number,
  message: string | RegExp,
  stdin = "new\n",
): Promise<string[]> {
  const { code, stdout, stderr } = await atomicWrite(directory, args, { stdin });
  const [line = "", ...more] = stderr.replaceAll(directory, "DIR").split("\n");
  if (typeof message === "string") assertEquals(line, `atomic-write: ${message}`);
  else assert(message.test(line), line);
  assertEquals({ code, stdout }, { code: status, stdout: "" }, stderr);
  return more;
}

describe("atomic-write FILE", () => {
  it("makes a file, and replaces it, silently", async () => {
    await withTemporaryDirectory(async (directory) => {
      assertEquals(await succeed(directory, ["a"], "one"), "");
      assertEquals(await succeed(directory, ["write", "a"], "two"), "");
      assertEquals([names(directory), text(directory, "a")], [["a"], "two"]);
    });
  });

  it("tells machines what it did", async () => {
    await withTemporaryDirectory(async (directory) => {
      const path = join(directory, "a");
      const made = {
        path,
        bytesWritten: 3,
        changed: true,
        replaced: false,
        durability: "full",
        lost: [],
        unchecked: [],
      };
      assertEquals(await answer(directory, ["a"], { stdin: "one" }), made);
      const replaced = await answer(directory, ["a", "--digest"], { stdin: "three" });
      const digest = createHash("sha256").update("three").digest("hex");
      // What the command's runtime can see is its own: whatever that is, nothing is lost.
      const unchecked = Reflect.get(Object(replaced), "unchecked");
      assertEquals(replaced, { ...made, bytesWritten: 5, replaced: true, unchecked, digest });
    });
  });

  it("writes names of all kinds", async () => {
    await withTemporaryDirectory(async (directory) => {
      const all = [
        "with space",
        "line\nbreak",
        "ünïcödé 𝄞",
        "-dash",
        "--json",
        "a".repeat(255),
        "ö".repeat(127),
        "write",
      ];
      for (const name of all) await succeed(directory, ["write", "--", name], name);
      assertEquals(names(directory), all.sort());
      for (const name of all) assertEquals(text(directory, name), name);
      fs.mkdirSync(join(directory, "sub"));
      await succeed(join(directory, "sub"), ["../with space"], "from below");
      await succeed(directory, [join(directory, "absolute")], "absolute");
      assertEquals([text(directory, "with space"), text(directory, "absolute")], ["from below", "absolute"]);
    });
  });

  it("does not take a command for a file", async () => {
    await withTemporaryDirectory(async (directory) => {
      const hint = (name: string) => [`atomic-write: hint: a file of that name is "./${name}"`, ""];
      const needs = ["atomic-write: hint: see --help", ""];
      assertEquals(await fail(directory, ["lock"], 64, "FILE is missing"), needs);
      const order = (name: string) => `"${name}" is a command, and a command comes first`;
      assertEquals(await fail(directory, ["--mode", "600", "lock"], 64, order("lock")), hint("lock"));
      const misplaced = await fail(
        directory,
        ["--mode", "600", "copy", "a"],
        64,
        'Unexpected argument "a"; only FILE is accepted',
      );
      assertEquals(misplaced, ['atomic-write: hint: "copy" is a command, and a command comes first', ""]);
      assertEquals(await fail(directory, ["-q", "--", "help"], 64, order("help")), hint("help"));
      assertEquals(names(directory), []);
      await succeed(directory, ["./lock"]);
      await succeed(directory, ["write", "sweep"]);
      assertEquals(names(directory), ["lock", "sweep"]);
    });
  });
});

describe("the flags of write", () => {
  it("--mode is exact, whatever the umask; without it the mode is kept", async () => {
    await withTemporaryDirectory(async (directory) => {
      const before = process.umask(0o077);
      try {
        await succeed(directory, ["--mode", "666", "a"]);
        await succeed(directory, ["b"]);
      } finally {
        process.umask(before);
      }
      assertEquals([modeOf(directory, "a"), modeOf(directory, "b")], ["666", "600"]);
      put(directory, "c", "", 0o640);
      await succeed(directory, ["c"]);
      assertEquals(modeOf(directory, "c"), "640");
      await succeed(directory, ["--mode=0400", "c"]);
      assertEquals(modeOf(directory, "c"), "400");
    });
  });

  it("--owner sets user and group, by number or name", async (t) => {
    if (process.getuid?.() !== 0) return skip(t, "needs root");
    await withTemporaryDirectory(async (directory) => {
      const owner = (name: string) => {
        const { uid, gid } = fs.statSync(join(directory, name));
        return `${uid}:${gid}`;
      };
      await succeed(directory, ["--owner", "1234:2345", "a"]);
      assertEquals(owner("a"), "1234:2345");
      await succeed(directory, ["--owner", ":99", "a"]);
      assertEquals(owner("a"), "1234:99");
      await succeed(directory, ["--owner", "77:", "a"]);
      assertEquals(owner("a"), "77:99");
      await succeed(directory, ["--owner", "root:root", "a"]);
      assertEquals(owner("a"), "0:0");
      await succeed(directory, ["--owner", "5", "--mode", "4755", "a"]);
      assertEquals([owner("a"), modeOf(directory, "a")], ["5:0", "4755"]);
    });
  });

  it("--backup keeps the last versions", async () => {
    await withTemporaryDirectory(async (directory) => {
      for (const version of ["1", "2", "3", "4"]) await succeed(directory, ["--backup", "2", "a"], version);
      const backups = names(directory).filter((name) => name !== "a");
      assertEquals(backups.map((name) => text(directory, name)), ["2", "3"]);
      assert(backups.every((name) => /^\.a\..+\.bak$/.test(name)), String(backups));
    });
  });

  it("--create and --if-match none never replace a file", async () => {
    await withTemporaryDirectory(async (directory) => {
      for (const flags of [["--create"], ["--if-match", "none"], ["--create", "--if-match", "none"]]) {
        put(directory, "a", "old");
        await fail(
          directory,
          [...flags, "a"],
          2,
          'Cannot create "DIR/a": it exists already (EEXIST); the file is unchanged',
        );
        assertEquals([names(directory), text(directory, "a")], [["a"], "old"]);
        fs.rmSync(join(directory, "a"));
        await succeed(directory, [...flags, "a"]);
        assertEquals([names(directory), text(directory, "a")], [["a"], "new\n"]);
      }
    });
  });

  it("--skip-equal leaves an equal file alone, but for its mode", async () => {
    await withTemporaryDirectory(async (directory) => {
      put(directory, "a", "same", 0o600);
      const before = fs.statSync(join(directory, "a"));
      const result = await answer(directory, ["--skip-equal", "--mode", "640", "a"], { stdin: "same" });
      assertEquals([result["changed"], result["bytesWritten"]], [false, 0]);
      const after = fs.statSync(join(directory, "a"));
      assertEquals([after.ino, after.mtimeMs, modeOf(directory, "a")], [before.ino, before.mtimeMs, "640"]);
      assertEquals((await answer(directory, ["--skip-equal", "a"], { stdin: "other" }))["changed"], true);
      assertEquals([names(directory), text(directory, "a")], [["a"], "other"]);
    });
  });

  it("--durability says how far, and the result how far it came", async () => {
    await withTemporaryDirectory(async (directory) => {
      for (const durability of ["full", "file", "none"]) {
        const result = await answer(directory, ["--durability", durability, "a"], { stdin: "x" });
        assertEquals(result["durability"], durability);
      }
      await succeed(directory, ["--durability", "barrier", "--when-unsupported", "throw", "a"]);
      await fail(
        directory,
        ["--durability", "most", "a"],
        64,
        '--durability must be full, barrier, file, or none, not "most"',
      );
    });
  });

  it("--symlink follows, replaces or refuses", async () => {
    await withTemporaryDirectory(async (directory) => {
      put(directory, "a", "old");
      fs.symlinkSync("a", join(directory, "link"));
      await succeed(directory, ["link"], "followed");
      assertEquals(text(directory, "a"), "followed");
      await succeed(directory, ["--symlink", "follow", "link"], "again");
      assertEquals(text(directory, "a"), "again");
      const refused = 'Cannot write "DIR/link": it is a symlink (ELOOP); the file is unchanged';
      await fail(directory, ["--symlink", "refuse", "link"], 73, refused);
      assert(fs.lstatSync(join(directory, "link")).isSymbolicLink());
      await succeed(directory, ["--symlink", "replace", "link"], "replaced");
      assert(fs.lstatSync(join(directory, "link")).isFile());
      assertEquals([text(directory, "a"), text(directory, "link")], ["again", "replaced"]);
    });
  });

  it("--hard-link breaks, and says so, or refuses", async () => {
    await withTemporaryDirectory(async (directory) => {
      put(directory, "a", "old");
      fs.linkSync(join(directory, "a"), join(directory, "b"));
      await fail(
        directory,
        ["--hard-link", "refuse", "a"],
        73,
        /^atomic-write: Cannot replace "DIR\/a": it has 2 names .*\(EMLINK\); the file is unchanged$/,
      );
      assertEquals(text(directory, "a"), "old");
      const { code, stderr } = await atomicWrite(directory, ["a"], { stdin: "new" });
      const note = `atomic-write: "${join(directory, "a")}" is written, but not everything was kept: hard-links\n`;
      assertEquals({ code, stderr }, { code: 0, stderr: note });
      assertEquals([text(directory, "a"), text(directory, "b")], ["new", "old"]);
      fs.linkSync(join(directory, "a"), join(directory, "c"));
      assertEquals((await atomicWrite(directory, ["--quiet", "a"], { stdin: "x" })).stderr, "");
    });
  });

  it("--mkdir creates directories; without it the message says how", async () => {
    await withTemporaryDirectory(async (directory) => {
      const missing = 'Cannot create "DIR/x/y/a": there is no directory "DIR/x/y" (ENOENT); no file was created';
      const more = await fail(directory, ["x/y/a"], 73, missing);
      assertEquals(more, ["atomic-write: hint: --mkdir creates missing directories", ""]);
      await succeed(directory, ["--mkdir", "x/y/a"]);
      assertEquals(text(directory, "x/y/a"), "new\n");
    });
  });

  it("--append-newline adds one where it is missing", async () => {
    await withTemporaryDirectory(async (directory) => {
      const large = "x".repeat(3_000_000);
      for (
        const [input, output] of [["a", "a\n"], ["a\n", "a\n"], ["\n", "\n"], [large, `${large}\n`], [
          `${large}\n`,
          `${large}\n`,
        ]]
      ) {
        await succeed(directory, ["--append-newline", "a"], input);
        assert(text(directory, "a") === output, `${input?.length} characters`);
      }
      await succeed(directory, ["--append-newline", "--allow-empty", "a"], "");
      assertEquals(text(directory, "a"), "");
    });
  });
});
