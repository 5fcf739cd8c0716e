/** The stack of an error begins at the line of the caller, and an error of the caller's own is followed by that line. */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { describe, it } from "node:test";
import {
  copyFile,
  copyFileSync,
  FileError,
  readJsonFile,
  readJsonFileSync,
  removeFileSync,
  updateJsonFile,
  updateJsonFileSync,
  updateTextFile,
  withLock,
  withLockSync,
  writeFile,
  writeFileSync,
} from "../mod.ts";
import writeFileAtomic from "../src/compat/mod.ts";
import { type Log, openLog, openLogReader, openLogSync } from "../src/log/mod.ts";
import { type ObjectStore, openObjectStore, openObjectStoreSync } from "../src/store/mod.ts";
import { exploreCrashes, exploreSchedules, memoryRuntime } from "../src/testing/mod.ts";
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

describe("the stack of a TypeError or RangeError of this module begins at the line of the caller", () => {
  const wrong = (value: unknown) => value as never;
  const stored = async (directory: string, call: (store: ObjectStore) => unknown) =>
    await call(await openObjectStore(join(directory, "store")));
  const logged = async (directory: string, call: (log: Log) => unknown) => {
    await using log = await openLog(join(directory, "log"));
    return await call(log);
  };
  const UNKNOWN = 'There is no option "moed"';
  const rows: readonly [name: string, message: string, call: (directory: string, file: string) => unknown][] = [
    ["writeFile", UNKNOWN, (_, file) => writeFile(file, "content", wrong({ moed: 1 }))],
    ["writeFileSync", UNKNOWN, (_, file) => writeFileSync(file, "content", wrong({ moed: 1 }))],
    ["an option", 'mode must be a number such as 0o600, not "rw"', (_, f) => writeFile(f, "", { mode: wrong("rw") })],
    ["a number out of range", "mode must be from 0 to 0o7777, not 0o23417", (_, f) => writeFile(f, "", { mode: 9999 })],
    ["a path", "path must be a path or a file: URL, not 5", () => writeFileSync(wrong(5), "content")],
    ["data", "data must be a string, bytes, a Blob, an iterable or a stream, not 5", (_, f) => writeFile(f, wrong(5))],
    ["copyFileSync", UNKNOWN, (_, file) => copyFileSync(file, `${file}2`, wrong({ moed: 1 }))],
    ["readJsonFileSync", UNKNOWN, (_, file) => readJsonFileSync(file, wrong({ moed: 1 }))],
    [
      "updateJsonFile",
      "change must be a function of the current content, not 5",
      (_, f) => updateJsonFile(f, wrong(5)),
    ],
    [
      "a new value",
      "what change returns must be a string or undefined, not 5",
      (_, f) => updateTextFile(f, () => wrong(5)),
    ],
    ["withLock", "timeout must be 0 ms or more, not -1", (_, file) => withLock(file, () => {}, { timeout: -1 })],
    [
      "withLockSync",
      "timeout must be 0 ms or more, not -1",
      (_, file) => withLockSync(file, () => {}, { timeout: -1 }),
    ],
    ["applyFiles", "files must be an array of files, not 5", () => applyFiles({ files: wrong(5) })],
    ["applyFilesSync", "files must be an array of files, not 5", () => applyFilesSync({ files: wrong(5) })],
    ["openObjectStoreSync", UNKNOWN, (directory) => openObjectStoreSync(directory, wrong({ moed: 1 }))],
    [
      "ObjectStore.put",
      "data must be a string, bytes, a Blob, an iterable or a stream, not true",
      (directory) => stored(directory, (store) => store.put(wrong(true))),
    ],
    [
      "ObjectStore.get",
      'digest must be a SHA-256 in 64 hexadecimal digits, not "zz"',
      (directory) => stored(directory, (store) => store.get("zz")),
    ],
    [
      "ObjectStore.stream",
      'digest must be a SHA-256 in 64 hexadecimal digits, not "zz"',
      (directory) => stored(directory, (store) => store.stream("zz")),
    ],
    ["openLog", UNKNOWN, (_, file) => openLog(file, wrong({ moed: 1 }))],
    ["openLogSync", UNKNOWN, (_, file) => openLogSync(file, wrong({ moed: 1 }))],
    ["openLogReader", UNKNOWN, (_, file) => openLogReader(file, wrong({ moed: 1 }))],
    [
      "Log.append",
      "A record must be a string or bytes, not 5",
      (directory) => logged(directory, (log) => log.append(wrong(5))),
    ],
    [
      "Log.checkpoint",
      UNKNOWN,
      (directory) => logged(directory, (log) => log.checkpoint("content", wrong({ moed: 1 }))),
    ],
    [
      "write-file-atomic's function",
      'mode must be an octal string or a number, not "rw"',
      (_, file) => writeFileAtomic(file, "content", { mode: "rw" }),
    ],
    ["memoryRuntime", 'memoryRuntime: there is no option "moed"', () => memoryRuntime(wrong({ moed: 1 }))],
    ["exploreCrashes", 'exploreCrashes: there is no option "moed"', () => exploreCrashes(wrong({ moed: 1 }))],
    ["exploreSchedules", 'exploreSchedules: there is no option "moed"', () => exploreSchedules(wrong({ moed: 1 }))],
  ];
  for (const [name, message, call] of rows) {
    it(`${name}: ${message}`, () =>
      withTemporaryDirectory(async (directory) => {
        const { error, frames } = await framesOf(() => call(directory, join(directory, "file")));
        // The testing kit goes on with the options that there are.
        assertEquals(error.message.split("; its options are")[0], message);
        assert(isCaller(frames[0]), error.stack);
        assert(error.stack?.startsWith(`${error.name}: ${error.message}\n`), error.stack);
      }));
  }

  it("but not that of a mistake in a callback", () =>
    withTemporaryDirectory(async (directory) => {
      const mistaken = (text?: string) => `${text?.length}${(undefined as unknown as string[]).length}`;
      const { error, frames } = await framesOf(() => updateTextFile(join(directory, "file"), mistaken));
      assert(error instanceof TypeError);
      assert(/\bmistaken\b/.test(frames[0] ?? ""), error.stack);
    }));
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
