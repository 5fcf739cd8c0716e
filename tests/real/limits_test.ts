/**
 * The limits of the system: descriptors, lengths, file sizes, mounts, attributes. Every refusal names its
 * code, says "unchanged", and leaves neither a temporary file nor a doubt.
 */
import { assert, assertEquals } from "@std/assert";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { withLoopFileSystem } from "../support/mounts.ts";
import { cannotUnshare, unshare } from "../support/namespaces.ts";
import { skip } from "../support/skip.ts";
import { spawnScript, type SpawnScriptOptions } from "../support/spawn.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { act, assertRefused } from "./act.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";
import { content, ways } from "./ways.ts";
import { notEmpty } from "../support/tally.ts";

const onWindows = process.platform === "win32";

/** Options that run a script after shell commands that set limits or mounts up. */
const after = (...commands: string[]): SpawnScriptOptions => ({
  wrapper: ["sh", "-c", `${commands.join("; ")}; exec "$@"`, "sh"],
});

describe("descriptors run out", () => {
  for (const way of ["writeFile", "openFileWriter", "copyFile", "writeFileSync"]) {
    it(way, async (t) => {
      if (onWindows) return skip(t, "Windows has no ulimit");
      await withTemporaryDirectory(async (directory) => {
        const file = join(directory, "file");
        fs.writeFileSync(file, "good");
        const { code, stdout, stderr } = await spawnScript(
          "tests/real/scripts/out_of_descriptors.ts",
          [way, file],
          after("ulimit -n 100"),
        ).status;
        assertEquals({ code, stderr }, { code: 0, stderr: "" });
        const outcomes = stdout.trim().split("\n").map((line) => JSON.parse(line) as Outcome);
        assertEquals(outcomes.at(-1)?.failure, undefined);
        const failed = outcomes.slice(0, -1);
        // The directory, then the temporary file; a copy also its source.
        assert(failed.length >= 2, stdout);
        for (const outcome of failed) assertRefused(outcome, "EMFILE");
        assertEquals(fs.readdirSync(directory).sort(), ["file", "file.first", "file.source"]);
        assertEquals(fs.statSync(file).size, 300_000);
      });
    });
  }
});

describe("paths that cannot be written", () => {
  for (const [way, write] of Object.entries(ways)) {
    it(way, async () => {
      await withTemporaryDirectory(async (directory) => {
        const file = join(directory, "file");
        fs.writeFileSync(file, "good");
        fs.mkdirSync(join(directory, "folder"));
        const attempt = (path: string, options = {}) => outcomeOf(() => write(path, content(10), options));

        assertRefused(await attempt(join(directory, "folder")), "EISDIR", "resolve");
        assertRefused(await attempt(`${file}/`), "EISDIR", "resolve");
        assertRefused(await attempt(join(directory, "none", "file")), "ENOENT", "openDirectory");
        assertRefused(await attempt(join(file, "below")), "ENOTDIR");
        assertRefused(await attempt(join(file, "below"), { durability: "none" }), "ENOTDIR");
        assertRefused(await attempt(join(file, "below"), { createDirectories: true }), "ENOTDIR");
        assertRefused(await attempt(join(directory, "n".repeat(256))), "ENAMETOOLONG");
        assertRefused(await attempt(join(directory, "ü".repeat(128))), "ENAMETOOLONG");
        assertEquals((await attempt(join(directory, "n".repeat(255)))).failure, undefined);
        assertEquals((await attempt(join(directory, "ü".repeat(127) + "n"), { backup: 1 })).failure, undefined);
        assertEquals((await attempt(join(directory, "ü".repeat(127) + "n"), { backup: 1 })).failure, undefined);

        const names = fs.readdirSync(directory).filter((name) => !/^(n{255}|ü{127}n)$/.test(name));
        assertEquals(names.filter((name) => !name.endsWith(".bak")).sort(), ["file", "folder"]);
        assertEquals(names.length, 3);
        assertEquals(fs.readFileSync(file, "utf8"), "good");
      });
    });
  }
});

describe("limits of the process and of mounts", () => {
  it("a file size limit", async (t) => {
    if (onWindows) return skip(t, "Windows has no ulimit");
    await withTemporaryDirectory(async (directory) => {
      const file = join(directory, "file");
      fs.writeFileSync(file, "good");
      // The source of a copy would not fit either.
      for (const way of notEmpty(Object.keys(ways).filter((name) => !name.startsWith("copyFile")))) {
        // Units of 512 bytes; without the trap the kernel ends the process.
        const limited = after("trap '' XFSZ", "ulimit -f 4000");
        assertRefused(await act(way, file, limited, 5_000_000), "EFBIG", "write");
        assertEquals(fs.readdirSync(directory), ["file"]);
        assertEquals(fs.readFileSync(file, "utf8"), "good");
      }
    });
  });

  it("a directory in which names can only be added: what must stay is named", async (t) => {
    await withLoopFileSystem(t, { type: "ext4", size: 4 << 20 }, async ({ directory: root }) => {
      const directory = join(root, "directory");
      fs.mkdirSync(directory);
      const file = join(directory, "file");
      fs.writeFileSync(file, "good");
      const { error, status } = spawnSync("chattr", ["+a", directory]);
      if (error !== undefined || status !== 0) {
        return skip(t, "needs the program chattr (Debian: apt-get install e2fsprogs)");
      }
      const left: string[] = [];
      for (const write of Object.values(ways)) {
        const { failure } = await outcomeOf(() => write(file, content(10)));
        const { code, step, targetState, leftBehind = [], cleanupErrors } = failure ?? {};
        assertEquals([code, step, targetState, cleanupErrors], ["EPERM", "rename", "unchanged", 1]);
        left.push(...leftBehind);
        const made = await outcomeOf(() =>
          write(join(directory, `new${left.length}`), content(10), { ifExists: "fail" })
        );
        assertEquals(made.failure, undefined);
        left.push(...made.result?.leftBehind ?? []);
      }
      const found = fs.readdirSync(directory).filter((name) => name.endsWith(".tmp")).map((name) =>
        join(directory, name)
      );
      assertEquals(found.sort(), left.sort());
      assertEquals(fs.readFileSync(file, "utf8"), "good");
    });
  });

  it("a bind-mounted file", async (t) => {
    const reason = cannotUnshare("--mount");
    if (reason !== undefined) return skip(t, reason);
    await withTemporaryDirectory(async (directory) => {
      const [elsewhere, file] = [join(directory, "elsewhere"), join(directory, "file")];
      fs.writeFileSync(elsewhere, "mounted");
      fs.writeFileSync(file, "good");
      // The mount is gone with the process, whatever happens to it.
      const wrapper = [
        ...unshare("--mount"),
        "sh",
        "-c",
        'mount --bind "$0" "$1" && shift && exec "$@"',
        elsewhere,
        file,
      ];
      for (const way of Object.keys(ways)) {
        assertRefused(await act(way, file, { wrapper }), "EBUSY", "rename");
        assertEquals(fs.readdirSync(directory).sort(), ["elsewhere", "file"]);
        assertEquals(fs.readFileSync(file, "utf8") + fs.readFileSync(elsewhere, "utf8"), "goodmounted");
      }
    });
  });
});
