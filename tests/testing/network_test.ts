/** A machine whose disk is a file server's: what its processes are told differently from those of a local disk. */
import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { type MemoryRuntime, memoryRuntime, type NetworkOptions } from "../../src/testing/mod.ts";
import { notEmpty } from "../support/tally.ts";

function clients(network: NetworkOptions = {}): { one: MemoryRuntime; other: MemoryRuntime } {
  const one = memoryRuntime({ network, files: { "/d/a": "old" } });
  return { one, other: one.fork() };
}

const put = (process: MemoryRuntime, path: string) => process.syncFileSystem.create(path, 0o666).close();
const names = (process: MemoryRuntime) => process.syncFileSystem.readDirectory("/d")?.map(({ name }) => name).sort();
const isThere = (process: MemoryRuntime, path: string) => process.syncFileSystem.linkStat(path) !== undefined;

function opened(process: MemoryRuntime, path: string) {
  const file = process.syncFileSystem.open(path, "read");
  if (file === undefined) throw new Error(`${path} is not there`);
  return file;
}

describe("a client of a file server", () => {
  it("sees in listings and by name what was there before, for as many looks as the option says", () => {
    for (const cachedLooks of [0, 1, 3]) {
      const { one, other } = clients({ cachedLooks });
      assertEquals([names(one), isThere(one, "/d/b")], [["a"], false]);
      put(other, "/d/b");
      for (let look = 0; look < cachedLooks; look++) {
        assertEquals([names(one), isThere(one, "/d/b")], [["a"], false], `look ${look} of ${cachedLooks}`);
      }
      assertEquals([names(one), isThere(one, "/d/b")], [["a", "b"], true]);
    }
  });

  it("asks the server for what it opens, and for all of a directory in which it has changed a name itself", () => {
    const { one, other } = clients({ cachedLooks: 100 });
    assertEquals([names(one), isThere(one, "/d/b")], [["a"], false]);
    put(other, "/d/b");
    opened(one, "/d/b").close();
    assertEquals([isThere(one, "/d/b"), names(one)], [true, ["a"]]);
    put(one, "/d/c");
    assertEquals(names(one), ["a", "b", "c"]);
  });

  it("has no locks", () => {
    const { one } = clients();
    assertThrows(() => opened(one, "/d/a").tryLock(false), Error, "ENOLCK");
  });

  it("cannot read on in what another has removed, and can in what it has removed itself", () => {
    const { one, other } = clients();
    const file = opened(one, "/d/a");
    const own = opened(other, "/d/a");
    other.syncFileSystem.remove("/d/a");
    assertEquals(names(other)?.map((name) => name.replace(/\d+$/, "")), [".nfs"]);
    const buffer = new Uint8Array(3);
    assertEquals([own.read(buffer), new TextDecoder().decode(buffer)], [3, "old"]);
    own.close();
    assertEquals(names(other), []);
    assertThrows(() => file.read(buffer), Error, "ESTALE");
    file.close();
    assertEquals([...one.openHandles, ...other.openHandles], []);
  });

  it("loses replies: what was done is reported as a server does that is asked once more", () => {
    const { one } = clients({
      lostReplies: ["link", "rename", "remove", "makeDirectory", "removeDirectory", "symbolicLink"],
    });
    const { syncFileSystem: files } = one;
    const calls: readonly [call: () => unknown, answer: unknown, then: string[]][] = [
      [() => files.link("/d/a", "/d/b"), "EEXIST", ["a", "b"]],
      [() => files.rename("/d/b", "/d/c"), "ENOENT", ["a", "c"]],
      [() => files.remove("/d/c"), false, ["a"]],
      [() => files.makeDirectory("/d/m", 0o777), false, ["a", "m"]],
      [() => files.removeDirectory("/d/m"), false, ["a"]],
      [() => files.symbolicLink("a", "/d/l"), "EEXIST", ["a", "l"]],
    ];
    for (const [call, answer, then] of notEmpty(calls)) {
      let told: unknown;
      try {
        told = call();
      } catch (error) {
        told = (error as { code: string }).code;
      }
      assertEquals([told, names(one)], [answer, then]);
    }
  });
});
