/**
 * What the tests rely on in `@std/assert`, `@std/path` and `@std/fs`. With JSR this looks at the real packages, without
 * it at the stand-ins in tests/std_local, and so keeps the two at the same meaning.
 */
import {
  assert,
  assertAlmostEquals,
  assertArrayIncludes,
  assertEquals,
  assertExists,
  assertFalse,
  assertGreater,
  assertGreaterOrEqual,
  assertInstanceOf,
  AssertionError,
  assertIsError,
  assertLess,
  assertLessOrEqual,
  assertMatch,
  assertNotEquals,
  assertNotInstanceOf,
  assertNotMatch,
  assertNotStrictEquals,
  assertObjectMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  equal,
  fail,
  unimplemented,
  unreachable,
} from "@std/assert";
import { basename, dirname, fromFileUrl, join, SEPARATOR, toFileUrl } from "@std/path";
import { describe, it } from "node:test";

class Point {
  constructor(readonly x: number, readonly y: number) {}
}
class Other {
  constructor(readonly x: number, readonly y: number) {}
}

function circle(value: number): { value: number; self?: unknown } {
  const made: { value: number; self?: unknown } = { value };
  made.self = made;
  return made;
}

class Celsius {
  readonly #degrees: number;
  constructor(degrees: number) {
    this.#degrees = degrees;
  }
  get degrees(): number {
    return this.#degrees;
  }
}

/** A property that loops over an instance do not see. */
function hidden(value: number): Point {
  return Object.defineProperty(new Point(1, 2), "hidden", { value });
}

/** Two errors whose stacks name the same places. */
function errorsMadeAtOnePlace(left: string, right: string): [Error, Error] {
  const made = [left, right].map((message) =>
    Object.defineProperty(new TypeError(message), "stack", { value: "here" })
  );
  return made as [Error, Error];
}

const SAME: [string, unknown, unknown][] = [
  ["NaN", NaN, NaN],
  ["zeros", 0, -0],
  ["nested objects", { a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }],
  ["key order", { a: 1, b: 2 }, { b: 2, a: 1 }],
  ["no prototype", Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
  ["sets in another order", new Set([1, 2, 3]), new Set([3, 1, 2])],
  ["sets of objects", new Set([{ a: 1 }, { b: 2 }]), new Set([{ b: 2 }, { a: 1 }])],
  ["sets with NaN", new Set([NaN]), new Set([NaN])],
  ["maps", new Map([["a", { b: 1 }]]), new Map([["a", { b: 1 }]])],
  ["maps with object keys", new Map([[{ a: 1 }, 1]]), new Map([[{ a: 1 }, 1]])],
  ["typed arrays", new Uint8Array([1, 2]), new Uint8Array([1, 2])],
  ["buffers", new Uint8Array([1, 2]).buffer, new Uint8Array([1, 2]).buffer],
  ["views of buffers", new DataView(new Uint8Array([1]).buffer), new DataView(new Uint8Array([1]).buffer)],
  ["hidden properties of plain objects", Object.defineProperty({}, "a", { value: 1 }), {}],
  ["what getters of a class answer", new Celsius(1), new Celsius(1)],
  ["a view and its copy", new Uint8Array([0, 1, 2]).subarray(1), new Uint8Array([1, 2])],
  ["float arrays with NaN", new Float64Array([NaN]), new Float64Array([NaN])],
  ["dates", new Date(5), new Date(5)],
  ["invalid dates", new Date(NaN), new Date(NaN)],
  ["expressions", /a/gi, /a/gi],
  ["addresses", new URL("file:///a"), new URL("file:///a")],
  ["class instances", new Point(1, 2), new Point(1, 2)],
  ["symbol keys", { [Symbol.for("a")]: 1 }, { [Symbol.for("a")]: 1 }],
  ["circles", circle(1), circle(1)],
  ["errors with one stack", ...errorsMadeAtOnePlace("a", "a")],
  ["bigints", 10n, 10n],
  ["strings", "ä", "ä"],
];

const DIFFERENT: [string, unknown, unknown][] = [
  ["undefined and missing", { a: undefined }, {}],
  ["undefined under another key", { a: undefined }, { b: undefined }],
  ["null and undefined", null, undefined],
  ["number and string", 1, "1"],
  ["number and bigint", 1, 1n],
  ["arrays of different length", [1, 2], [1, 2, undefined]],
  ["array and object", [1], { 0: 1 }],
  ["a hole and undefined", [undefined, 1], [, 1]],
  ["sets", new Set([1, 2]), new Set([1, 3])],
  ["sets of different size", new Set([1]), new Set([1, 2])],
  ["set and map", new Set(), new Map()],
  ["map values", new Map([["a", 1]]), new Map([["a", 2]])],
  ["map keys", new Map([["a", undefined]]), new Map([["b", undefined]])],
  ["typed arrays", new Uint8Array([1, 2]), new Uint8Array([1, 3])],
  ["typed arrays of different length", new Uint8Array([1]), new Uint8Array([1, 0])],
  ["typed arrays of different kind", new Uint8Array([1]), new Uint16Array([1])],
  ["typed array and array", new Uint8Array([1]), [1]],
  ["dates", new Date(5), new Date(6)],
  ["expressions", /a/g, /a/i],
  ["addresses", new URL("file:///a"), new URL("file:///b")],
  ["classes", new Point(1, 2), new Other(1, 2)],
  ["symbol keys", { [Symbol.for("a")]: 1 }, { [Symbol.for("a")]: 2 }],
  ["functions", () => 1, () => 1],
  ["circles", circle(1), circle(2)],
  ["error classes", new TypeError("a"), new RangeError("a")],
  ["errors that were made at different places", new TypeError("a"), new TypeError("a")],
  ["errors with one stack and other messages", ...errorsMadeAtOnePlace("a", "b")],
  ["buffers", new Uint8Array([1]).buffer, new Uint8Array([2]).buffer],
  ["views of buffers", new DataView(new Uint8Array([1]).buffer), new DataView(new Uint8Array([2]).buffer)],
  ["hidden properties of instances", hidden(1), hidden(2)],
  ["what getters of a class answer", new Celsius(1), new Celsius(2)],
];

/** The message of the AssertionError that an assertion has to throw. */
function failure(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof AssertionError) return error.message;
    throw error;
  }
  throw new Error("the assertion held");
}

