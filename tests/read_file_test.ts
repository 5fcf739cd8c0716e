/** readFile, readTextFile and readJsonFile: undefined when absent, and damage named with its place. */
import { assert, assertEquals, assertInstanceOf, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  CorruptionError,
  ReadError,
  readFile,
  readFileSync,
  readJsonFile,
  readJsonFileSync,
  readTextFile,
  readTextFileSync,
  updateJsonFile,
  writeFile,
  writeFileSync,
} from "../mod.ts";
import { interceptRuntime } from "../src/testing/faults/intercept.ts";
import { faultRuntime, memoryRuntime, traceRuntime } from "../src/testing/mod.ts";
import { withTemporaryDirectory } from "./support/temporary_directory.ts";

const bytes = (...values: (number | string)[]): Uint8Array =>
  Uint8Array.from(
    values.flatMap((value) => typeof value === "string" ? [...new TextEncoder().encode(value)] : [value]),
  );
const at = (content: string | Uint8Array) => memoryRuntime({ files: { "/file": content } });

test("every reader answers undefined for a file that is not there", async () => {
  const runtime = memoryRuntime({ files: { "/file": "", "/dangling": { symlink: "nowhere" } } });
  for (const path of ["/no", "/no/file", "/file/below", "/dangling"]) {
    assertEquals([await readTextFile(path, { runtime }), readTextFileSync(path, { runtime })], [undefined, undefined]);
    assertEquals([await readJsonFile(path, { runtime }), readJsonFileSync(path, { runtime })], [undefined, undefined]);
  }
});

for (const text of ["", "a", "aä€\u{1F600}\r\n\0", "\ufeffwith a byte order mark", "x".repeat(300_000)]) {
  test(`readTextFile and readTextFileSync read ${JSON.stringify(text.slice(0, 30))} as it is`, () =>
    withTemporaryDirectory(async (directory) => {
      const path = join(directory, "file");
      fs.writeFileSync(path, text);
      assertStrictEquals(await readTextFile(path), text);
      assertStrictEquals(readTextFileSync(path), text);
    }));
}

test("readTextFile follows symlinks, and reads a file that grows to its end", async () => {
  const machine = memoryRuntime({ files: { "/d/file": "text", "/link": { symlink: "d/file" } } });
  assertEquals(await readTextFile("/link", { runtime: machine }), "text");
  let grown = false;
  const { runtime } = faultRuntime(machine, {
    at: ({ method }) => {
      if (method === "read" && !grown) {
        grown = true;
        machine.put("/d/file", "text that has grown");
      }
      return false;
    },
    error: "EIO",
  });
  assert((await readTextFile("/d/file", { runtime }))?.startsWith("text"));
});

for (
  const [what, content, offset] of [
    ["a lone continuation byte", bytes("ab", 0x80), 2],
    ["the first byte", bytes(0xff, "ab"), 0],
    ["a character cut off at the end", bytes("ab", 0xe2, 0x82), 2],
    ["a character cut off in the middle", bytes("ab", 0xe2, 0x82, "c"), 2],
    ["an overlong form", bytes("a", 0xc0, 0xaf), 1],
    ["an encoded surrogate", bytes("a", 0xed, 0xa0, 0x80), 1],
    ["beyond Unicode", bytes("a", 0xf4, 0x90, 0x80, 0x80), 1],
    ["far inside", bytes("€".repeat(1000), 0xfe, "€"), 3000],
  ] as [string, Uint8Array, number][]
) {
  test(`readTextFile names the byte where it is not UTF-8: ${what}`, async () => {
    const errors = [
      await assertRejects(() => readTextFile("/file", { runtime: at(content) }), CorruptionError),
      assertThrows(() => readTextFileSync("/file", { runtime: at(content) }), CorruptionError),
      await assertRejects(() => readJsonFile("/file", { runtime: at(content) }), CorruptionError),
    ];
    for (const error of errors) {
      assertEquals([error.offset, error.code, error.path], [offset, "ECORRUPT", "/file"]);
      assertEquals([error.step, error.targetState], ["read", "unchanged"]);
    }
  });
}

for (const value of [null, true, 1.5, "text", [], {}, { a: [1, { b: null }] }]) {
  test(`readJsonFile reads ${JSON.stringify(value)}, with space around it and a byte order mark before it`, async () => {
    for (const text of [JSON.stringify(value), ` \n${JSON.stringify(value, undefined, 2)}\r\n`]) {
      for (const mark of ["", "\ufeff"]) {
        assertEquals(await readJsonFile("/file", { runtime: at(mark + text) }), value);
        assertEquals(readJsonFileSync("/file", { runtime: at(mark + text) }), value);
      }
    }
  });
}

