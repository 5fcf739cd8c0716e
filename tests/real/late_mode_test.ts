/**
 * On real files: a mode or an owner that another program sets while a write is staged is what the new file has, for every
 * way to write and for the command.
 */
import { assert, assertEquals } from "@std/assert";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { applyFiles } from "../../src/transaction/mod.ts";
import { hookedRuntime } from "../support/hooked_runtime.ts";
import { skip } from "../support/skip.ts";
import { spawnScript } from "../support/spawn.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { content, ways } from "./ways.ts";

const shown = (path: string): string => {
  const { mode, uid, gid } = fs.statSync(path);
  return `${(mode & 0o7777).toString(8)} ${uid}:${gid}`;
};

/** A runtime on which another program changes the file as soon as its new content has a place. */
function changedMeanwhile(change: () => void) {
  let changed = false;
  return hookedRuntime({
    create: (real, path, mode) => {
      if (!changed && /\.(tmp|stage)$/.test(path)) {
        changed = true;
        change();
      }
      return real.create(path, mode);
    },
  });
}

const isRoot = process.getuid?.() === 0;
/** What an administrator does, and what becomes of the file that was 644. */
const changes: [program: string, argument: string, kept: string][] = [
  ["chmod", "600", `600 ${process.getuid?.()}:${process.getgid?.()}`],
  ...isRoot ? [["chown", "65534:65534", "644 65534:65534"] as [string, string, string]] : [],
];

describe("another program's change of the file, made while a write is staged, is kept", () => {
  for (const [program, argument, kept] of changes) {
    for (const [name, write] of Object.entries(ways)) {
      it(`${program} ${argument}: ${name}`, async (t) => {
        if (process.platform === "win32") return skip(t, "Windows has no permission bits");
        await withTemporaryDirectory(async (directory) => {
          const path = join(directory, "file");
          fs.writeFileSync(path, "old");
          fs.chmodSync(path, 0o644);
          const runtime = changedMeanwhile(() => execFileSync(program, [argument, path]));
          await write(path, content(1000), { runtime });
          assertEquals([shown(path), fs.readFileSync(path).length], [kept, 1000]);
          assertEquals(fs.readdirSync(directory), ["file"]);
        });
      });
    }

    it(`${program} ${argument}: applyFiles`, async (t) => {
      if (process.platform === "win32") return skip(t, "Windows has no permission bits");
      await withTemporaryDirectory(async (directory) => {
        const path = join(directory, "file");
        fs.writeFileSync(path, "old");
        fs.chmodSync(path, 0o644);
        const runtime = changedMeanwhile(() => execFileSync(program, [argument, path]));
        await applyFiles({ files: [{ path, data: "new" }] }, { runtime });
        assertEquals([shown(path), fs.readFileSync(path, "utf8")], [kept, "new"]);
      });
    });
  }

  it("chmod 600: the command, whose input takes its time", async (t) => {
    if (process.platform === "win32") return skip(t, "Windows has no permission bits");
    await withTemporaryDirectory(async (directory) => {
      const path = join(directory, "file");
      fs.writeFileSync(path, "old");
      fs.chmodSync(path, 0o644);
      const { child, status } = spawnScript("cli.ts", [path], { stdin: "pipe" });
      child.stdin?.write(content(2_000_000));
      const isStaged = () => fs.readdirSync(directory).some((name) => name.endsWith(".tmp"));
      for (let looks = 0; !isStaged() && looks < 5000; looks++) await new Promise((resolve) => setTimeout(resolve, 5));
      assert(isStaged(), "the command has staged nothing of two megabytes");
      execFileSync("chmod", ["600", path]);
      child.stdin?.end();
      const { code, stderr } = await status;
      assertEquals([code, stderr], [0, ""]);
      assertEquals([fs.statSync(path).mode & 0o7777, fs.statSync(path).size], [0o600, 2_000_000]);
    });
  });
});
