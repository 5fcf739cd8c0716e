/** An argument that is not what it must be is a TypeError that says its name, what it must be, and what it is. */
import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { describe, it } from "node:test";
import {
  breakLock,
  restoreBackup,
  updateFile,
  updateJsonFileSync,
  updateTextFile,
  withLockSync,
  writeFiles,
} from "../mod.ts";
import { openLog } from "../src/log/mod.ts";
import { openObjectStore, openReferences } from "../src/store/mod.ts";
import { applyFiles, publishDirectory } from "../src/transaction/mod.ts";
import { namesIn } from "./support/files.ts";
import { withTemporaryDirectory } from "./support/temporary_directory.ts";

/** Anything, where the types ask for something else: as it comes from JavaScript. */
const wrong = (value: unknown): never => value as never;

describe("a wrong argument is named with what it is:", () => {
  const rows: readonly (readonly [message: string, call: (path: string) => unknown])[] = [
    ["run must be a function, not 1", (path) => withLockSync(path, wrong(1))],
    ['change must be a function of the current content, not "a"', (path) => updateFile(path, wrong("a"))],
    ["change must be a function of the current content, not an object", (path) => updateJsonFileSync(path, wrong({}))],
    ["what change returns must be a string or undefined, not 1", (path) => updateTextFile(path, () => wrong(1))],
    ["which must be a backup's name or path, not 1", (path) => restoreBackup(path, wrong(1))],
    ["info must be what inspectLock returned, not 1", (path) => breakLock(path, wrong(1))],
    ["A plan must be an object with files, not undefined", () => applyFiles(wrong(undefined))],
    ["build must be a function of a directory, not undefined", (path) => publishDirectory(path, wrong(undefined))],
    ["A record must be a string or bytes, not 1", async (path) => {
      await using log = await openLog(path);
      await log.append(wrong(1));
    }],
    ['records must be an iterable of records, not "a"', async (path) => {
      await using log = await openLog(path);
      await log.appendMany(wrong("a"));
    }],
    ["prefix must be a string, not 1", async (path) => {
      for await (const _ of (await openReferences(path)).list(wrong(1)));
    }],
    ["files must be an iterable of { path, data }, not 1", async (path) => {
      await writeFiles(wrong(path.length > 0 ? 1 : 2));
    }],
    ["files[1] must be an object, not 1", async (path) => {
      await writeFiles([{ path, data: "" }, wrong(1)]);
    }],
    ["contents must be an iterable of contents, not 1", async (path) => {
      await (await openObjectStore(path)).putMany(wrong(1));
    }],
    ["reachable must be an iterable of digests (everything else is removed), not undefined", async (path) => {
      await (await openObjectStore(path)).collectGarbage(wrong({}));
    }],
  ];
  for (const [message, call] of rows) {
    it(message, () =>
      withTemporaryDirectory(async (directory) => {
        await assertRejects(async () => await call(join(directory, "file")), TypeError, message);
        assertEquals(namesIn(directory).filter((name) => name.endsWith(".tmp")), []);
      }));
  }
});
