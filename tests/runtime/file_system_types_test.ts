/** What the kind of a file system says of its syncs, read from texts as Linux shows them. */
import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { isMemoryDevice, tellsLostWrites } from "../../src/runtime/file_system_types.ts";

/** 8:1 is device 2049, as makedev(3) puts it. Each test has devices of its own: answers are kept. */
const mounts = (minor: number, type: string) =>
  `22 1 0:20 / /proc rw - proc proc rw\n30 1 8:${minor} / /a\\040b rw,relatime shared:1 - ${type} /dev/sda1 rw\n`;

const reader = (text: string, release = "6.1.0-13-amd64\n") => (path: string) =>
  path.endsWith("mountinfo") ? text : release;
const device = (minor: number) => String(8 * 256 + minor);

const types = [
  ["ext4", false, true],
  ["xfs", false, true],
  ["tmpfs", true, false],
  ["ramfs", true, false],
  ["btrfs", false, false],
  ["fuse.sshfs", false, false],
  ["overlay", false, false],
] as const;

for (const [index, [type, inMemory, tells]] of types.entries()) {
  test(`${type} ${inMemory ? "is" : "is not"} in memory, and syncfs ${tells ? "is" : "is not"} believed there`, () => {
    const read = reader(mounts(index, type));
    assertEquals([isMemoryDevice(device(index), read), tellsLostWrites(device(index), read)], [inMemory, tells]);
  });
}

test("what is not shown, or no device number, is neither", () => {
  const refuses = () => {
    throw new Error("not permitted");
  };
  for (const [name, read] of [["2099", refuses], ["2098", () => undefined], ["2097", reader("")]] as const) {
    assertEquals([isMemoryDevice(name, read), tellsLostWrites(name, read)], [false, false]);
  }
  assertEquals(tellsLostWrites("memory-1", reader(mounts(1, "ext4"))), false);
});