for (
  const [text, offset, words] of [
    ["", 0, "empty"],
    [" \n ", 3, "empty"],
    ['{"a": 1', 7, "line 1, column 8"],
    ['{"a": 1,}', 8, "line 1, column 9"],
    ['{\n  "a": tru\n}', 12, "line 2, column 11"],
    ["[1, 2 3]", 6, "line 1, column 7"],
    ["{'a': 1}", 1, "line 1, column 2"],
    ['"a\nb"', 2, "line 1, column 3"],
    ["1 2", 2, "line 1, column 3"],
    ["NaN", 0, "line 1, column 1"],
    ["\ufeff{a}", 2, "line 1, column 2"],
  ] as const
) {
  test(`readJsonFile names the place where ${JSON.stringify(text)} is not JSON`, async () => {
    const error = await assertRejects(() => readJsonFile("/file", { runtime: at(text) }), CorruptionError, words);
    assertEquals(error.offset, offset);
    assertInstanceOf(error.cause, SyntaxError);
    assertEquals(assertThrows(() => readJsonFileSync("/file", { runtime: at(text) }), CorruptionError).offset, offset);
  });
}

test("readJsonFile passes the value to validate, and returns its result", async () => {
  const validate = (value: unknown) => ({ made: value });
  assertEquals(await readJsonFile("/file", { runtime: at("[1]"), validate }), { made: [1] });
  assertEquals(readJsonFileSync("/file", { runtime: at("[1]"), validate }), { made: [1] });
  const never = () => {
    throw new Error("must not be called");
  };
  assertEquals(await readJsonFile("/no", { runtime: at("[1]"), validate: never }), undefined);
});

test("readJsonFile refuses what validate refuses, and keeps its reason", async () => {
  const reason = new RangeError("the port is missing");
  const validate = () => {
    throw reason;
  };
  const error = await assertRejects(() => readJsonFile("/file", { runtime: at("{}"), validate }), CorruptionError);
  assertStrictEquals(error.cause, reason);
  assertEquals([error.code, error.offset, "offset" in error && error.offset !== undefined], [
    "ECORRUPT",
    undefined,
    false,
  ]);
});

for (
  const [what, options] of [
    ["a validate that is no function", { validate: true }],
    ["an unknown option", { encoding: "utf8" }],
    ["a text for options", "utf8"],
  ] as [string, object][]
) {
  test(`readJsonFile refuses ${what} before any I/O`, async () => {
    const { runtime, trace } = traceRuntime(memoryRuntime());
    const given = typeof options === "string" ? options : { ...options, runtime };
    await assertRejects(() => readJsonFile("/file", given), TypeError);
    assertThrows(() => readJsonFileSync("/file", given), TypeError);
    await assertRejects(() => readTextFile("/file", given), TypeError);
    assertEquals(trace, []);
  });
}

for (
  const [what, files, code] of [
    ["a directory", { "/file": { kind: "directory" } }, "EISDIR"],
    ["a FIFO", { "/file": { kind: "other" } }, "ENXIO"],
    ["a file that may not be read", { "/file": { mode: 0o000, user: 0 } }, "EACCES"],
    ["a loop of links", { "/file": { symlink: "file" } }, "ELOOP"],
  ] as [string, NonNullable<Parameters<typeof memoryRuntime>[0]>["files"], string][]
) {
  test(`readTextFile of ${what} throws ${code}`, async () => {
    const runtime = memoryRuntime({ ...files && { files } });
    for (
      const error of [
        await assertRejects(() => readTextFile("/file", { runtime }), ReadError),
        assertThrows(() => readTextFileSync("/file", { runtime }), ReadError),
      ]
    ) {
      assertEquals([error.code, error.targetState], [code, "unchanged"]);
      assert(error.message.startsWith('Cannot read "/file": '), error.message);
    }
  });
}

test("readTextFile closes the file when reading fails", async () => {
  for (const method of ["read", "stat"]) {
    const machine = at("text");
    const { runtime } = faultRuntime(machine, { at: (call) => call.method === method, error: "EIO" });
    const error = await assertRejects(() => readTextFile("/file", { runtime }), ReadError);
    assertEquals([error.step, error.code, machine.openHandles], [method, "EIO", []]);
  }
});

test("readTextFile that cannot close what it has read answers it all the same", async () => {
  const { runtime } = faultRuntime(at("text"), { at: ({ method }) => method === "close", error: "EIO" });
  assertEquals(await readTextFile("/file", { runtime }), "text");
});

