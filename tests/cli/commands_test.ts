/** `copy`, `remove`, `restore` and `sweep`. */
import { assert, assertEquals } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { digestOf } from "../proof/write_features.ts";
import { asUser } from "../support/other_user.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { answer, atomicWrite, modeOf, names, put, send, start, text, until } from "./command.ts";

/** Runs a command; its status and what it says, with the directory's name replaced. */
async function say(
  directory: string,
  ...args: string[]
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await atomicWrite(directory, args);
  return { code, stdout: stdout.replaceAll(directory, "DIR"), stderr: stderr.replaceAll(directory, "DIR") };
}

const silent = { code: 0, stdout: "", stderr: "" };

describe("copy", () => {
  it("copies content, and mode for a new file", async () => {
    await withTemporaryDirectory(async (directory) => {
      put(directory, "a", "content", 0o600);
      assertEquals(await say(directory, "copy", "a", "b"), silent);
      assertEquals([text(directory, "b"), modeOf(directory, "b")], ["content", "600"]);
      put(directory, "c", "old", 0o640);
      assertEquals(await say(directory, "copy", "--backup", "1", "a", "c"), silent);
      assertEquals([text(directory, "c"), modeOf(directory, "c")], ["content", "640"]);
      assertEquals(names(directory).filter((name) => name.endsWith(".bak")).length, 1);
    });
  });

  it("copies large files, with --keep-times their time", async () => {
    await withTemporaryDirectory(async (directory) => {
      put(directory, "a", new Uint8Array(3_000_000).fill(7));
      fs.utimesSync(join(directory, "a"), 1_000_000_000, 1_000_000_000);
      const result = await answer(directory, ["copy", "--keep-times", "--digest", "a", "b"]);
      assertEquals([result["bytesWritten"], String(result["digest"]).length], [3_000_000, 64]);
      assertEquals(Math.round(fs.statSync(join(directory, "b")).mtimeMs), 1_000_000_000_000);
      assertEquals(await say(directory, "copy", "a", "b"), silent);
      assert(fs.statSync(join(directory, "b")).mtimeMs > 1_500_000_000_000);
    });
  });
});

describe("remove", () => {
  it("removes a file, and says when there was none", async () => {
    await withTemporaryDirectory(async (directory) => {
      put(directory, "a", "x");
      assertEquals(await say(directory, "remove", "a"), silent);
      assertEquals(names(directory), []);
      assertEquals(await say(directory, "remove", "a"), { ...silent, stderr: 'atomic-write: there is no "DIR/a"\n' });
      assertEquals(await say(directory, "remove", "-q", "a"), silent);
      const path = join(directory, "a");
      assertEquals(await answer(directory, ["remove", "a"]), { path, removed: false, durability: "full" });
      put(directory, "a", "x");
      assertEquals(await answer(directory, ["remove", "--durability", "none", "a"]), {
        path,
        removed: true,
        durability: "none",
      });
    });
  });

  it("with --if-match removes that content only", async () => {
    await withTemporaryDirectory(async (directory) => {
      put(directory, "a", "x");
      const other = await answer(directory, ["remove", "--if-match", digestOf("y"), "a"]);
      assertEquals([(other["error"] as { code: string }).code, text(directory, "a")], ["ECONFLICT", "x"]);
      assertEquals((await say(directory, "remove", "--if-match", digestOf("y"), "a")).code, 2);
      assertEquals(await say(directory, "remove", "--if-match", digestOf("x"), "a"), silent);
      assertEquals((await say(directory, "remove", "--if-match", digestOf("x"), "a")).code, 2, "there is none");
      assertEquals(names(directory), ["a.lock"]);
    });
  });
});

