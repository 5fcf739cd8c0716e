/**
 * Content that is equal, but may be in memory alone: once this process knows of a failed sync on a file system it writes
 * there instead of leaving alone, linking or sharing. `skipIfEqual: "proven"` does so from the beginning.
 */
import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { copyFileSync, updateTextFileSync, writeFile, writeFileSync } from "../../mod.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { SystemError } from "../../src/runtime/system_error.ts";
import { openObjectStoreSync } from "../../src/store/mod.ts";
import { dropUnsynced, interceptRuntime } from "../../src/testing/faults/intercept.ts";
import { crashStates, type MemoryRuntime, memoryRuntime, type MountOptions } from "../../src/testing/mod.ts";
import { applyFilesSync } from "../../src/transaction/mod.ts";

/** A machine on which a sync of this process has failed, which took what others had changed with it. */
function failed(before: (machine: MemoryRuntime) => void, disk: MountOptions = {}): MemoryRuntime {
  const machine = memoryRuntime({
    disk: { journal: "silent", ...disk },
    files: { "/d/": { kind: "directory" }, "/f/": { kind: "directory" } },
  });
  before(machine);
  const runtime = interceptRuntime(machine, (call, proceed, file) => {
    if (call.method !== "sync" || file === undefined) return proceed();
    dropUnsynced(file);
    throw new SystemError("EIO", "sync", call.path);
  });
  assertThrows(() => writeFileSync("/f/elsewhere", "x", { runtime }));
  return machine;
}

/** Another program writes a file and does not sync it. */
function writeElsewhere(machine: MemoryRuntime, path: string, text: string): void {
  const file = machine.fork().syncFileSystem.create(path, 0o644);
  file.write(new TextEncoder().encode(text));
  file.close();
}

/** What is there after a power cut, on every disk that one may leave. */
function assertKept(machine: MemoryRuntime, path: string, text: string | undefined): void {
  for (const state of crashStates(machine)) assertEquals(state.start().readText(path), text);
}

/** Acknowledges content that is there already. */
const kinds: [name: string, act: (runtime: Runtime) => unknown][] = [
  ["writeFile with skipIfEqual", (runtime) => writeFileSync("/d/a", "text", { runtime, skipIfEqual: true })],
  ["a stream with skipIfEqual", (runtime) => writeFileSync("/d/a", ["te", "xt"], { runtime, skipIfEqual: true })],
  ["updateTextFile that changes nothing", (runtime) => updateTextFileSync("/d/a", () => undefined, { runtime })],
  ["updateTextFile to the same text", (runtime) => updateTextFileSync("/d/a", (text) => text, { runtime })],
  ["applyFiles", (runtime) => applyFilesSync({ files: [{ path: "/d/a", data: "text" }] }, { runtime })],
  ["applyFiles of a stream", (runtime) => applyFilesSync({ files: [{ path: "/d/a", data: ["text"] }] }, { runtime })],
];

describe("equal content on a file system where a sync has failed", () => {
  for (const [name, act] of kinds) {
    it(`${name}: it is written, and there after a power cut`, () => {
      const machine = failed((machine) => writeElsewhere(machine, "/d/a", "text"));
      const before = machine.statusOf("/d/a")?.identity;
      act(machine);
      assert(machine.statusOf("/d/a")?.identity !== before);
      assertKept(machine, "/d/a", "text");
    });

    it(`${name}: it is left alone where none has failed`, () => {
      const machine = memoryRuntime({ files: { "/d/a": "text" } });
      const before = machine.statusOf("/d/a")?.identity;
      act(machine);
      assertEquals(machine.statusOf("/d/a")?.identity, before);
    });
  }

  it("a backup is a copy, and does not share blocks", () => {
    for (const clone of [false, true]) {
      const machine = failed((machine) => writeElsewhere(machine, "/d/a", "old"), { clone });
      const { backup = "" } = writeFileSync("/d/a", "new", { runtime: machine, backup: 1 });
      assertEquals(machine.readText(backup), "old");
      assertKept(machine, backup, "old");
    }
  });

  it("a copy does not share blocks", () => {
    const machine = failed((machine) => writeElsewhere(machine, "/d/a", "old"), { clone: true });
    copyFileSync("/d/a", "/d/b", { runtime: machine });
    assertKept(machine, "/d/b", "old");
  });

  it("an object that is there is put and kept by being written", () => {
    for (const how of ["put", "keep"] as const) {
      let digest = "";
      const machine = failed((machine) => {
        const elsewhere = openObjectStoreSync("/d/store", { runtime: machine.fork(), durability: "none" });
        digest = elsewhere.put("content");
      });
      const path = `/d/store/${digest.slice(0, 2)}/${digest.slice(2)}`;
      const before = machine.statusOf(path)?.identity;
      assert(before !== undefined);
      const store = openObjectStoreSync("/d/store", { runtime: machine });
      if (how === "put") store.put("content");
      else assertEquals(store.keep(digest), true);
      assertEquals(machine.readText(path), "content");
      assert(machine.statusOf(path)?.identity !== before, how);
    }
  });
});

describe('skipIfEqual: "proven"', () => {
  const write = (runtime: Runtime, text = "text") => writeFile("/d/a", text, { runtime, skipIfEqual: "proven" });

  it("leaves alone what this process has written so, and writes what others have", async () => {
    const machine = memoryRuntime({ files: { "/d/a": "text" } });
    assertEquals([(await write(machine)).changed, (await write(machine)).changed], [true, false]);
    assertEquals((await write(machine.fork())).changed, true);
    assertEquals([(await write(machine)).changed, (await write(machine, "other")).changed], [true, true]);
  });

  it("writes what was written in place since, though it is equal", async () => {
    const machine = memoryRuntime({ files: { "/d/a": "text" } });
    await write(machine);
    machine.clock.advance(1000);
    const file = machine.fork().syncFileSystem.open("/d/a", "read-write");
    file?.write(new TextEncoder().encode("text"));
    file?.close();
    assertEquals((await write(machine)).changed, true);
  });

  it("does not remember what did not become durable", async () => {
    const machine = memoryRuntime({ files: { "/d/a": "text" } });
    const options = { skipIfEqual: "proven", durability: "none", runtime: machine } as const;
    await writeFile("/d/a", "text", options);
    assertEquals((await write(machine)).changed, true);
  });

  it("is the only word that is taken", () => {
    const error = assertThrows(() => writeFileSync("/a", "", { skipIfEqual: "always" as "proven" }));
    assertInstanceOf(error, TypeError);
  });
});
