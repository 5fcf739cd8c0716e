/** Room: a bound on the calls that have files open, and a queue beyond it that never stands still. */
import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "node:test";
import {
  acquireLock,
  inspectLock,
  openFileWriter,
  readTextFile,
  tryLock,
  updateFile,
  withLock,
  writeFile,
} from "../../mod.ts";
import writeFileAtomic from "../../src/compat/mod.ts";
import { openLog, openLogReader } from "../../src/log/mod.ts";
import { memoryRuntime } from "../../src/testing/mod.ts";
import { sharesFor } from "../../src/protocol/room_shares.ts";
import { openObjectStore, openReferences } from "../../src/store/mod.ts";
import { applyFiles, listGenerations, publishDirectory } from "../../src/transaction/mod.ts";
import { openFileLimitIn } from "../../src/runtime/linux_limits.ts";

/** Room for two in each of the rooms. */
const narrow = () => memoryRuntime({ openFileLimit: 50, delay: "every" });
const together = <T>(count: number, call: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => call(index)));

describe("room", () => {
  it("is as much as the system allows, and not more than is of use", () => {
    const rows = [[30, 2, 1, 2], [64, 2, 1, 2], [256, 11, 2, 6], [1024, 49, 2, 16], [1_000_000, 64, 2, 16]] as const;
    for (const [limit, room, sets, lanes] of rows) {
      const shares = sharesFor(memoryRuntime({ openFileLimit: limit }));
      assertEquals([shares.calls, shares.callers, shares.sets, shares.lanes], [room, room, sets, lanes]);
      const used = 10 * room + 6 * shares.inner + sets * (3 * lanes + 4) + shares.holders + shares.innerHolders;
      assertEquals([limit, used <= Math.max(limit - 36, 66)], [limit, true]);
    }
    const line = (soft: string) =>
      `Limit  Soft Limit  Hard Limit  Units\nMax open files            ${soft}      4096    files\n`;
    assertEquals([line("1024"), line("unlimited"), ""].map(openFileLimitIn), [1024, Infinity, undefined]);
  });

  it("leaves transactions locks with descriptors as they end, and directories beyond them", async () => {
    const runtime = memoryRuntime({ openFileLimit: 64 });
    const { holders: locks } = sharesFor(runtime);
    const kinds: number[][] = [];
    for (let round = 0; round < 3; round++) {
      const files = Array.from({ length: locks + 5 }, (_, index) => ({ path: `/f${index}`, data: `${round}` }));
      const validate = () => {
        const found = files.map(({ path }) => runtime.statusOf(`${path}.lock`)?.kind);
        kinds.push(["file", "directory"].map((kind) => found.filter((each) => each === kind).length));
      };
      await applyFiles({ files, validate }, { runtime });
    }
    assertEquals(kinds, Array.from({ length: 3 }, () => [locks, 5]));
    assertEquals(runtime.openHandles, []);
  });

  it("is enough for any number of writes, updates and reads", async () => {
    const runtime = narrow();
    await together(300, (index) => writeFile(`/f${index}`, `${index}`, { runtime }));
    await together(300, (index) => updateFile(`/f${index}`, () => "new", { runtime }));
    assertEquals(new Set(await together(300, (index) => readTextFile(`/f${index}`, { runtime }))), new Set(["new"]));
    assertEquals(runtime.openHandles, []);
  });

  it("is enough for any number of puts, streams and references", async () => {
    const runtime = narrow();
    const store = await openObjectStore("/objects", { runtime });
    const references = await openReferences("/references", { runtime });
    const texts = Array.from({ length: 100 }, (_, index) => `content ${index}`);
    const digests = await Promise.all([
      ...texts.map((text) => store.put(text)),
      ...texts.map((text) => store.put(new Blob([text]))),
    ]);
    assertEquals(new Set(digests).size, 100);
    assertEquals(await store.putMany(texts), digests.slice(0, 100));
    await together(100, (index) => references.update(`r${index}`, digests[index] ?? ""));
    const streams = digests.slice(0, 100).map((digest) => new Response(store.stream(digest)).text());
    assertEquals(await Promise.all(streams), texts);
    await together(100, (index) => store.restore(digests[index] ?? "", `/restored${index}`, { lock: true }));
    assertEquals(await together(100, (index) => references.read(`r${index}`)), digests.slice(0, 100));
    assertEquals(new Set(await together(100, (index) => store.remove(digests[index] ?? ""))), new Set([true]));
    assertEquals(runtime.openHandles, []);
  });

  it("is enough for any number of files that are written piece by piece, each from its opening to its end", async () => {
    const runtime = narrow();
    let most = 0;
    await together(60, async (index) => {
      await using writer = await openFileWriter(`/w${index}`, { runtime, lock: index % 2 === 0 });
      most = Math.max(most, runtime.openHandles.length);
      await writer.write(`content ${index}`);
      if (index % 3 !== 0) await writer.commit();
    });
    assertEquals(
      Object.keys(runtime.files()).filter((path) => path.startsWith("/w") && !path.endsWith(".lock")).length,
      40,
    );
    // Four writers with a lock each, and the directory.
    assertEquals([most <= 9, runtime.openHandles], [true, []]);
  });

  it("is made for one more file, after a while, while all that are open wait for their owners", async () => {
    const runtime = narrow();
    const writers = await together(6, (index) => openFileWriter(`/w${index}`, { runtime }));
    for (const writer of writers) await writer.commit();
    const stop = new AbortController();
    const held = await together(4, (index) => openFileWriter(`/h${index}`, { runtime }));
    const waiting = openFileWriter("/given-up", { runtime, signal: stop.signal });
    stop.abort(new Error("enough"));
    await assertRejects(() => waiting, Error, "enough");
    for (const writer of held) await writer.discard();
    await assertRejects(() => openFileWriter("/no/such/directory/file", { runtime }));
    await together(4, async (index) => (await openFileWriter(`/l${index}`, { runtime })).commit());
    assertEquals(runtime.openHandles, []);
  });

  it("is enough for any number of locks, each from its taking to its end", async () => {
    const runtime = narrow();
    await together(
      200,
      (index) => withLock(`/w${index}`, () => writeFile(`/w${index}`, "w", { runtime }), { runtime }),
    );
    await together(200, async (index) => {
      await using lock = await acquireLock(`/a${index}`, { runtime });
      await writeFile(`/a${index}`, "a", { lock, runtime });
      await inspectLock(`/a${index}`, { runtime });
    });
    const locks = await together(200, async (index) => {
      const lock = await tryLock(`/t${index % 100}`, { runtime });
      await lock?.release();
      return lock?.path;
    });
    assertEquals(new Set(locks).has("/t99"), true);
    assertEquals(runtime.openHandles, []);
  });

  it("is not taken by who waits for a lock: they get it in the order of their calls, however long it is held", async () => {
    const runtime = memoryRuntime({ openFileLimit: 50 });
    const order: number[] = [];
    await together(40, (index) =>
      withLock("/l", async () => {
        order.push(index);
        if (index % 10 === 0) await runtime.clock.sleep(5000);
      }, { runtime }));
    assertEquals(order, Array.from({ length: 40 }, (_, index) => index));
  });

  it("is made soon for what stays open, while there are descriptors that nobody uses", async () => {
    const runtime = memoryRuntime({ openFileLimit: 256 });
    const { holders } = sharesFor(runtime);
    const start = runtime.clock.monotonic();
    const held = await together(3 * holders, (index) => acquireLock(`/l${index}`, { runtime }));
    assertEquals(runtime.clock.monotonic() - start < 2 * holders * 30, true);
    await writeFile("/f", "f", { runtime });
    for (const lock of held) await lock.release();
    assertEquals(runtime.openHandles, []);
  });

  it("is enough for any number of logs, each from its opening to its end, and their readers", async () => {
    const runtime = narrow();
    await together(40, async (index) => {
      await using log = await openLog(`/l${index}`, { runtime });
      await Promise.all([log.append("one"), log.append("two")]);
      await log.checkpoint(new Blob(["snapshot"]));
      await log.append("three");
    });
    const read = await together(40, async (index) => {
      const reader = openLogReader(`/l${index}`, { runtime });
      const records = [new TextDecoder().decode(await reader.snapshot())];
      for await (const { data } of reader.read()) records.push(new TextDecoder().decode(data));
      return records.join();
    });
    assertEquals(new Set(read), new Set(["snapshot,three"]));
    assertEquals(runtime.openHandles, []);
  });

  it("is enough for any number of publications, and of writes by the name of write-file-atomic", async () => {
    const runtime = narrow();
    const build = (directory: string) => writeFile(`${directory}/index`, "x", { runtime });
    await together(40, (index) => publishDirectory(`/p${index}`, async (at) => void await build(at), { runtime }));
    assertEquals((await together(40, (index) => listGenerations(`/p${index}`, { runtime }))).flat().length, 40);
    await together(300, (index) => writeFileAtomic(`/c${index}`, "c", { runtime }));
    assertEquals(runtime.openHandles, []);
  });

  it("is shared by all that a callback starts together", async () => {
    const runtime = narrow();
    await updateFile("/o", async () => {
      await together(200, (index) => updateFile(`/n${index}`, () => "n", { runtime }));
      return "o";
    }, { runtime });
    await withLock("/o", async () => {
      await together(200, (index) => withLock(`/n${index}`, () => {}, { runtime }));
      await together(200, (index) => updateFile(`/n${index}`, () => "m", { runtime }));
    }, { runtime });
    await together(
      20,
      (index) =>
        withLock(`/a${index}`, () =>
          withLock(`/b${index}`, () => withLock(`/c${index}`, () => {}, { runtime }), {
            runtime,
          }), { runtime }),
    );
    assertEquals(await together(200, (index) => readTextFile(`/n${index}`, { runtime })), Array(200).fill("m"));
    assertEquals(runtime.openHandles, []);
  });

  it("is taken in the order of the calls: the last content wins", async () => {
    const runtime = narrow();
    await together(50, (index) => writeFile("/f", `${index}`, { runtime }));
    assertEquals(await readTextFile("/f", { runtime }), "49");
  });

  it("is there for what runs inside a callback or a source, which those that are in wait for", async () => {
    const runtime = narrow();
    await together(20, (index) =>
      updateFile(`/f${index}`, async () => {
        await updateFile(`/g${index}`, async () => {
          await writeFile(`/h${index}`, "h", { runtime });
          return "g";
        }, { runtime });
        return "f";
      }, { runtime }));
    await together(20, (index) =>
      writeFile(
        `/s${index}`,
        (async function* () {
          await writeFile(
            `/t${index}`,
            (async function* () {
              await updateFile(`/u${index}`, () => "u", { runtime });
              yield "t";
            })(),
            { runtime },
          );
          yield "s";
        })(),
        { runtime },
      ));
    const last = await Promise.all(
      ["f", "g", "h", "s", "t", "u"].map((name) => readTextFile(`/${name}19`, { runtime })),
    );
    assertEquals(last, ["f", "g", "h", "s", "t", "u"]);
  });

  it("is made when all who are in wait for somebody who is not", async () => {
    const runtime = narrow();
    let tell = (): void => {};
    const told = new Promise<void>((resolve) => tell = resolve);
    const waiting = together(5, (index) =>
      updateFile(`/f${index}`, async () => {
        await told;
        return "f";
      }, { runtime }));
    const telling = updateFile("/last", () => {
      tell();
      return "last";
    }, { runtime });
    assertEquals((await Promise.all([waiting, telling])).length, 2);
  });

  it("is not waited for by a call that holds a lock of its own, nor beyond an abort", async () => {
    const runtime = narrow();
    await withLock("/l", async (lock) => {
      const locked = together(5, (index) => writeFile(`/l`, `${index}`, { lock, runtime }));
      await Promise.all([locked, together(5, (index) => writeFile(`/m${index}`, "m", { runtime }))]);
    }, { runtime });
    const stop = new AbortController();
    const { signal } = stop;
    let end = (): void => {};
    const ended = new Promise<void>((resolve) => end = resolve);
    const held = together(2, (index) => updateFile(`/h${index}`, () => ended.then(() => "h"), { runtime }));
    const given = updateFile("/given", () => "up", { runtime, signal });
    stop.abort(new Error("enough"));
    await assertRejects(() => given, Error, "enough");
    end();
    await held;
    assertEquals(runtime.readText("/given"), undefined);
    assertEquals(runtime.openHandles, []);
  });
});
