/** The grammar of traces. */
import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import type { OpenFile } from "../../src/runtime/runtime.ts";
import { memoryRuntime, traceRuntime } from "../../src/testing/mod.ts";
import { encode } from "./support.ts";

describe("traceRuntime", () => {
  it("writes a line for every call, in one grammar", () => {
    const machine = memoryRuntime({
      files: { "/d/a": "text", "/d/l": { symlink: "a" } },
      capabilities: { attributes: true },
    });
    const { runtime, trace } = traceRuntime(machine, { base: "/d" });
    const fs = runtime.syncFileSystem;
    const directory = fs.openDirectory("/d") as OpenFile;
    const file = fs.create("/d/.a.abcdefghijklmnop.f.tmp", 0o600) as OpenFile;
    file.tryLock(false);
    file.write(encode("hello"));
    file.seek(0);
    file.read(new Uint8Array(64));
    file.truncate(3);
    file.setMode(0o644);
    file.setOwner(1000, undefined);
    file.times();
    file.setTimes({ accessed: 1n, modified: 2n });
    file.setAttribute("user.note", encode("hello"));
    file.setAttribute("user.note", undefined);
    file.attributes();
    file.stat();
    const source = fs.open("/d/a", "read", { follow: false }) as OpenFile;
    file.clone(source);
    source.tryLock(true);
    (fs.open("/d/a", "read") as OpenFile).tryLock(false);
    file.sync("full");
    file.sync("barrier");
    file.unlock();
    file.close();
    fs.rename("/d/.a.abcdefghijklmnop.f.tmp", "/d/a");
    directory.sync("full");
    directory.stat();
    directory.close();
    fs.stat("/d/absent");
    fs.linkStat("/d/a");
    fs.readLink("/d/l");
    fs.readLink("/d/a");
    fs.readDirectory("/d");
    fs.makeDirectory("/d/n", 0o755);
    fs.makeDirectory("/d/n", 0o755);
    fs.link("/d/a", "/e");
    fs.symbolicLink("some/where", "/d/s");
    fs.remove("/d/s");
    fs.remove("/d/s");
    fs.removeDirectory("/d/n");
    assertThrows(() => fs.rename("/d/absent", "/d/b"));
    assertEquals(fs.open("/d/absent", "read-write"), undefined);
    assertEquals(trace, [
      "openDirectory .",
      "create .a.<random>.f.tmp 0600",
      "tryLock exclusive",
      "write 5",
      "seek 0",
      "read 64 = 5",
      "truncate 3",
      "setMode 0644",
      "setOwner 1000 -",
      "times",
      "setTimes",
      "setAttribute user.note 5",
      "setAttribute user.note -",
      "attributes",
      "stat",
      "open a read nofollow",
      "clone .a.<random>.f.tmp a = false",
      "tryLock a shared",
      "open a read",
      "tryLock exclusive = false",
      "sync .a.<random>.f.tmp",
      "sync barrier",
      "unlock",
      "close",
      "rename .a.<random>.f.tmp → a",
      "sync .",
      "stat",
      "close",
      "stat absent = none",
      "linkStat a",
      "readLink l",
      "readLink a = none",
      "readDirectory .",
      "makeDirectory n 0755",
      "makeDirectory n 0755 = false",
      "link a → /e",
      "symbolicLink s → some/where",
      "remove s",
      "remove s = false",
      "removeDirectory n",
      "rename absent → b ! ENOENT",
      "open absent read-write = none",
    ]);
  });

  it("tells the stat of an open file from that of a path", () => {
    const { runtime, trace } = traceRuntime(memoryRuntime());
    const file = runtime.syncFileSystem.create("/a", 0o600) as OpenFile;
    runtime.syncFileSystem.create("/b", 0o600);
    file.stat();
    runtime.syncFileSystem.stat("/a");
    assertEquals(trace, ["create /a 0600", "create /b 0600", "stat (open) /a", "stat /a"]);
  });

  it("is the same from both file systems, and leaves out what is not wanted", async () => {
    const options = { base: "/", only: (method: string) => method !== "close" };
    const one = traceRuntime(memoryRuntime(), options);
    (one.runtime.syncFileSystem.create("/a", 0o600) as OpenFile).close();
    const two = traceRuntime(memoryRuntime({ delay: "every" }), options);
    await (await two.runtime.fileSystem.create("/a", 0o600)).close();
    assertEquals(one.trace, ["create a 0600"]);
    assertEquals(two.trace, one.trace);
  });

  it("shows chance as requested", () => {
    const show = (random: RegExp | false | undefined, name: string) => {
      const { runtime, trace } = traceRuntime(memoryRuntime(), {
        base: "/",
        ...(random === undefined ? {} : { random }),
      });
      runtime.syncFileSystem.stat(`/${name}`);
      return trace[0];
    };
    assertEquals(show(undefined, ".a.abcdefghijklmnop.tmp"), "stat .a.<random>.tmp = none");
    assertEquals(show(undefined, "abcdefghijklmnop"), "stat abcdefghijklmnop = none");
    assertEquals(show(false, ".a.abcdefghijklmnop.tmp"), "stat .a.abcdefghijklmnop.tmp = none");
    assertEquals(show(/[0-9]+/g, "a1b22"), "stat a<random>b<random> = none");
  });
});
