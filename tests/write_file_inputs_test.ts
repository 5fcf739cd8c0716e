/** Every kind of content that writeFile takes, byte for byte, and what it refuses before any I/O. */
import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { Buffer } from "node:buffer";
import * as fs from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import { type FileData, writeFile, writeFileSync } from "../mod.ts";
import { memoryRuntime, traceRuntime } from "../src/testing/mod.ts";
import { namesIn } from "./support/files.ts";
import { withTemporaryDirectory } from "./support/temporary_directory.ts";

/** As arrays of bytes, which are compared a hundred times as fast as lists of numbers. */
function assertBytes(path: string, expected: readonly number[]): void {
  assertEquals(new Uint8Array(fs.readFileSync(path)), Uint8Array.from(expected));
}

const encode = (text: string): number[] => [...new TextEncoder().encode(text)];
const memory = Uint8Array.from({ length: 64 }, (_, index) => 255 - index).buffer;
const slice = (offset: number, length: number): number[] => [...new Uint8Array(memory, offset, length)];
const long = "0123456789abcdef".repeat(40_000);

/** Content that both twins take. */
const plain: [string, () => FileData, number[]][] = [
  ["Int8Array", () => new Int8Array(memory, 3, 5), slice(3, 5)],
  ["Uint8Array", () => new Uint8Array(memory, 3, 5), slice(3, 5)],
  ["Uint8ClampedArray", () => new Uint8ClampedArray(memory, 3, 5), slice(3, 5)],
  ["Int16Array", () => new Int16Array(memory, 2, 5), slice(2, 10)],
  ["Uint16Array", () => new Uint16Array(memory, 2, 5), slice(2, 10)],
  ["Int32Array", () => new Int32Array(memory, 4, 5), slice(4, 20)],
  ["Uint32Array", () => new Uint32Array(memory, 4, 5), slice(4, 20)],
  ["Float32Array", () => new Float32Array(memory, 4, 5), slice(4, 20)],
  ["Float64Array", () => new Float64Array(memory, 8, 5), slice(8, 40)],
  ["BigInt64Array", () => new BigInt64Array(memory, 8, 5), slice(8, 40)],
  ["BigUint64Array", () => new BigUint64Array(memory, 8, 5), slice(8, 40)],
  ["DataView", () => new DataView(memory, 7, 9), slice(7, 9)],
  ["Buffer from the pool", () => Buffer.from("xxhello").subarray(2), encode("hello")],
  ["ArrayBuffer", () => memory, slice(0, 64)],
  ["empty ArrayBuffer", () => new ArrayBuffer(0), []],
  ["string", () => "aä€\u{1F600}\n", encode("aä€\u{1F600}\n")],
  ["empty string", () => "", []],
  ["string with lone surrogates", () => "a\ud83d b\ude00", encode("a\ufffd b\ufffd")],
  ["long string", () => long, encode(long)],
  ["array of strings and bytes", () => ["a", new Uint8Array([98]), "\ud83d", "\ude00"], encode("ab\u{1F600}")],
  ["empty array", () => [], []],
  ["generator", () =>
    (function* () {
      for (let line = 0; line < 1000; line++) yield `${line}\n`;
    })(), encode(Array.from({ length: 1000 }, (_, line) => `${line}\n`).join(""))],
  ["generator of large chunks", () =>
    (function* () {
      yield* ["a", long, "b", new Uint8Array(300_000), "c"];
    })(), [...encode(`a${long}b`), ...new Uint8Array(300_000), ...encode("c")]],
];

/** Content that only the asynchronous twin can wait for. */
const waiting: [string, () => FileData, number[]][] = [
  ["Blob", () => new Blob(["a", new Uint8Array([98]), long]), encode(`ab${long}`)],
  ["sliced Blob", () => new Blob(["hello"]).slice(1, 4), encode("ell")],
  ["File", () => new File(["hello"], "name"), encode("hello")],
  ["async generator", () =>
    (async function* () {
      yield "a\ud83d";
      await Promise.resolve();
      yield "\ude00b";
    })(), encode("a\u{1F600}b")],
  ["ReadableStream", () => new Blob([long]).stream(), encode(long)],
  ["ReadableStream of strings", () =>
    new ReadableStream<string>({
      start(controller) {
        controller.enqueue("a\ud83d");
        controller.enqueue("\ude00b");
        controller.close();
      },
    }), encode("a\u{1F600}b")],
  ["ReadableStream of bytes that are asked for", () => {
    let left = 3;
    return new ReadableStream({
      type: "bytes",
      autoAllocateChunkSize: 16,
      pull(controller) {
        const { byobRequest } = controller;
        if (byobRequest?.view) {
          new Uint8Array(byobRequest.view.buffer, byobRequest.view.byteOffset)[0] = 96 + left;
          byobRequest.respond(1);
        } else controller.enqueue(new Uint8Array([96 + left]));
        if (--left === 0) controller.close();
      },
    });
  }, encode("cba")],
  ["node:stream Readable", () => Readable.from(["a", Buffer.from("b"), "c"]), encode("abc")],
  ["body of a Response", () => new Response("text").body as ReadableStream<Uint8Array>, encode("text")],
];

