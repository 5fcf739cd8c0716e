/** A full disk, and a user who may only read: what is there is served, what cannot be done is said, nothing is left over. */
import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { openLog, openLogReader, openLogSync } from "../../src/log/mod.ts";
import {
  FileError,
  openObjectStore,
  openObjectStoreSync,
  openReferences,
  openReferencesSync,
} from "../../src/store/mod.ts";
import { type MemoryRuntime, memoryRuntime } from "../../src/testing/mod.ts";
import { collected, sha256, temporaries } from "./support.ts";

/** Does something until it fails; how often it succeeded, and the error. */
async function untilFull(step: (number: number) => Promise<unknown>): Promise<{ done: number; error: FileError }> {
  for (let done = 0;; done++) {
    try {
      await step(done);
    } catch (error) {
      assert(FileError.is(error), String(error));
      return { done, error };
    }
    assert(done < 10_000, "it never fails");
  }
}

const makeRoom = (machine: MemoryRuntime): void => void machine.syncFileSystem.remove("/ballast");

describe("a full disk", () => {
  const fullSoon = () => memoryRuntime({ disk: { capacity: 120_000 }, files: { "/ballast": "x".repeat(40_000) } });

  it("takes no more objects, serves those that are there, and takes more again when there is room", async () => {
    const machine = fullSoon();
    const store = await openObjectStore("/s", { runtime: machine });
    const text = (number: number) => `${number} `.repeat(2_000);
    const { done, error } = await untilFull((number) => store.put(number % 2 === 0 ? text(number) : [text(number)]));
    assert(done > 5);
    assertEquals([error.code, error.targetState, error.leftBehind], ["ENOSPC", "unchanged", []]);
    assertEquals([temporaries(machine), machine.openHandles], [[], []]);
    assertEquals(await store.verify(), { checked: done, corrupt: [] });
    makeRoom(machine);
    assertEquals(await store.put(text(done)), sha256(text(done)));
    // Removing needs no room.
    assertEquals((await store.collectGarbage({ reachable: [], grace: 0 })).removed.length, done + 1);
  });

  it("leaves a reference as it was", async () => {
    const machine = fullSoon();
    const references = await openReferences("/r", { runtime: machine });
    await references.update("heads/main", sha256("one"));
    // Up to the last byte: smaller and smaller files, until not even one fits.
    for (let size = 40_000, number = 0; size >= 1; number++) {
      try {
        const file = machine.syncFileSystem.create(`/fill${number}`, 0o644);
        if (file.write(new Uint8Array(size)) < size) size = 0;
        file.close();
      } catch {
        size = 0;
      }
    }
    const error = await assertRejects(() => references.update("heads/main", sha256("two")));
    assertInstanceOf(error, FileError);
    assertEquals([error.code, error.targetState], ["ENOSPC", "unchanged"]);
    assertEquals(await references.read("heads/main"), sha256("one"));
    assertEquals([temporaries(machine), machine.openHandles], [[], []]);
    makeRoom(machine);
    await references.update("heads/main", sha256("two"));
  });

  it("takes no more records, keeps those that were acknowledged, and goes on when there is room", async () => {
    const machine = fullSoon();
    const log = await openLog("/log", { runtime: machine });
    const { done, error } = await untilFull((number) => log.append(`${number} `.repeat(900)));
    assertEquals([error.code, error.targetState], ["ENOSPC", "unchanged"]);
    assertEquals((await collected(log.read())).length, done);
    const failed = await assertRejects(() => log.checkpoint("s".repeat(200_000)));
    assertInstanceOf(failed, FileError);
    assertEquals([failed.code, failed.targetState], ["ENOSPC", "unchanged"]);
    makeRoom(machine);
    assertEquals(await log.append("more"), done + 1);
    await log.checkpoint("all");
    await log.close();
    assertEquals([temporaries(machine), machine.openHandles], [[], []]);
    assertEquals(openLogSync("/log", { runtime: machine }).nextSequence, done + 2);
  });
});

describe("a user who may only read", () => {
  const prepared = () => {
    const machine = memoryRuntime({ user: 0 });
    const digest = openObjectStoreSync("/s", { runtime: machine }).put("content");
    openReferencesSync("/r", { runtime: machine }).update("heads/main", digest);
    const log = openLogSync("/log", { runtime: machine });
    log.append("record");
    log.close();
    const files = machine.files();
    return { machine, user: machine.fork({ user: 1000 }), digest, files };
  };

  it("reads objects, references and logs", async () => {
    const { user, digest } = prepared();
    const store = await openObjectStore("/s", { runtime: user });
    assertEquals(new TextDecoder().decode(await store.get(digest)), "content");
    assertEquals([await collected(store.list()), await store.verify()], [[digest], { checked: 1, corrupt: [] }]);
    const references = await openReferences("/r", { runtime: user });
    assertEquals(await collected(references.list()), [{ name: "heads/main", digest }]);
    assertEquals((await collected(openLogReader("/log", { runtime: user }).read())).length, 1);
  });

  it("gets an error that names what is not permitted, and has changed nothing", async () => {
    const { machine, user, digest, files } = prepared();
    const store = await openObjectStore("/s", { runtime: user });
    const references = await openReferences("/r", { runtime: user });
    const calls: Record<string, () => Promise<unknown>> = {
      "put": () => store.put("other"),
      "put of what is there": () => store.put("content"),
      "keep": () => store.keep(digest),
      "collectGarbage": () => store.collectGarbage({ reachable: [], grace: 0 }),
      "update": () => references.update("heads/main", sha256("other")),
      "update of another": () => references.update("heads/other", digest),
      "remove": () => references.remove("heads/main"),
      "setHead": () => references.setHead("heads/main"),
      "openLog": () => openLog("/log", { runtime: user }),
      "openLog of another": () => openLog("/other", { runtime: user }),
    };
    for (const [name, call] of Object.entries(calls)) {
      const error = await assertRejects(call);
      assert(FileError.is(error), `${name}: ${error}`);
      assertEquals([error.code, error.targetState], ["EACCES", "unchanged"], name);
    }
    assertThrows(() => openObjectStoreSync("/new/store", { runtime: user }), FileError, "EACCES");
    assertEquals([machine.files(), user.openHandles], [files, []]);
  });
});
