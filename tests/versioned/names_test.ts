/** Names and last lines of versions: built and read back, and nothing else is read. */
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { makeEngine } from "../../src/protocol/engine.ts";
import { isStageOf, isVersionOf, parseVersionName, versionName } from "../../src/protocol/names/version.ts";
import { parseTrailer, trailerBytes } from "../../src/protocol/versions/trailer.ts";
import { memoryRuntime } from "../../src/testing/mod.ts";

describe("names of versions", () => {
  for (const target of ["a", ".", "a.v1", "x".repeat(255), "é".repeat(127), "a\nb", ".a.v3"]) {
    it(`${JSON.stringify(target.slice(0, 12))}: are read back`, () => {
      for (const number of [1, 9, 10, 2 ** 53 - 1]) {
        const name = versionName(target, number);
        assert(new TextEncoder().encode(name).length <= 255);
        const parsed = parseVersionName(name);
        assert(parsed !== undefined && isVersionOf(parsed, target));
        assertEquals(parsed.number, number);
        assert(!isVersionOf(parsed, `${target}?`));
      }
    });
  }

  it("nothing else is one", () => {
    const names = ["a", ".a", ".a.v", ".a.v0", ".a.v01", ".a.v9007199254740992", ".v1", ".a.v1.bak", ".a.V1", "a.v1"];
    for (const name of names) assertEquals(parseVersionName(name), undefined, name);
  });

  it("stages of a version are temporary names of it", () => {
    const stage = `..a.v3.${"a".repeat(26)}.f.tmp`;
    assert(isStageOf(stage, ".a.v3"));
    assert(!isStageOf(stage, ".a.v4") && !isStageOf(".a.v3", ".a.v3") && !isStageOf("x", ".a.v3"));
  });
});

describe("the last line of a version", () => {
  const engine = makeEngine(memoryRuntime(), true);
  const content = new TextEncoder().encode("content\n# atomic-write version 3 ");
  const trailer = {
    number: 3,
    size: content.length,
    base: "b".repeat(26),
    token: "a".repeat(26),
    state: "whole",
  } as const;
  const line = trailerBytes(engine, content, trailer);
  const file = new Uint8Array([...content, ...line]);

  it("is read back, also from the end alone", () => {
    const { digest, ...read } = parseTrailer(file, 3, file.length) ?? { digest: "" };
    assertEquals(read, trailer);
    assertEquals(digest.length, 64);
    assertEquals(parseTrailer(file.subarray(-200), 3, file.length)?.token, trailer.token);
    const first = { ...trailer, base: undefined };
    const other = trailerBytes(engine, content, first);
    assertEquals(parseTrailer(other, 3, content.length + other.length)?.base, undefined);
  });

  it("says nothing of another number or size, or when any part of it is missing", () => {
    assertEquals(parseTrailer(file, 4, file.length), undefined);
    assertEquals(parseTrailer(file, 3, file.length + 1), undefined);
    for (let length = 0; length < line.length; length++) {
      assertEquals(parseTrailer(file.subarray(0, content.length + length), 3, content.length + length), undefined);
      assertEquals(parseTrailer(line.subarray(length + 1), 3, content.length + line.length), undefined);
    }
  });
});
