/** What a directory that could not be synced means for everything below it. Found by the fault sweep of tests/proof. */
import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { WriteError, writeFileSync } from "../../mod.ts";
import { crashStates, faultRuntime, memoryRuntime } from "../../src/testing/mod.ts";

const directory = { kind: "directory" } as const;
const options = { createDirectories: true } as const;

test("a made directory that may not be opened lowers the durability, of this write and of the next", () => {
  const machine = memoryRuntime({ files: { "/data": directory } });
  const closed = faultRuntime(machine, {
    at: ({ method, path }) => method === "openDirectory" && path === "/data/a",
    error: "EACCES",
    times: "always",
  });
  assertEquals(writeFileSync("/data/a/b/one", "1", { ...options, runtime: closed.runtime }).durability, "file");
  assertEquals(writeFileSync("/data/a/b/two", "2", { ...options, runtime: closed.runtime }).durability, "file");
});

test("a directory is not known to be durable while one above it is not", () => {
  const machine = memoryRuntime({ files: { "/data": directory } });
  let failing = true;
  const once = faultRuntime(machine, {
    at: ({ method, path }) => failing && method === "sync" && path === "/data",
    error: "EINTR",
    times: "always",
  });
  assertThrows(() => writeFileSync("/data/a/b/file", "1", { ...options, runtime: once.runtime }), WriteError);
  failing = false;
  assertEquals(writeFileSync("/data/a/b/file", "1", { ...options, runtime: once.runtime }).durability, "full");
  for (const state of crashStates(machine)) assertEquals(state.start().readText("/data/a/b/file"), "1");
});

test("a backup whose name could not be synced lowers the durability", () => {
  const machine = memoryRuntime({ files: { "/d/a": "old", "/k": directory } });
  const { runtime } = faultRuntime(machine, {
    at: ({ method, path }) => method === "openDirectory" && path === "/k",
    error: "EACCES",
  });
  const result = writeFileSync("/d/a", "new", { backup: 1, backupDirectory: "/k", runtime });
  assertEquals([result.durability, machine.readText(String(result.backup))], ["file", "old"]);
});

test("a create-only write whose link reported failure but was done leaves no second name", () => {
  const machine = memoryRuntime({ files: { "/d": directory } });
  const { runtime } = faultRuntime(machine, { at: ({ method }) => method === "link", error: "EIO", effect: "done" });
  const error = assertThrows(() => writeFileSync("/d/a", "new", { ifExists: "fail", runtime }), WriteError);
  assertEquals([error.targetState, machine.files()], ["replaced", { "/d/a": "new" }]);
});
