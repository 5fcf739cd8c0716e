import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { shiftState } from "../../src/log/crc_shift.ts";
import { crc32c } from "../../src/log/crc32c.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test("crc32c gives the values of RFC 3720, B.4, and of the usual check", () => {
  assertEquals(crc32c(bytes("123456789")), 0xe3069283);
  assertEquals(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assertEquals(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  assertEquals(crc32c(Uint8Array.from({ length: 32 }, (_, index) => index)), 0x46dd794e);
  assertEquals(crc32c(new Uint8Array(0)), 0);
});

test("shiftState is the state after that many zero bytes", () => {
  for (const count of [0, 1, 2, 31, 255, 256, 257, 65_535, 65_536, 1_000_003]) {
    for (const state of [0, 1, 0x80000000, 0xdeadbeef]) {
      assertEquals(shiftState(state, count), ~crc32c(new Uint8Array(count), ~state >>> 0) >>> 0, `${state}, ${count}`);
    }
  }
});

test("crc32c goes on from a checksum, wherever the bytes are divided", () => {
  const all = bytes("The quick brown fox jumps over the lazy dog, twice and thrice.");
  for (let at = 0; at <= all.length; at++) {
    assertEquals(crc32c(all.subarray(at), crc32c(all.subarray(0, at))), crc32c(all));
  }
});
