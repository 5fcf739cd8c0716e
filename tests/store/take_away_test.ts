/** Single objects taken away: removed, or moved to where damaged ones are kept; and what a put says of what it found. */
import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "node:test";
import {
  type Digest,
  MissingObjectError,
  openObjectStore,
  openObjectStoreSync,
  type StoredObject,
} from "../../src/store/mod.ts";
import { faultRuntime, memoryRuntime, traceRuntime } from "../../src/testing/mod.ts";
import { digestOf } from "../proof/write_features.ts";
import { notEmpty } from "../support/tally.ts";

const damage = (machine: ReturnType<typeof memoryRuntime>, digest: Digest, text = "rot") => {
  const path = `/s/${digest.slice(0, 2)}/${digest.slice(2)}`;
  machine.syncFileSystem.remove(path);
  const file = machine.syncFileSystem.create(path, 0o644) as { write(bytes: Uint8Array): number; close(): void };
  file.write(new TextEncoder().encode(text));
  file.close();
};

describe("ObjectStore.remove", () => {
  it("removes one object, durably, in the store's lock; and says whether it was there", async () => {
    const { runtime, trace } = traceRuntime(memoryRuntime());
    const store = await openObjectStore("/s", { runtime });
    const [one, two] = [await store.put("one"), await store.put("two")];
    trace.length = 0;
    assertEquals([await store.remove(one), await store.remove(one), await store.remove(digestOf("never"))], [
      true,
      false,
      false,
    ]);
    const calls = trace.map((line) => line.split(" ")[0]);
    assertEquals(calls.lastIndexOf("remove") < calls.lastIndexOf("sync"), true, trace.join("\n"));
    assertEquals([await store.has(one), await store.has(two), store.durability], [false, true, "full"]);
    await assertRejects(() => store.get(one), MissingObjectError);
    assertEquals(await store.put("one"), one);
  });

  it("that fails says what has happened to the object", async () => {
    for (const [method, targetState] of notEmpty([["remove", "unchanged"], ["sync", "replaced"]] as const)) {
      const machine = memoryRuntime();
      const digest = openObjectStoreSync("/s", { runtime: machine }).put("one");
      const { runtime } = faultRuntime(machine, {
        at: (call) => call.method === method && call.path.startsWith("/s/"),
        error: "EIO",
        times: "always",
      });
      const store = await openObjectStore("/s", { runtime });
      const error = await assertRejects(() => store.remove(digest));
      assertEquals([method, Reflect.get(error as object, "targetState")], [method, targetState]);
    }
  });
});

describe("ObjectStore.verify", () => {
  it("with quarantine moves what is damaged out of the way; put again, it is whole", async () => {
    const machine = memoryRuntime();
    const store = await openObjectStore("/s", { runtime: machine });
    const digests = await store.putMany(["one", "two", "three"]);
    const [one = "", two = ""] = digests;
    damage(machine, one);
    damage(machine, two, "");
    const corrupt = [one, two].sort();
    assertEquals(await store.verify(), { checked: 3, corrupt });
    assertEquals(await store.verify({ quarantine: true }), { checked: 3, corrupt, quarantined: corrupt });
    assertEquals([await store.has(one), machine.readText(`/s/damaged/${one}`)], [false, "rot"]);
    assertEquals(await store.verify({ quarantine: true }), { checked: 1, corrupt: [], quarantined: [] });
    await store.put("one");
    damage(machine, one, "rot again");
    assertEquals((await store.verify({ quarantine: true })).quarantined, [one]);
    assertEquals(machine.readText(`/s/damaged/${one}`), "rot again");
    await store.collectGarbage({ reachable: [], grace: 0 });
    assertEquals(machine.readText(`/s/damaged/${one}`), "rot again");
  });

  it("with quarantine leaves what is put again in the meantime, and does the same synchronously", () => {
    const machine = memoryRuntime();
    const store = openObjectStoreSync("/s", { runtime: machine });
    const digest = store.put("one");
    damage(machine, digest);
    const onProgress = () => void store.put("one");
    assertEquals(store.verify({ quarantine: true, onProgress }), { checked: 1, corrupt: [digest], quarantined: [] });
    assertEquals(new TextDecoder().decode(store.get(digest)), "one");
  });
});

describe("ObjectStore.put", () => {
  it("says whether the object was new, present, or damaged and repaired", async () => {
    for (const hardLinks of notEmpty([true, false])) {
      const machine = memoryRuntime({ disk: { hardLinks }, files: { "/f": "one" } });
      const store = await openObjectStore("/s", { runtime: machine });
      const found: StoredObject[] = [];
      const options = { onStored: (object: StoredObject) => void found.push(object) };
      const digest = await store.put("one", options);
      await store.put("one", options);
      await store.putFile("/f", options);
      damage(machine, digest);
      await store.put("one", options);
      await Promise.all([store.put("two", options), store.put("two", options)]);
      const expected = ["new", "present", "present", "repaired", "new", "present"];
      assertEquals([hardLinks, found.map(({ found }) => found)], [hardLinks, expected]);
      const thrown = new Error("of the caller");
      const error = await assertRejects(() =>
        store.put("three", {
          onStored: () => {
            throw thrown;
          },
        })
      );
      assertEquals([error, await store.has(digestOf("three"))], [thrown, true]);
    }
  });
});
