/** What counts as content, and how it is read. */
import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { type ChunkSource, type FileData, sourceOf } from "../../src/core/bytes.ts";

const encode = (text: string): number[] => [...new TextEncoder().encode(text)];

/** Everything a source has to give. */
async function drain(data: FileData, synchronous = false): Promise<number[]> {
  const source = sourceOf(data, synchronous);
  if (source.kind === "bytes") return [...source.bytes];
  const bytes: number[] = [];
  for (let chunk = await source.next(); chunk !== undefined; chunk = await source.next()) bytes.push(...chunk);
  assertEquals(await source.next(), undefined, "a source that has ended stays at its end");
  return bytes;
}

function chunksOf(data: FileData): ChunkSource {
  const source = sourceOf(data, false);
  assert(source.kind === "chunks");
  return source;
}

test("sourceOf answers bytes for text and buffers, and text comes as UTF-8 with lone surrogates replaced", async () => {
  assertEquals(await drain("aä\u{1F600}\ud83d", true), encode("aä\u{1F600}\ufffd"));
  assertEquals(await drain("", true), []);
  assertEquals(await drain(new Uint16Array([258]), true), [2, 1]);
});

const pieces = ["a", new Uint8Array([98, 99]), "\ud83d", "\ude00"];
const whole = encode("abc\u{1F600}");

for (
  const [name, data] of [
    ["an array", () => pieces],
    ["a Set", () => new Set(pieces)],
    ["a generator", () =>
      (function* () {
        yield* pieces;
      })()],
    ["an iterable of one's own", () => ({ [Symbol.iterator]: () => pieces[Symbol.iterator]() })],
    ["a String object", () => new String("abc\u{1F600}") as unknown as FileData],
  ] as [string, () => FileData][]
) {
  test(`sourceOf reads ${name}, also synchronously`, async () => {
    assertEquals(await drain(data()), whole);
    assertEquals(await drain(data(), true), whole);
  });
}

const asynchronous: [string, () => FileData][] = [
  ["an async generator", () =>
    (async function* () {
      yield* pieces;
    })()],
  ["an async iterable of one's own", () => ({
    [Symbol.asyncIterator]: () => {
      const iterator = pieces[Symbol.iterator]();
      return { next: () => Promise.resolve(iterator.next()) };
    },
  })],
  ["a Blob", () => new Blob(["abc", "\u{1F600}"])],
  ["a ReadableStream", () =>
    new ReadableStream<string | Uint8Array>({
      start(controller) {
        for (const piece of pieces) controller.enqueue(piece);
        controller.close();
      },
    })],
  ["a ReadableStream of bytes", () =>
    new ReadableStream({
      type: "bytes",
      start(controller) {
        controller.enqueue(new Uint8Array(whole));
        controller.close();
      },
    })],
];

for (const [name, data] of asynchronous) {
  test(`sourceOf reads ${name}, and refuses it synchronously`, async () => {
    assertEquals(await drain(data()), whole);
    assertThrows(() => sourceOf(data(), true), TypeError, "synchronous function");
  });
}

for (
  const [name, value] of [
    ["an object", {}],
    ["a number", 5],
    ["a bigint", 5n],
    ["true", true],
    ["null", null],
    ["undefined", undefined],
    ["a function", () => "text"],
    ["a symbol", Symbol("data")],
    ["a Date", new Date(0)],
    ["a Response", new Response("text")],
    ["a Promise", Promise.resolve("text")],
    ["an array of numbers", [1, 2, 3]],
    ["an array with a hole", [, "a"]],
    ["an array with null", ["a", null]],
    ["an object without a prototype", Object.create(null)],
  ] as [string, unknown][]
) {
  test(`sourceOf refuses ${name}`, () => {
    assertThrows(() => sourceOf(value as FileData, false), TypeError, "data must be");
    assertThrows(() => sourceOf(value as FileData, true), TypeError, "data must be");
  });
}

test("sourceOf refuses a stream that is read elsewhere", () => {
  const stream = new ReadableStream();
  stream.getReader();
  assertThrows(() => sourceOf(stream, false), TypeError, "locked");
});

test("sourceOf does not begin to read before next", () => {
  let begun = false;
  const source = chunksOf({
    [Symbol.iterator]() {
      begun = true;
      return ["a"][Symbol.iterator]();
    },
  });
  assertEquals(begun, false);
  source.next();
  assertEquals(begun, true);
});

test("next answers the source's own error", async () => {
  const reason = new Error("the source failed");
  const stream = new ReadableStream({ pull: (controller) => controller.error(reason) });
  const source = chunksOf(stream);
  assertStrictEquals(await assertRejects(async () => await source.next()), reason);
});

test("next refuses a chunk that is no content", async () => {
  const source = chunksOf((async function* () {
    yield 5 as unknown as string;
  })());
  await assertRejects(async () => await source.next(), TypeError, "not 5");
});

test("cancel closes a generator, read or not", () => {
  for (const reads of [0, 1]) {
    let closed = false;
    const source = chunksOf({
      [Symbol.iterator]: () => ({
        next: () => ({ value: "a", done: false }),
        return: () => {
          closed = true;
          return { value: undefined, done: true };
        },
      }),
    });
    for (let read = 0; read < reads; read++) source.next();
    source.cancel(new Error("given up"));
    assertEquals([closed, source.next()], [true, undefined]);
  }
});

test("cancel hands the reason to a stream, read or not", async () => {
  for (const reads of [0, 1]) {
    let reason: unknown;
    const source = chunksOf(
      new ReadableStream({
        pull: (controller) => controller.enqueue("a"),
        cancel: (given) => void (reason = given),
      }, { highWaterMark: 0 }),
    );
    for (let read = 0; read < reads; read++) await source.next();
    source.cancel("given up");
    assertEquals(reason, "given up");
  }
});

test("cancel never fails, whatever the source does", async () => {
  const failing = () => {
    throw new Error("no");
  };
  const sources: FileData[] = [
    { [Symbol.iterator]: failing },
    { [Symbol.asyncIterator]: failing },
    { [Symbol.iterator]: () => ({ next: failing, return: failing }) },
    { [Symbol.asyncIterator]: () => ({ next: failing, return: () => Promise.reject(new Error("no")) }) },
    new ReadableStream({ cancel: failing }),
  ];
  for (const data of sources) chunksOf(data).cancel("given up");
  const locked = new ReadableStream();
  const source = chunksOf(locked);
  locked.getReader();
  source.cancel("given up");
  // An unhandled rejection would show in one of these turns.
  await new Promise((resolve) => setTimeout(resolve, 1));
});

test("cancel after the end does nothing", () => {
  let closed = false;
  const source = chunksOf({
    [Symbol.iterator]: () => ({
      next: () => ({ value: undefined, done: true as const }),
      return: () => {
        closed = true;
        return { value: undefined, done: true as const };
      },
    }),
  });
  assertEquals(source.next(), undefined);
  source.cancel("given up");
  assertEquals(closed, false);
});
