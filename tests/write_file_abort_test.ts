/** An AbortSignal: promptly, with its own reason, at any time before the commit point and never after it. */
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type FileData, openFileWriter, removeFile, writeFile, type WriteFileOptions } from "../mod.ts";
import { interceptRuntime } from "../src/testing/faults/intercept.ts";
import { type MemoryRuntime, memoryRuntime, traceRuntime } from "../src/testing/mod.ts";
import { namesIn, textOf } from "./support/files.ts";
import { withTemporaryDirectory } from "./support/temporary_directory.ts";

const reason = new Error("the caller has lost interest");
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
const never = (): Promise<never> => new Promise(() => {});

test("writeFile with a signal that is aborted already does nothing at all", async () => {
  const { runtime, trace } = traceRuntime(memoryRuntime());
  const thrown = await assertRejects(() => writeFile("/file", "new", { runtime, signal: AbortSignal.abort(reason) }));
  assertStrictEquals(thrown, reason);
  assertEquals(trace, []);
});

/** Sources that never end; `abort` is for those that abort by themselves. */
const endless: [string, (abort: () => void) => FileData][] = [
  ["an endless stream", () => new ReadableStream({ pull: (controller) => controller.enqueue("more") })],
  ["an endless async generator", () =>
    (async function* () {
      while (true) {
        yield "more";
        await turn();
      }
    })()],
  ["a stream that says nothing", () => new ReadableStream()],
  ["an async generator that says nothing", () =>
    (async function* () {
      yield "a";
      await never();
    })()],
  ["a source that aborts while it is asked, and then says nothing", (abort) =>
    (async function* () {
      abort();
      await never();
      yield "a";
    })()],
  ["a source that aborts while it answers", (abort) =>
    (function* () {
      while (true) {
        yield "a";
        abort();
      }
    })()],
];

for (const [name, data] of endless) {
  test(`writeFile ends with the reason of the signal when it reads ${name}`, () =>
    withTemporaryDirectory(async (directory) => {
      const path = join(directory, "file");
      fs.writeFileSync(path, "old");
      const controller = new AbortController();
      const abort = () => controller.abort(reason);
      const writing = writeFile(path, data(abort), { signal: controller.signal });
      setTimeout(abort, 5);
      assertStrictEquals(await assertRejects(() => writing), reason);
      assertEquals([namesIn(directory), textOf(path)], [["file"], "old"]);
    }));
}

test("writeFile cancels the source it has given up, with the same reason", async () => {
  const controller = new AbortController();
  let cancelled: unknown;
  let closed = false;
  const stream = new ReadableStream({ cancel: (given) => void (cancelled = given) });
  const generator = (async function* () {
    try {
      while (true) {
        yield "more";
        await turn();
      }
    } finally {
      closed = true;
    }
  })();
  const options = { runtime: memoryRuntime(), signal: controller.signal };
  const writing = [writeFile("/a", stream, options), writeFile("/b", generator, options)];
  await turn();
  controller.abort(reason);
  await Promise.allSettled(writing);
  await turn();
  await turn();
  assertEquals([cancelled, closed], [reason, true]);
});

test("writeFile cancels a source that it never came to read", async () => {
  let cancelled: unknown;
  const stream = new ReadableStream({ cancel: (given) => void (cancelled = given) });
  const error = await assertRejects(() => writeFile("/no/file", stream, { runtime: memoryRuntime() }));
  assertStrictEquals(cancelled, error);
});

/** Lets the write run with an abort just before, or during, the call of that number. */
async function abortAt(
  machine: MemoryRuntime,
  number: number,
  during: boolean,
  options: WriteFileOptions,
): Promise<{ calls: number; result: PromiseSettledResult<unknown> }> {
  const controller = new AbortController();
  let calls = 0;
  const runtime = interceptRuntime(machine, (_call, proceed) => {
    const strikes = calls++ === number;
    if (strikes && !during) controller.abort(reason);
    const result = proceed();
    if (strikes && during) controller.abort(reason);
    return result;
  });
  const data = (function* () {
    yield "new ";
    yield "content";
  })();
  const writing = writeFile("/d/file", data, { ...options, runtime, signal: controller.signal });
  const [result] = await Promise.allSettled([writing]);
  assert(result !== undefined);
  return { calls, result };
}

for (
  const [name, options] of [
    ["", {}],
    [" with a backup", { backup: 1 }],
    [" with skipIfEqual", { skipIfEqual: true }],
    [" that makes directories", { createDirectories: true }],
  ] as [string, WriteFileOptions][]
) {
  for (const during of [false, true]) {
    const when = during ? "during" : "before";
    test(`writeFile${name}, aborted ${when} any of its calls, has either done nothing or all`, async () => {
      let aborted = 0;
      for (let number = 0;; number++) {
        const machine = memoryRuntime({ delay: "syncs", files: { "/d/file": "old" } });
        const { calls, result } = await abortAt(machine, number, during, options);
        if (result.status === "rejected") {
          aborted++;
          assertStrictEquals(result.reason, reason);
          assertEquals(machine.files(), { "/d/file": "old" });
        } else {
          assertEquals(machine.readText("/d/file"), "new content");
          assertEquals(Object.keys(machine.files()).filter((path) => path.endsWith(".tmp")), []);
        }
        assertEquals(machine.openHandles, []);
        if (calls <= number) break;
      }
      assert(aborted > 5, "most calls come before the commit point");
    });
  }
}