async function failureOf(run: () => Promise<unknown>): Promise<string> {
  try {
    await run();
  } catch (error) {
    if (error instanceof AssertionError) return error.message;
    throw error;
  }
  throw new Error("the assertion held");
}

describe("equality", () => {
  for (const [name, left, right] of SAME) {
    it(`holds for ${name}`, () => {
      assert(equal(left, right) && equal(right, left));
      assertEquals(left, right);
      failure(() => assertNotEquals(left, right));
    });
  }
  for (const [name, left, right] of DIFFERENT) {
    it(`does not hold for ${name}`, () => {
      assertFalse(equal(left, right) || equal(right, left));
      assertNotEquals(left, right);
      assertStringIncludes(failure(() => assertEquals(left, right, "my words")), "my words");
    });
  }
  it("is strict where asked", () => {
    const object = {};
    assertStrictEquals(object, object);
    assertStrictEquals(NaN, NaN);
    assertNotStrictEquals({}, {});
    failure(() => assertStrictEquals({}, {}));
    failure(() => assertStrictEquals(0, -0));
    failure(() => assertNotStrictEquals(object, object));
  });
});

describe("assertThrows and assertRejects", () => {
  const throwing = () => {
    throw new RangeError("out of range");
  };
  it("give the error back", () => {
    assertInstanceOf(assertThrows(throwing), RangeError);
    assertEquals(assertThrows(throwing, RangeError, "of ran").message, "out of range");
    assertThrows(throwing, Error);
    assertEquals(
      assertThrows(() => {
        throw "text";
      }),
      "text",
    );
  });
  it("complain about no error, another class, another message, and no Error at all", () => {
    assertStringIncludes(failure(() => assertThrows(() => 1, "my words")), "my words");
    failure(() => assertThrows(() => 1, Error, "x", "my words"));
    failure(() => assertThrows(throwing, TypeError));
    failure(() => assertThrows(throwing, RangeError, "elsewhere"));
    failure(() =>
      assertThrows(() => {
        throw "text";
      }, Error)
    );
  });
  it("work for promises", async () => {
    const rejecting = () => Promise.reject(new RangeError("out of range"));
    assertInstanceOf(await assertRejects(rejecting), RangeError);
    assertEquals((await assertRejects(rejecting, RangeError, "out")).message, "out of range");
    await failureOf(() => assertRejects(() => Promise.resolve(1)));
    await failureOf(() => assertRejects(rejecting, TypeError));
    await failureOf(() => assertRejects(rejecting, RangeError, "elsewhere"));
    // Thrown at once is not rejected.
    await failureOf(() => assertRejects(throwing));
  });
});

