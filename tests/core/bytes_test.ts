/** Which bytes a buffer, a view and pieces of text stand for. */
import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { runInNewContext } from "node:vm";
import { bytesOf, ChunkEncoder } from "../../src/core/bytes.ts";
import { skip } from "../support/skip.ts";

const encode = (text: string): number[] => [...new TextEncoder().encode(text)];

const memory = Uint8Array.from({ length: 64 }, (_, index) => index).buffer;

const views: [string, ArrayBufferView][] = [
  ["Int8Array", new Int8Array(memory, 3, 5)],
  ["Uint8Array", new Uint8Array(memory, 3, 5)],
  ["Uint8ClampedArray", new Uint8ClampedArray(memory, 3, 5)],
  ["Int16Array", new Int16Array(memory, 4, 3)],
  ["Uint16Array", new Uint16Array(memory, 4, 3)],
  ["Int32Array", new Int32Array(memory, 8, 2)],
  ["Uint32Array", new Uint32Array(memory, 8, 2)],
  ["Float32Array", new Float32Array(memory, 8, 2)],
  ["Float64Array", new Float64Array(memory, 8, 2)],
  ["BigInt64Array", new BigInt64Array(memory, 16, 2)],
  ["BigUint64Array", new BigUint64Array(memory, 16, 2)],
  ["DataView", new DataView(memory, 7, 9)],
  ["an empty Uint8Array", new Uint8Array(memory, 5, 0)],
];

for (const [name, view] of views) {
  test(`bytesOf sees exactly the bytes of ${name}, offset and length in bytes`, () => {
    const expected = Array.from({ length: view.byteLength }, (_, index) => view.byteOffset + index);
    assertEquals([...bytesOf(view) ?? []], expected);
  });
}

test("bytesOf shares the memory it is given", () => {
  const bytes = new Uint8Array([1, 2, 3]);
  assertStrictEquals(bytesOf(bytes)?.buffer, bytes.buffer);
  assertEquals([...bytesOf(bytes.buffer) ?? []], [1, 2, 3]);
});

for (const value of [undefined, null, 5, "text", {}, [1, 2], new Map(), { byteLength: 3 }]) {
  test(`bytesOf answers undefined for ${value === null ? "null" : typeof value} ${JSON.stringify(value)}`, () => {
    assertEquals(bytesOf(value), undefined);
  });
}

for (
  const [source, expected] of [
    ["new Uint8Array([1, 2, 3, 4]).subarray(1, 3)", [2, 3]],
    ["new Uint16Array(new Uint8Array([1, 2, 3, 4]).buffer, 2, 1)", [3, 4]],
    ["new DataView(new Uint8Array([1, 2, 3, 4]).buffer, 1, 2)", [2, 3]],
    ["new Uint8Array([1, 2]).buffer", [1, 2]],
  ] as [string, number[]][]
) {
  test(`bytesOf sees the bytes of another realm's ${source}`, () => {
    assertEquals([...bytesOf(runInNewContext(source)) ?? []], expected);
  });
}

test("bytesOf refuses another realm's shared memory", () => {
  for (const source of ["new SharedArrayBuffer(8)", "new Uint8Array(new SharedArrayBuffer(8))"]) {
    assertThrows(() => bytesOf(runInNewContext(source)), TypeError, "SharedArrayBuffer");
  }
});

test("bytesOf answers undefined for what only claims to be a buffer or a view, which would pass for empty", () => {
  const claims = [ArrayBuffer, SharedArrayBuffer, Uint8Array, DataView].map(({ prototype }) =>
    Object.create(prototype)
  );
  for (const value of [...claims, new Proxy(new ArrayBuffer(8), {}), new Proxy(new Uint8Array(8), {})]) {
    assertEquals(bytesOf(value), undefined);
  }
});

test("bytesOf goes by what a view is, not by what its class says", () => {
  class Liar extends Uint8Array {
    override get byteLength(): number {
      return 1;
    }
    override get byteOffset(): number {
      return 1;
    }
    override get buffer(): ArrayBuffer {
      return new ArrayBuffer(0);
    }
  }
  assertEquals([...bytesOf(new Liar([1, 2, 3])) ?? []], [1, 2, 3]);
});

test("bytesOf refuses memory that is shared", () => {
  const shared = new SharedArrayBuffer(8);
  for (const value of [shared, new Uint8Array(shared), new DataView(shared, 2)]) {
    assertThrows(() => bytesOf(value), TypeError, "SharedArrayBuffer");
  }
});

test("bytesOf refuses a detached buffer and its views, which would pass for empty", () => {
  const views = [(buffer: ArrayBuffer) => buffer, (buffer: ArrayBuffer) => new Uint8Array(buffer, 2)];
  for (const view of [...views, (buffer: ArrayBuffer) => new DataView(buffer)]) {
    const buffer = new ArrayBuffer(8);
    const value = view(buffer);
    structuredClone(buffer, { transfer: [buffer] });
    assertThrows(() => bytesOf(value), TypeError);
  }
});

test("bytesOf refuses a view that lies outside its shrunken buffer, which would pass for empty", (t) => {
  const Resizable = ArrayBuffer as unknown as new (length: number, options: object) => ArrayBuffer & {
    resize?(length: number): void;
  };
  const buffer = new Resizable(8, { maxByteLength: 16 });
  if (buffer.resize === undefined) return skip(t, "needs resizable buffers");
  const bytes = new Uint8Array(buffer, 4, 4);
  const tracking = new Uint8Array(buffer, 1);
  buffer.resize(3);
  assertThrows(() => bytesOf(bytes), TypeError);
  assertEquals(bytesOf(tracking)?.length, 2);
});

for (
  const [name, chunks, expected] of [
    ["a pair in one chunk", ["a\u{1F600}b"], encode("a\u{1F600}b")],
    ["a pair in two chunks", ["a\ud83d", "\ude00b"], encode("a\u{1F600}b")],
    ["a pair in two chunks with an empty one between", ["\ud83d", "", "\ude00"], encode("\u{1F600}")],
    ["a lone first half at the end", ["a\ud83d"], encode("a\ufffd")],
    ["a lone first half before text", ["\ud83d", "b"], encode("\ufffdb")],
    ["a lone first half before bytes", ["\ud83d", new Uint8Array([98])], encode("\ufffdb")],
    ["two first halves", ["\ud83d", "\ud83d", "\ude00"], encode("\ufffd\u{1F600}")],
    ["a lone second half", ["\ude00", "b"], encode("\ufffdb")],
    ["halves in the wrong order", ["\ude00\ud83d"], encode("\ufffd\ufffd")],
    ["no chunk", [], []],
  ] as [string, (string | Uint8Array)[], number[]][]
) {
  test(`ChunkEncoder encodes ${name}`, () => {
    const encoder = new ChunkEncoder();
    const bytes = chunks.flatMap((chunk) => [...encoder.encode(chunk)]);
    assertEquals([...bytes, ...encoder.end() ?? []], expected);
    assertEquals(encoder.end(), undefined, "what was kept back is given once");
  });
}

test("ChunkEncoder refuses what is neither text nor bytes", () => {
  for (const chunk of [5, null, undefined, {}, ["a"], new Blob()]) {
    assertThrows(() => new ChunkEncoder().encode(chunk), TypeError, "chunk");
  }
});