test("readFile answers the bytes; undefined when there is none; a ReadError for everything else", async () => {
  const bytes = Uint8Array.of(0, 255, 10);
  const runtime = memoryRuntime({ files: { "/file": bytes, "/d/": { kind: "directory" } } });
  assertEquals([await readFile("/file", { runtime }), readFileSync("/file", { runtime })], [bytes, bytes]);
  assertEquals([await readFile("/none", { runtime }), readFileSync("/none", { runtime })], [undefined, undefined]);
  const error = await assertRejects(() => readFile("/d", { runtime }), ReadError);
  assertEquals([error.name, error.code, error.step, ReadError.is(error)], ["ReadError", "EISDIR", "open", true]);
  assertThrows(() => readFileSync("/d", { runtime }), ReadError, 'Cannot read "/d"');
  assertEquals(runtime.openHandles, []);
});

test("readFile of what is too large for the runtime is an error about that file", async () => {
  await withTemporaryDirectory(async (directory) => {
    const path = join(directory, "large");
    fs.writeFileSync(path, "");
    fs.truncateSync(path, 2 ** 42);
    for (const read of [readFile, readTextFile, readJsonFile]) {
      const error = await assertRejects(() => read(path), ReadError, `Cannot read ${JSON.stringify(path)}`);
      assertEquals([error.code, error.path, error.step], ["EFBIG", path, "read"]);
    }
  });
});

test("ifMatch reads the file piece by piece, and may be aborted while it does", async () => {
  const machine = memoryRuntime({ files: { "/file": new Uint8Array(2 ** 20) } });
  const stop = new AbortController();
  const lengths: unknown[] = [];
  const runtime = interceptRuntime(machine, (call, proceed) => {
    if (call.method === "read" && call.path === "/file") lengths.push(call.operands[0]);
    if (lengths.length === 3) stop.abort(new Error("enough"));
    return proceed();
  });
  const ifMatch = "0".repeat(64);
  await assertRejects(() => writeFile("/file", "new", { runtime, ifMatch, signal: stop.signal }), Error, "enough");
  assertEquals(lengths, [2 ** 18, 2 ** 18, 2 ** 18]);
  assertEquals(machine.openHandles, []);
});

test("JSON that is nested too deeply for the runtime is an error about its file", async () => {
  const deep = "[".repeat(2_000_000) + "]".repeat(2_000_000);
  const runtime = memoryRuntime({ files: { "/deep": deep } });
  // A runtime that can read and write it all has nothing to say.
  const error: unknown = await updateJsonFile("/deep", (value) => value, { runtime }).catch((each) => each);
  if (error instanceof Error) {
    assertEquals([Reflect.get(error, "code"), Reflect.get(error, "path")], ["EFBIG", "/deep"]);
  }
  assertEquals(runtime.readText("/deep"), deep);
});

test("readers with digest: true return what they return without, and the SHA-256 of the bytes", async () => {
  const runtime = at(bytes("[1]"));
  const digest = createHash("sha256").update("[1]").digest("hex");
  const options = { runtime, digest: true } as const;
  const rows: readonly [found: unknown, content: unknown][] = [
    [await readFile("/file", options), bytes("[1]")],
    [readFileSync("/file", options), bytes("[1]")],
    [await readTextFile("/file", options), "[1]"],
    [readTextFileSync("/file", options), "[1]"],
    [await readJsonFile("/file", options), [1]],
    [readJsonFileSync("/file", options), [1]],
    [await readJsonFile("/file", { ...options, validate: String }), "1"],
  ];
  for (const [found, content] of rows) assertEquals(found, { content, digest });
  assertEquals((await writeFile("/file", "[2]", { runtime, ifMatch: digest })).changed, true);
  const missing = [readFile("/none", options), readTextFile("/none", options), readJsonFile("/none", options)];
  assertEquals(await Promise.all(missing), [undefined, undefined, undefined]);
});

test("ifMatch with lock: false is a TypeError, for nothing would keep others out; null needs no lock", async () => {
  const runtime = memoryRuntime({ files: { "/file": "old" } });
  const options = { runtime, lock: false, ifMatch: "0".repeat(64) };
  await assertRejects(() => writeFile("/file", "new", options), TypeError, "writeVersioned");
  assertThrows(() => writeFileSync("/file", "new", options), TypeError, "writeVersioned");
  assertEquals(runtime.readText("/file"), "old");
  assertEquals((await writeFile("/other", "new", { ...options, ifMatch: null })).replaced, false);
});