describe("the other assertions", () => {
  it("assertObjectMatch looks at what is expected only", () => {
    const actual = { a: 1, b: { c: [1, 2], d: /x/ }, m: new Map([["k", { v: 1, w: 2 }]]), s: new Set([1, 2]) };
    assertObjectMatch(actual, { a: 1 });
    assertObjectMatch(actual, { b: { c: [1, 2] } });
    assertObjectMatch(actual, { b: { d: /x/ } });
    assertObjectMatch(actual, { m: new Map([["k", { v: 1 }]]) });
    assertObjectMatch({ a: undefined }, { a: undefined });
    const expectations: Record<string, unknown>[] = [
      { a: 2 },
      { z: undefined },
      { b: { c: [2] } },
      { b: { c: [1, 2, 3] } },
      { b: { d: /y/ } },
      { m: new Map([["k", { v: 2 }]]) },
      { s: new Set([3]) },
    ];
    for (const expected of expectations) failure(() => assertObjectMatch(actual, expected));
  });
  it("each hold and fail", () => {
    assert(1);
    failure(() => assert(0, "my words"));
    assertFalse("");
    failure(() => assertFalse(1));
    assertExists(0);
    failure(() => assertExists(null));
    failure(() => assertExists(undefined));
    assertGreater(2, 1);
    failure(() => assertGreater(1, 1));
    assertGreaterOrEqual(1, 1);
    failure(() => assertGreaterOrEqual(0, 1));
    failure(() => assertGreaterOrEqual(NaN, 1));
    assertLess("a", "b");
    failure(() => assertLess("b", "b"));
    assertLessOrEqual(1n, 1n);
    failure(() => assertLessOrEqual(2, 1));
    assertAlmostEquals(0.1 + 0.2, 0.3);
    assertAlmostEquals(1, 1.5, 1);
    failure(() => assertAlmostEquals(1, 2));
    assertMatch("abc", /b/);
    failure(() => assertMatch("abc", /x/));
    assertNotMatch("abc", /x/);
    failure(() => assertNotMatch("abc", /b/));
    assertStringIncludes("abc", "bc");
    failure(() => assertStringIncludes("abc", "x"));
    assertArrayIncludes([1, { a: 1 }, NaN], [{ a: 1 }, NaN]);
    assertArrayIncludes(new Uint8Array([1, 2]), new Uint8Array([2]));
    failure(() => assertArrayIncludes([1], [2]));
    assertInstanceOf(new Point(1, 2), Point);
    failure(() => assertInstanceOf({}, Point));
    assertNotInstanceOf({}, Point);
    failure(() => assertNotInstanceOf(new Point(1, 2), Point));
    assertIsError(new RangeError("abc"), RangeError, /b/);
    failure(() => assertIsError("abc"));
    failure(() => assertIsError(new RangeError("abc"), TypeError));
    failure(() => assertIsError(new RangeError("abc"), RangeError, /x/));
    for (const never of [fail, unreachable, unimplemented]) {
      assertStringIncludes(failure(() => never("my words")), "my words");
    }
  });
  it("an AssertionError is an Error of that name", () => {
    const error = new AssertionError("text");
    assertInstanceOf(error, Error);
    assertEquals([error.name, error.message], ["AssertionError", "text"]);
  });
});

describe("paths", () => {
  it("are joined, taken apart and turned into addresses", () => {
    const path = join("a", "..", "b", "c.txt");
    assertEquals([dirname(path), basename(path), path], ["b", "c.txt", `b${SEPARATOR}c.txt`]);
    const address = new URL("file:///a%20b/c%23d");
    assertEquals(toFileUrl(fromFileUrl(address)).href, address.href);
  });
});
