/**
 * Real FUSE, whose names and attributes the kernel caches: a rename, link or removal that is reported to have failed and
 * has happened is told as done, or as unknown, never as "unchanged"; one that has not happened is never told as done.
 */
import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { FileError, removeFileSync, writeFile, writeFileSync } from "../../mod.ts";
import { applyFiles } from "../../src/transaction/mod.ts";
import { execute } from "../support/programs.ts";
import { skip } from "../support/skip.ts";
import { spawnScript } from "../support/spawn.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";

type Test = Parameters<typeof skip>[0];

interface Forgetful {
  readonly directory: string;
  /** The next such call reports EIO, after it was carried out or instead of it. */
  lose(call: "rename" | "link" | "unlink", when: "after" | "before"): void;
  /** How many bytes are really behind each name. */
  truth(): Record<string, number>;
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 10));

/** Runs `body` on such a file system; skips where it cannot be mounted. */
async function withForgetful(t: Test, body: (mounted: Forgetful) => void | Promise<void>): Promise<void> {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return skip(t, "needs Linux and root");
  if (!fs.existsSync("/dev/fuse")) return skip(t, "needs /dev/fuse");
  await withTemporaryDirectory(async (directory) => {
    const { child, status } = spawnScript("tests/real/scripts/serve_forgetful.ts", [directory]);
    try {
      const control = join(directory, ".lose");
      for (let looks = 0; !fs.existsSync(control) && looks < 3000; looks++) await pause();
      assert(fs.existsSync(control), "the file system is not there");
      await body({
        directory,
        lose: (call, when) => fs.writeFileSync(control, `${call} ${when}`),
        truth: () => {
          const lines = fs.readFileSync(join(directory, ".truth"), "utf8").split("\n").filter((line) => line !== "");
          return Object.fromEntries(lines.map((line) => [line.split(" ")[0] ?? "", Number(line.split(" ")[2])]));
        },
      });
    } finally {
      if (execute("umount", [directory]).code !== 0) execute("umount", ["--lazy", directory]);
      child.kill("SIGKILL");
      await status;
    }
  });
}

/** What asks for that call, over a file that is there with three bytes or, for a link, is not. */
const operations: [name: string, call: "rename" | "link" | "unlink", act: (path: string) => unknown][] = [
  ["writeFile", "rename", (path) => writeFile(path, "longer")],
  ["writeFileSync", "rename", (path) => writeFileSync(path, "longer")],
  ["writeFile with ifExists: fail", "link", (path) => writeFile(path, "longer", { ifExists: "fail" })],
  ["removeFile", "unlink", (path) => removeFileSync(path)],
];

/** Makes the kernel cache what it knows of the name. */
const remember = (path: string) => fs.statSync(path, { throwIfNoEntry: false });

describe("a call whose answer was lost, on a file system whose names are cached", () => {
  for (const [name, call, act] of operations) {
    for (const when of ["after", "before"] as const) {
      it(`${name}: EIO ${when} the ${call}`, async (t) => {
        await withForgetful(t, async ({ directory, lose, truth }) => {
          const path = join(directory, "file");
          if (call !== "link") fs.writeFileSync(path, "old");
          remember(path);
          lose(call, when);
          const before = truth()["file"];
          let state: string;
          try {
            await act(path);
            // What is asked for once more has been done by then.
            state = "replaced";
          } catch (error) {
            assertInstanceOf(error, FileError);
            assertEquals(error.code, "EIO");
            state = error.targetState;
          }
          const happened = truth()["file"] !== before;
          console.log(`${name}, ${when}: ${state}, ${happened ? "happened" : "did not happen"}`);
          assert(state !== "unchanged" || !happened, "it happened, and is told as unchanged");
          assert(state !== "replaced" || happened, "it did not happen, and is told as done");
          assertEquals(Object.keys(truth()).filter((each) => each.endsWith(".tmp")), []);
        });
      });
    }
  }

  it("applyFiles: EIO after the rename of its journal, or of a file, is not told as unchanged where it is new", async (t) => {
    await withForgetful(t, async ({ directory, lose, truth }) => {
      const path = join(directory, "file");
      fs.writeFileSync(path, "old");
      remember(path);
      lose("rename", "after");
      try {
        await applyFiles({ files: [{ path, data: "longer" }] });
        assertEquals(truth()["file"], 6);
      } catch (error) {
        assertInstanceOf(error, FileError);
        assert(error.targetState !== "unchanged" || truth()["file"] === 3, `${error} and ${truth()["file"]} bytes`);
      }
    });
  });

  it("the method shows it: a look by name tells of the old file", async (t) => {
    await withForgetful(t, ({ directory, lose, truth }) => {
      const [path, other] = [join(directory, "file"), join(directory, "other")];
      fs.writeFileSync(path, "old");
      fs.writeFileSync(other, "longer");
      [path, other].forEach(remember);
      lose("rename", "after");
      assertThrows(() => fs.renameSync(other, path), Error, "EIO");
      assertEquals([truth()["file"], fs.statSync(path).size, fs.statSync(other).size], [6, 3, 6]);
    });
  });
});