test("writeFile looks at the signal right before the rename, and not after it", async () => {
  const outcome: string[] = [];
  for (const at of ["stat", "rename"] as const) {
    const controller = new AbortController();
    const machine = memoryRuntime();
    let synced = false;
    const runtime = interceptRuntime(machine, (call, proceed) => {
      const result = proceed();
      synced ||= call.method === "sync";
      // The last stat before the rename is the one of the directory.
      if (synced && call.method === at) controller.abort(reason);
      return result;
    });
    const [result] = await Promise.allSettled([writeFile("/file", "new", { runtime, signal: controller.signal })]);
    outcome.push(`${at}: ${result?.status}, ${machine.readText("/file") ?? "no file"}`);
  }
  assertEquals(outcome, ["stat: rejected, no file", "rename: fulfilled, new"]);
});

test("writeFile that is aborted while it writes does not sync what it will not use", async () => {
  const controller = new AbortController();
  const { runtime, trace } = traceRuntime(memoryRuntime());
  const watched = interceptRuntime(runtime, (call, proceed) => {
    if (call.method === "write") controller.abort(reason);
    return proceed();
  });
  await assertRejects(() => writeFile("/file", "new", { runtime: watched, signal: controller.signal }));
  assertEquals(trace.filter((line) => line.startsWith("sync")), []);
  assert(trace.some((line) => line.startsWith("write")), "nothing was written");
});

test("writeFile that is aborted while it compares equal content does not settle for it", async () => {
  const controller = new AbortController();
  const { runtime, trace } = traceRuntime(memoryRuntime({ files: { "/file": "same" } }));
  const watched = interceptRuntime(runtime, (call, proceed) => {
    if (call.method === "read") controller.abort(reason);
    return proceed();
  });
  const options = { runtime: watched, signal: controller.signal, skipIfEqual: true };
  assertStrictEquals(await assertRejects(() => writeFile("/file", "same", options)), reason);
  assertEquals(trace.filter((line) => line.startsWith("sync")), []);
});

test("writeFile looks at the signal between two pieces of bytes that are all there", async () => {
  const controller = new AbortController();
  let writes = 0;
  const runtime = interceptRuntime(memoryRuntime(), (call, proceed) => {
    if (call.method === "write" && ++writes === 1) controller.abort(reason);
    return proceed();
  });
  const bytes = new Uint8Array(40 * 1024 * 1024);
  await assertRejects(() => writeFile("/file", bytes, { runtime, signal: controller.signal }));
  assertEquals(writes, 1);
});

test("writeFile that is aborted during a sync closes the file only when the sync has ended", async () => {
  const controller = new AbortController();
  const { runtime, trace } = traceRuntime(memoryRuntime({ delay: "syncs" }));
  const watched = interceptRuntime(runtime, (call, proceed) => {
    const result = proceed();
    if (call.method === "sync") controller.abort(reason);
    return result;
  });
  await assertRejects(() => writeFile("/file", "new", { runtime: watched, signal: controller.signal }));
  const end = trace.slice(trace.indexOf("sync"));
  assertEquals(end.map((line) => line.split(" ")[0]), ["sync", "close", "stat", "linkStat", "remove", "close"]);
});

test("writeFile and a writer leave no listener on a signal that lives longer than they do", async () => {
  let listeners = 0;
  const { signal } = new AbortController();
  const counting = new Proxy(signal, {
    get: (target, name) => {
      if (name === "addEventListener") listeners++;
      if (name === "removeEventListener") listeners--;
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const options = { runtime: memoryRuntime({ delay: "syncs" }), signal: counting };
  const pieces = async function* () {
    yield "a";
    await turn();
    yield "b";
  };
  const failing = async function* () {
    yield "a";
    await turn();
    throw reason;
  };
  await writeFile("/file", pieces(), options);
  await assertRejects(() => writeFile("/file", failing(), options));
  for (const end of ["commit", "discard"] as const) {
    const writer = await openFileWriter("/file", options);
    await writer.write("a");
    await writer[end]();
  }
  assertEquals(listeners, 0);
});

test("removeFile looks at the signal until it removes", async () => {
  const machine = memoryRuntime({ files: { "/file": "old" } });
  const options = { runtime: machine, signal: AbortSignal.abort(reason) };
  assertStrictEquals(await assertRejects(() => removeFile("/file", options)), reason);
  assertEquals([machine.files(), machine.openHandles], [{ "/file": "old" }, []]);
});
