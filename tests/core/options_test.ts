/** Reading options: once, completely, and without keeping or changing the caller's object. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import {
  abortSignal,
  count,
  fileMode,
  filePath,
  flag,
  milliseconds,
  oneOf,
  type OptionReader,
  pathText,
  readOptions,
  wholeNumber,
} from "../../src/core/options.ts";
import { notEmpty } from "../support/tally.ts";

const readers = { mode: fileMode, digest: flag };

test("readOptions answers a frozen object of its own, and leaves the caller's as it is", () => {
  const given = Object.freeze({ mode: 0o600, digest: true });
  const read = readOptions(given, readers);
  assertEquals(read, { mode: 0o600, digest: true });
  assert(Object.isFrozen(read));
  assert(read as unknown !== given);
});

test("readOptions takes undefined for no options, and an undefined option for an absent one", () => {
  assertEquals(readOptions(undefined, readers), {});
  assertEquals(Object.keys(readOptions({ mode: undefined }, readers)), []);
});

for (const value of [null, 5, "mode", true, Symbol("options"), () => {}, []]) {
  test(`readOptions refuses ${Array.isArray(value) ? "an array" : String(value)} for options`, () => {
    assertThrows(() => readOptions(value, readers), TypeError, "Options must be an object");
  });
}

for (const name of ["Mode", "constructor", "__proto__x", "toString", ""]) {
  test(`readOptions refuses the unknown name ${JSON.stringify(name)}`, () => {
    assertThrows(() => readOptions({ [name]: 1 }, readers), TypeError, JSON.stringify(name));
  });
}

test("readOptions reads each option once", () => {
  let reads = 0;
  const options = {
    get mode() {
      return reads++ === 0 ? 0o600 : 0o666;
    },
  };
  assertEquals(readOptions(options, readers), { mode: 0o600 });
  assertEquals(reads, 1);
});

test("readOptions sees options that an object inherits, and getters of its class", () => {
  class Secret {
    get mode(): number {
      return 0o600;
    }
  }
  assertEquals(readOptions(new Secret(), readers), { mode: 0o600 });
  assertEquals(readOptions(Object.create({ mode: 0o600 }), readers), { mode: 0o600 });
  assertThrows(() => readOptions(Object.create({ moed: 0o600 }), readers), TypeError, '"moed"');
});

type Expectation = typeof TypeError | typeof RangeError | undefined;
const table: [string, OptionReader<unknown>, [unknown, Expectation][]][] = [
  ["oneOf", oneOf("throw", "report"), [
    ["throw", undefined],
    ["report", undefined],
    ["Throw", TypeError],
    ["", TypeError],
    [null, TypeError],
    [["throw"], TypeError],
    [new String("throw"), TypeError],
  ]],
  ["flag", flag, [[true, undefined], [false, undefined], [0, TypeError], ["true", TypeError], [null, TypeError]]],
  ["count", count, [
    [0, undefined],
    [3, undefined],
    [-1, RangeError],
    [1.5, RangeError],
    [NaN, RangeError],
    [Infinity, RangeError],
    [2 ** 53, RangeError],
    ["3", TypeError],
    [3n, TypeError],
  ]],
  ["wholeNumber(2, 4)", wholeNumber(2, 4), [[2, undefined], [4, undefined], [1, RangeError], [5, RangeError]]],
  ["milliseconds", milliseconds, [
    [0, undefined],
    [0.5, undefined],
    [Infinity, undefined],
    [-1, RangeError],
    [NaN, RangeError],
    ["1", TypeError],
  ]],
  ["fileMode", fileMode, [
    [0, undefined],
    [0o7777, undefined],
    // 0o4755, 0o1777 and 0o2755 in decimal; 0o620 sets nothing that nobody means.
    [2541, undefined],
    [1023, undefined],
    [1517, undefined],
    [400, undefined],
    [600, RangeError],
    [644, RangeError],
    [755, RangeError],
    [777, RangeError],
    [0o10000, RangeError],
    [-1, RangeError],
    [0.5, RangeError],
    [NaN, RangeError],
    ["600", TypeError],
    [null, TypeError],
  ]],
  ["abortSignal", abortSignal, [
    [new AbortController().signal, undefined],
    [new AbortController(), TypeError],
    [null, TypeError],
    ["abort", TypeError],
  ]],
  ["filePath", filePath, [
    ["a", undefined],
    [new URL("file:///a"), undefined],
    [5, TypeError],
    [null, TypeError],
    [undefined, TypeError],
    [["a"], TypeError],
    [{ href: "file:///a" }, TypeError],
    [new Uint8Array([97]), TypeError],
  ]],
];

for (const [name, reader, rows] of table) {
  for (const [value, expected] of notEmpty(rows)) {
    const answer = expected === undefined ? "takes it" : `throws a ${expected.name}`;
    test(`${name}, given ${describe(value)}, ${answer}`, () => {
      if (expected === undefined) assertEquals(reader(value, "option"), value);
      else assertThrows(() => reader(value, "option"), expected, "option");
    });
  }
}

function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  return typeof value === "object" && value !== null ? `a ${value.constructor.name}` : String(value);
}

const urls: [string, "posix" | "windows", string | undefined][] = [
  ["file:///a/b", "posix", "/a/b"],
  ["file:///a%20b/%C3%A4", "posix", "/a b/ä"],
  ["file:///a%0Ab", "posix", "/a\nb"],
  ["file:///a%25b", "posix", "/a%b"],
  ["file:///a%5Cb", "posix", "/a\\b"],
  ["file:///a?b#c", "posix", "/a"],
  ["file://localhost/a", "posix", "/a"],
  ["file://host/a", "posix", undefined],
  ["file:///a%2Fb", "posix", undefined],
  ["file:///a%2fb", "posix", undefined],
  ["file:///a%00b", "posix", undefined],
  ["file:///a%FFb", "posix", undefined],
  ["file:///a%b", "posix", undefined],
  ["http://host/a", "posix", undefined],
  ["data:,a", "posix", undefined],
  ["file:///C:/a/b", "windows", "C:\\a\\b"],
  ["file://server/share/a", "windows", "\\\\server\\share\\a"],
  ["file:///a", "windows", undefined],
  ["file:///C:/a%5Cb", "windows", undefined],
];

for (const [url, style, expected] of urls) {
  test(`pathText ${expected === undefined ? "refuses" : "reads"} ${url} (${style})`, () => {
    if (expected === undefined) assertThrows(() => pathText(new URL(url), style), TypeError);
    else assertEquals(pathText(new URL(url), style), expected);
  });
}

for (const path of ["", "a\0b"]) {
  test(`pathText refuses ${JSON.stringify(path)}`, () => {
    assertThrows(() => pathText(path, "posix"), TypeError);
  });
}
