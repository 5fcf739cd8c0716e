import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import {
  foldName,
  isReferenceName,
  objectNames,
  parseObjectNames,
  readDigest,
  referenceParts,
} from "../../src/protocol/names/store.ts";

const digest = "0123456789abcdef".repeat(4);

test("the place of an object is built and parsed", () => {
  const { shard, name } = objectNames(digest);
  assertEquals([shard, name.length, parseObjectNames(shard, name)], ["01", 62, digest]);
  const others = [["0", `1${name}`], ["01", name.slice(1)], ["01", `${name}0`], ["01", name.toUpperCase()], [
    "AB",
    name,
  ], ["01", `.${name}.x.f.tmp`]];
  for (const [directory = "", file = ""] of others) assertEquals(parseObjectNames(directory, file), undefined);
});

test("a digest is 64 hexadecimal digits and nothing else", () => {
  assertEquals(readDigest(digest.toUpperCase()), digest);
  for (
    const value of ["", digest.slice(1), `${digest}0`, `${digest}\n`, `${digest.slice(1)}g`, 5, undefined, null, {}]
  ) {
    assertThrows(() => readDigest(value), TypeError);
  }
});

test("the name of a reference is its path", () => {
  assertEquals(referenceParts("heads/some topic/ä"), ["heads", "some topic", "ä"]);
  assertEquals([isReferenceName("a"), isReferenceName("a/../b"), isReferenceName("HEAD")], [true, false, false]);
  for (const name of ["Straße", "strasse", "K", "İ"]) assertEquals(foldName(foldName(name)), foldName(name));
  assertEquals(foldName("Main"), foldName("mAIN"));
  assertThrows(() => referenceParts(undefined), TypeError);
});
