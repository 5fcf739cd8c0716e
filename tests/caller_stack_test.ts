/** The stack of an error begins at the line of the caller, and an error of the caller's own is followed by that line. */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { describe, it } from "node:test";
import {
  copyFile,
  FileError,
  readJsonFile,
  readJsonFileSync,
  removeFileSync,
  updateJsonFile,
  updateJsonFileSync,
  withLock,
  withLockSync,
  writeFile,
  writeFileSync,
} from "../mod.ts";
import { openObjectStore } from "../src/store/mod.ts";
import { applyFiles, applyFilesSync } from "../src/transaction/mod.ts";
import { withTemporaryDirectory } from "./support/temporary_directory.ts";

const fail = (): never => {
  throw new Error("mine");
};

/** The error of `call` when a function named `theCaller` calls it, and the frames of its stack. */
async function framesOf(call: () => unknown): Promise<{ error: Error; frames: string[] }> {
  async function theCaller(): Promise<void> {
    await call();
  }
  try {
    await theCaller();
  } catch (error) {
    assert(error instanceof Error);
    const frames = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
    return { error, frames };
  }
  throw new Error("It has not failed");
}

/** The line of the call itself: the arrow function in the tables below, or whoever awaits its promise. */
const isCaller = (frame: string | undefined): boolean => /theCaller|caller_stack_test/.test(frame ?? "");

describe("the stack of an error of this module begins at the line of the caller", () => {
  const rows: Readonly<Record<string, (directory: string) => unknown>> = {
    "writeFile": (directory) => writeFile(join(directory, "none", "file"), "content"),
    "writeFileSync": (directory) => writeFileSync(join(directory, "none", "file"), "content"),
    "writeFile of a stream": (directory) => writeFile(join(directory, "none", "file"), new Blob(["content"]).stream()),
    "copyFile": (directory) => copyFile(join(directory, "none"), join(directory, "file")),
    "readJsonFile": (directory) => readJsonFile(directory),
    "readJsonFileSync": (directory) => readJsonFileSync(directory),
    "updateJsonFile": (directory) => updateJsonFile(directory, () => ({})),
    "updateJsonFileSync": (directory) => updateJsonFileSync(directory, () => ({})),
    "withLock": (directory) => withLock(join(directory, "none", "file"), () => {}),
    "applyFiles": (directory) => applyFiles({ files: [{ path: join(directory, "none", "file"), data: "content" }] }),
    "applyFilesSync": (directory) =>
      applyFilesSync({ files: [{ path: join(directory, "none", "file"), data: "content" }] }),
    "removeFileSync": (directory) => removeFileSync(directory),
    "ObjectStore.get": async (directory) => {
      const store = await openObjectStore(join(directory, "store"));
      return await store.get("0".repeat(64));
    },
  };
  for (const [name, call] of Object.entries(rows)) {
    it(name, () =>
      withTemporaryDirectory(async (directory) => {
        const { error, frames } = await framesOf(() => call(directory));
        assert(isCaller(frames[0]), error.stack);
        if (FileError.is(error)) assert(error.stack?.startsWith(`${error.name}: ${error.message}\n`), error.stack);
      }));
  }
});

describe("the stack of an error that a callback throws is kept, and leads to the caller", () => {
  const rows: Readonly<Record<string, (file: string) => unknown>> = {
    "updateJsonFile": (file) => updateJsonFile(file, fail),
    "updateJsonFileSync": (file) => updateJsonFileSync(file, fail),
    "withLock": (file) => withLock(file, fail),
    "withLockSync": (file) => withLockSync(file, fail),
    "a callback that waits": (file) =>
      withLock(file, async () => {
        await Promise.resolve();
        fail();
      }),
  };
  for (const [name, call] of Object.entries(rows)) {
    it(name, () =>
      withTemporaryDirectory(async (directory) => {
        const { error, frames } = await framesOf(() => call(join(directory, "file")));
        assertEquals(error.message, "mine");
        assert(/\bfail\b/.test(frames[0] ?? ""), error.stack);
        assert(frames.slice(1).some((frame) => frame.includes("theCaller")), error.stack);
      }));
  }

  it("also when it is frozen, or thrown again by a call around it", () =>
    withTemporaryDirectory(async (directory) => {
      const frozen = Object.freeze(new Error("frozen"));
      const file = join(directory, "file");
      const rethrown = await framesOf(() =>
        withLock(file, () =>
          updateJsonFile(`${file}.other`, () => {
            throw frozen;
          }))
      );
      assertEquals(rethrown.error, frozen);
      const inner = await framesOf(() =>
        withLock(file, async function holder() {
          await writeFile(join(directory, "none", "file"), "content");
        })
      );
      assert(/holder/.test(inner.frames[0] ?? ""), inner.error.stack);
    }));
});
