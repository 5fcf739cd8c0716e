/**
 * Real FUSE, whose names and attributes the kernel caches: a rename, link or removal that is reported to have failed and
 * has happened is told as done, or as unknown, never as "unchanged"; one that has not happened is never told as done.
 */
import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { FileError, removeFileSync, writeFile, writeFileSync } from "../../mod.ts";
import { applyFiles } from "../../src/transaction/mod.ts";
import { withForgetful } from "./forgetful.ts";

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
          assert(state !== "unchanged" || !happened, "it happened, and is reported as unchanged");
          assert(state !== "replaced" || happened, "it did not happen, and is reported as done");
          assertEquals(Object.keys(truth()).filter((each) => each.endsWith(".tmp")), []);
        });
      });
    }
  }

  it("applyFiles: EIO after the rename of its journal, or of a file, is not reported as unchanged where it is new", async (t) => {
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