for (const [name, data, expected] of plain) {
  test(`writeFile and writeFileSync write every byte of: ${name}`, () =>
    withTemporaryDirectory(async (directory) => {
      const [first, second] = [join(directory, "first"), join(directory, "second")];
      const results = [await writeFile(first, data()), writeFileSync(second, data())];
      assertEquals(results.map((result) => result.bytesWritten), [expected.length, expected.length]);
      assertBytes(first, expected);
      assertBytes(second, expected);
    }));
}

for (const [name, data, expected] of waiting) {
  test(`writeFile writes every byte of: ${name}; writeFileSync refuses it`, () =>
    withTemporaryDirectory(async (directory) => {
      const path = join(directory, "file");
      assertEquals((await writeFile(path, data())).bytesWritten, expected.length);
      assertBytes(path, expected);
      assertThrows(() => writeFileSync(path, data()), TypeError, "synchronous");
      assertBytes(path, expected);
    }));
}

const detached = new ArrayBuffer(8);
const detachedView = new Uint8Array(detached);
structuredClone(detached, { transfer: [detached] });
const locked = new ReadableStream();
locked.getReader();

const refused: [string, unknown][] = [
  ["{}", {}],
  ["a number", 5],
  ["a bigint", 5n],
  ["a boolean", true],
  ["null", null],
  ["undefined", undefined],
  ["a function", () => "text"],
  ["a symbol", Symbol("data")],
  ["a Date", new Date(0)],
  ["a Response", new Response("text")],
  ["a Promise", Promise.resolve("text")],
  ["an array of numbers", [1, 2, 3]],
  ["an array with a hole", [, "a"]],
  ["a SharedArrayBuffer", new SharedArrayBuffer(8)],
  ["a view on a SharedArrayBuffer", new Uint8Array(new SharedArrayBuffer(8), 2)],
  ["a detached ArrayBuffer", detached],
  ["a view on a detached ArrayBuffer", detachedView],
  ["a stream that is read elsewhere", locked],
];

for (const [name, data] of refused) {
  test(`writeFile and writeFileSync refuse before any I/O: ${name}`, async () => {
    const { runtime, trace } = traceRuntime(memoryRuntime());
    await assertRejects(() => writeFile("/file", data as FileData, { runtime }), TypeError);
    assertThrows(() => writeFileSync("/file", data as FileData, { runtime }), TypeError);
    assertEquals(trace, []);
  });
}

const badChunks: [string, Iterable<unknown>][] = [
  ["a number", ["a", 5]],
  ["null", ["a", null]],
  ["an object", ["a", {}]],
  ["an array", new Map([["a", "b"]])],
  ["a promise", ["a", Promise.resolve("b")]],
];

for (const [name, chunks] of badChunks) {
  test(`writeFile gives up when a chunk is ${name}, and leaves the old file and nothing else`, () =>
    withTemporaryDirectory(async (directory) => {
      const path = join(directory, "file");
      fs.writeFileSync(path, "old");
      const iterable = { [Symbol.iterator]: () => chunks[Symbol.iterator]() } as Iterable<string>;
      await assertRejects(() => writeFile(path, iterable), TypeError, "chunk");
      assertThrows(() => writeFileSync(path, iterable), TypeError, "chunk");
      assertEquals([namesIn(directory), fs.readFileSync(path, "utf8")], [["file"], "old"]);
    }));
}

const reason = new Error("the source failed");
const failing: [string, () => FileData][] = [
  ["a stream that fails", () =>
    new ReadableStream({
      start: (controller) => controller.enqueue("half"),
      pull: (controller) => controller.error(reason),
    })],
  ["a stream that has failed already", () => new ReadableStream({ start: (controller) => controller.error(reason) })],
  ["a generator that throws", () =>
    (function* () {
      yield "half";
      throw reason;
    })()],
  ["an async generator that throws", () =>
    (async function* () {
      yield long;
      await Promise.reject(reason);
    })()],
  ["an iterable that cannot be begun", () => ({
    [Symbol.iterator]: () => {
      throw reason;
    },
  })],
];

for (const [name, data] of failing) {
  test(`writeFile rejects with the very error of ${name}, and leaves the old file and nothing else`, () =>
    withTemporaryDirectory(async (directory) => {
      const path = join(directory, "file");
      fs.writeFileSync(path, "old");
      assertStrictEquals(await assertRejects(() => writeFile(path, data())), reason);
      assertEquals([namesIn(directory), fs.readFileSync(path, "utf8")], [["file"], "old"]);
    }));
}