describe("restore", () => {
  it("lists the versions, and brings one back", async () => {
    await withTemporaryDirectory(async (directory) => {
      for (const [content, mode] of [["one", "600"], ["two!", "640"], ["three", "644"]] as const) {
        await atomicWrite(directory, ["--backup", "5", "--mode", mode, "a"], { stdin: content });
      }
      const { code, stdout } = await say(directory, "restore", "--list", "a");
      assertEquals(code, 0);
      const lines = stdout.trimEnd().split("\n");
      assertEquals(lines.map((line) => line.replace(/^[0-9T:.-]+Z +/, "").replace(/\..*/, "")), ["4 DIR/", "3 DIR/"]);
      const { backups } = await answer(directory, ["restore", "--list", "a"]) as {
        backups: { path: string; size: number; mode: number }[];
      };
      assertEquals(backups.map(({ size, mode }) => [size, mode]), [[4, 0o640], [3, 0o600]]);

      assertEquals(await say(directory, "restore", "a"), silent);
      assertEquals([text(directory, "a"), modeOf(directory, "a")], ["two!", "640"]);
      const oldest = backups[1]?.path ?? "";
      assertEquals((await answer(directory, ["restore", "a", oldest]))["bytesWritten"], 3);
      assertEquals([text(directory, "a"), modeOf(directory, "a")], ["one", "600"]);
      assertEquals(await say(directory, "restore", "--backup", "9", "a", oldest.split("/").at(-1) ?? ""), silent);
      assertEquals(names(directory).length, 4);
    });
  });
});

describe("sweep", () => {
  it("removes what a killed writer left, once it is old enough, and says what it leaves", async () => {
    await withTemporaryDirectory(async (directory) => {
      fs.mkdirSync(join(directory, "sub"));
      for (const where of ["", "sub/"]) {
        const { child, status } = start(directory, [`${where}a`], { stdin: "pipe" });
        child.stdin?.write(new Uint8Array(2_000_000));
        await until(() => names(join(directory, where)).some((name) => name.endsWith(".tmp")));
        send(child, "SIGKILL");
        await status;
      }
      const left = names(directory).find((name) => name.endsWith(".tmp")) ?? "";
      const young = `kept DIR/${left}: it was changed a moment ago\n`;
      assertEquals(await say(directory, "sweep", "."), { ...silent, stdout: young });
      for (const where of [directory, join(directory, "sub")]) {
        const [name = ""] = names(where).filter((name) => name.endsWith(".tmp"));
        fs.utimesSync(join(where, name), Date.now() / 1000 - 3600, Date.now() / 1000 - 3600);
      }
      // Where the kernel's locks cannot be had without a helper, the name may carry no proof that can be judged here.
      const age = ["--older-than", "600"];
      const tooYoung = '--older-than must be 60 at least, not "59"';
      const refused = await atomicWrite(directory, ["sweep", "--older-than", "59", "."]);
      assertEquals([refused.code, refused.stderr.includes(tooYoung)], [64, true], refused.stderr);
      assertEquals(await say(directory, "sweep", "--dry-run", ...age, "."), {
        ...silent,
        stdout: `would remove DIR/${left}\n`,
      });
      assertEquals(await say(directory, "sweep", ...age, "."), { ...silent, stdout: `removed DIR/${left}\n` });
      assertEquals(names(directory), ["sub"]);
      assertEquals(await say(directory, "sweep", "-q", "-r", ...age, "."), silent);
      assertEquals(names(join(directory, "sub")), []);
      assertEquals(await answer(directory, ["sweep", "-r", "."]), { removed: [], kept: [] });
    });
  });

  it("sweep says even with --quiet what it could not look at", async (t) => {
    await asUser(t, 65_534, async (as) => {
      await withTemporaryDirectory(async (directory) => {
        fs.chmodSync(directory, 0o755);
        fs.mkdirSync(join(directory, "closed"), { mode: 0o700 });
        const { code, stdout, stderr } = await atomicWrite(directory, ["sweep", "-q", "-r", "."], as);
        const line = `kept ${directory}/closed: it could not be examined or removed (EACCES)`;
        assertEquals([code, stdout, stderr], [77, "", `atomic-write: ${line}\n`]);
      });
    });
  });
});
