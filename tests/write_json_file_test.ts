/** writeJsonFile: JSON and a newline, with everything that writeFile promises. */
import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { type JsonSpacing, readJsonFile, writeJsonFile, writeJsonFileSync } from "../mod.ts";
import { memoryRuntime, traceRuntime } from "../src/testing/mod.ts";

for (
  const [value, options, text] of [
    [{ a: [1, "ä", null] }, {}, '{"a":[1,"ä",null]}\n'],
    [{ a: 1 }, { space: 2 }, '{\n  "a": 1\n}\n'],
    [{ a: 1 }, { space: "\t" }, '{\n\t"a": 1\n}\n'],
    [{ a: 1 }, { space: 0 }, '{"a":1}\n'],
    [[], { space: 4 }, "[]\n"],
    ["text", {}, '"text"\n'],
    [null, {}, "null\n"],
    [0, {}, "0\n"],
    ["\ud83d", {}, '"\\ud83d"\n'],
    [new Date(0), {}, '"1970-01-01T00:00:00.000Z"\n'],
    [{ a: undefined, b: () => {} }, {}, "{}\n"],
  ] as [unknown, JsonSpacing, string][]
) {
  test(`writeJsonFile writes ${JSON.stringify(text)}`, async () => {
    const machine = memoryRuntime();
    const result = await writeJsonFile("/a.json", value, { ...options, runtime: machine });
    writeJsonFileSync("/b.json", value, { ...options, runtime: machine });
    assertEquals(machine.files(), { "/a.json": text, "/b.json": text });
    assertEquals(result.bytesWritten, new TextEncoder().encode(text).length);
    assertEquals(await readJsonFile("/a.json", { runtime: machine }), JSON.parse(text));
  });
}

const cycle: Record<string, unknown> = {};
cycle["self"] = cycle;
const reason = new Error("toJSON failed");

for (
  const [what, value] of [
    ["undefined", undefined],
    ["a function", () => {}],
    ["a symbol", Symbol("value")],
    ["a bigint", { n: 5n }],
    ["a cycle", cycle],
  ] as [string, unknown][]
) {
  test(`writeJsonFile refuses ${what} before any I/O`, async () => {
    const { runtime, trace } = traceRuntime(memoryRuntime());
    await assertRejects(() => writeJsonFile("/a.json", value, { runtime }), TypeError);
    assertThrows(() => writeJsonFileSync("/a.json", value, { runtime }), TypeError);
    assertEquals(trace, []);
  });
}

test("writeJsonFile hands on what a toJSON of the caller throws", async () => {
  const { runtime, trace } = traceRuntime(memoryRuntime());
  const value = {
    toJSON: () => {
      throw reason;
    },
  };
  assertStrictEquals(await assertRejects(() => writeJsonFile("/a.json", value, { runtime })), reason);
  assertEquals(trace, []);
});

test("writeJsonFile says what the value is now, whatever becomes of it afterwards", async () => {
  const machine = memoryRuntime({ delay: "every" });
  const value = { a: 1 };
  const writing = writeJsonFile("/a.json", value, { runtime: machine });
  value.a = 2;
  await writing;
  assertEquals(machine.readText("/a.json"), '{"a":1}\n');
});

test("writeJsonFile takes every option of writeFile, and refuses others", async () => {
  const machine = memoryRuntime({ files: { "/a.json": "old" } });
  const options = { runtime: machine, mode: 0o600, backup: 1, digest: true, skipIfEqual: true } as const;
  const first = await writeJsonFile("/a.json", { a: 1 }, options);
  assertEquals([machine.statusOf("/a.json")?.mode, machine.readText(first.backup ?? "")], [0o600, "old"]);
  assertEquals((await writeJsonFile("/a.json", { a: 1 }, options)).changed, false);
  for (const wrong of [{ spaces: 2 }, { space: true }, { space: null }, { replacer: [] }]) {
    await assertRejects(() => writeJsonFile("/a.json", {}, { runtime: machine, ...wrong } as object), TypeError);
    assertThrows(() => writeJsonFileSync("/a.json", {}, { runtime: machine, ...wrong } as object), TypeError);
  }
  assertEquals(machine.readText("/a.json"), '{"a":1}\n');
});
