/** The sync of a file that was opened for reading, through a second handle that may write. */
import { test } from "node:test";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { currentRuntime } from "../../src/runtime/current.ts";
import type { OpenFile } from "../../src/runtime/runtime.ts";
import { syncThrough } from "../../src/runtime/sync_through.ts";
import { SystemError } from "../../src/runtime/system_error.ts";
import { memoryRuntime } from "../../src/testing/mod.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";

const file = { path: "/a", identity: "1:2" };

/** A handle that notes what is done with it. */
function handle(identity: string, notes: string[], sync: () => void | Promise<void>): OpenFile {
  const { syncFileSystem } = memoryRuntime({ files: { "/a": "x" } });
  const found = syncFileSystem.open("/a", "read-write");
  if (found === undefined) throw new Error("There is no /a");
  const opened = found.stat();
  return Object.assign(Object.create(found), {
    opened: { ...opened, identity },
    sync: (level: string) => {
      notes.push(`sync ${level}`);
      return sync();
    },
    close: () => {
      notes.push("close");
    },
  });
}

test("syncThrough syncs the same file through the second handle, and closes that one", async () => {
  const notes: string[] = [];
  syncThrough(file, () => handle("1:2", notes, () => {}), "full");
  await syncThrough(file, () => handle("1:2", notes, () => Promise.resolve()), "barrier");
  assertEquals(notes, ["sync full", "close", "sync barrier", "close"]);
});

test("syncThrough syncs no other file, and says ESTALE", () => {
  const notes: string[] = [];
  for (const reopen of [() => handle("1:3", notes, () => {}), () => undefined]) {
    const error = assertThrows(() => syncThrough(file, reopen, "full"), SystemError);
    assertEquals([error.code, error.call, error.path], ["ESTALE", "sync", "/a"]);
  }
  assertEquals(notes, ["close"]);
});

test("syncThrough closes the second handle after a sync that failed, and tells why", async () => {
  const notes: string[] = [];
  const failure = new SystemError("EIO", "sync", "/a");
  const failing = () => {
    throw failure;
  };
  const thrown = assertThrows(() => syncThrough(file, () => handle("1:2", notes, failing), "full"));
  const rejecting = () => handle("1:2", notes, () => Promise.reject(failure));
  const rejected = await assertRejects(() => Promise.resolve(syncThrough(file, rejecting, "full")));
  assertEquals([thrown, rejected], [failure, failure]);
  assertEquals(notes, ["sync full", "close", "sync full", "close"]);
});

test("syncThrough calls what keeps it from opening the file a failed sync", () => {
  const refused = new SystemError("EBUSY", "open", "/a");
  const reopen = () => {
    throw refused;
  };
  const error = assertThrows(() => syncThrough(file, reopen, "full"), SystemError);
  assertEquals([error.code, error.call, error.cause], ["EBUSY", "sync", refused]);
});

test("a file that is open for reading can be synced", async () => {
  await withTemporaryDirectory(async (directory) => {
    for (const fileSystem of [currentRuntime().fileSystem, currentRuntime().syncFileSystem]) {
      const path = `${directory}/a`;
      await (await fileSystem.create(path, 0o644)).close();
      const file = await fileSystem.open(path, "read");
      await file?.sync("full");
      await file?.close();
      assertEquals(await fileSystem.remove(path), true);
    }
  });
});
