/**
 * What a simulated machine adds to the contract of the seam (contract_memory_test.ts) and to the rules that are compared
 * with the real system (like_the_system_test.ts): mounts, limits, owners, processes, time, and looking at it all.
 */
import { assert, assertEquals, assertInstanceOf, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import type { OpenFile } from "../../src/runtime/runtime.ts";
import { SystemError } from "../../src/runtime/system_error.ts";
import { type MachineOptions, type MemoryRuntime, memoryRuntime } from "../../src/testing/mod.ts";
import { encode, Raw } from "./support.ts";

function make(options: Parameters<typeof memoryRuntime>[0] = {}) {
  const machine = memoryRuntime(options);
  return { machine, raw: new Raw(machine), fs: machine.syncFileSystem };
}

function assertCode(code: string, body: () => unknown): void {
  const error = assertThrows(body);
  assertInstanceOf(error, SystemError);
  assertEquals(error.code, code, error.message);
}

describe("a machine", () => {
  it("begins with what it is given, durable, in directories made for it", () => {
    const { machine } = make({
      files: {
        "/a/text": "text",
        "/a/bytes": encode("bytes"),
        "/a/script": { content: "#!", mode: 0o755, user: 0, group: 0 },
        "/a/link": { symlink: "text" },
        "/a/second": { link: "/a/text" },
        "/a/empty/": { kind: "directory", mode: 0o1777 },
        "/a/fifo": { kind: "other" },
      },
    });
    assertEquals(machine.files(), {
      "/a/bytes": "bytes",
      "/a/empty/": "",
      "/a/fifo": "(other)",
      "/a/link": "→ text",
      "/a/script": "#!",
      "/a/second": "text",
      "/a/text": "text",
    });
    assertEquals(machine.files("/a/empty"), {});
    const { mode, user, group } = machine.statusOf("/a/script") ?? {};
    assertEquals([mode, user, group], [0o755, 0, 0]);
    assertEquals(machine.statusOf("/a/text")?.links, 2);
    assertEquals(machine.statusOf("/a/empty")?.mode, 0o1777);
    assertEquals(machine.statusOf("/a/link")?.kind, "symlink");
    assertEquals(machine.readText("/a/link"), "text");
    assertEquals(machine.readBytes("/a/absent"), undefined);
    assertEquals(machine.statusOf("/absent/x"), undefined);
  });

  it("takes more later, with every right", () => {
    const { machine } = make({ files: { "/locked/": { kind: "directory", mode: 0o000 } } });
    machine.put("/locked/in/here", "x");
    assertEquals(machine.readText("/locked/in/here"), "x");
    machine.put("/locked/in/here", { content: "y", mode: 0o600 });
    assertEquals(machine.files(), { "/locked/in/here": "y" });
  });

  it("belongs to its user, has a device of its own, and is the same for the same seed", () => {
    const one = memoryRuntime({ seed: 7 });
    const two = memoryRuntime({ seed: 7 });
    assertEquals(one.random(20), two.random(20));
    assertNotEquals(one.random(20), memoryRuntime({ seed: 8 }).random(20));
    assertNotEquals(one.statusOf("/")?.device, two.statusOf("/")?.device);
    assertEquals(memoryRuntime({ device: "disk" }).statusOf("/")?.device, "disk");
    assertEquals(one.statusOf("/")?.user, 1000);
    assertEquals(one.process.owner(), { user: 1000, group: 1000 });
    assertEquals(one.process.userNumber("root"), 0);
    assertEquals(one.process.userNumber("toString"), undefined);
    assertEquals(memoryRuntime({ groupNumbers: { staff: 50 } }).process.groupNumber("staff"), 50);
  });

  it("wants absolute paths", () => {
    const { fs } = make();
    assertThrows(() => fs.stat("relative"), TypeError);
  });

  it("claims what it is set to claim", () => {
    const { machine, fs, raw } = make({
      capabilities: { directorySync: false, fileLock: "none", owner: false },
      processFacts: false,
    });
    assertEquals([machine.capabilities.directorySync, machine.capabilities.mode], [false, true]);
    assertCode("ENOTSUP", () => fs.openDirectory("/"));
    assertCode("ENOTSUP", () => raw.create("/a").tryLock(false));
    assertEquals(machine.process.owner(), undefined);
    assertEquals(machine.process.facts(), undefined);
  });
});

describe("an open file", () => {
  it("counts among the handles until it is closed", () => {
    const { machine, raw, fs } = make();
    const file = raw.create("/a");
    const directory = fs.openDirectory("/") as OpenFile;
    assertEquals(machine.openHandles, ["/a", "/"]);
    file.close();
    directory.close();
    assertEquals(machine.openHandles, []);
    assertCode("EBADF", () => file.close());
    assertCode("EBADF", () => file.write(encode("x")));
  });

  it("lives on without a name", () => {
    const { raw, fs } = make();
    const file = raw.create("/a", "text");
    fs.remove("/a");
    file.seek(0);
    assertEquals(file.read(new Uint8Array(9)), 4);
    assertEquals((file.stat() as { links: number }).links, 0);
  });

  it("keeps the bytes that were written, whatever becomes of the buffer", () => {
    const { machine, raw } = make();
    const bytes = encode("before");
    raw.create("/a").write(bytes);
    bytes.fill(0);
    assertEquals(machine.readText("/a"), "before");
  });

  it("is refused beyond the limit of the process", () => {
    const { raw, machine } = make({ openFileLimit: 2 });
    raw.create("/a");
    const second = raw.create("/b");
    assertCode("EMFILE", () => raw.create("/c"));
    assertEquals(machine.statusOf("/c"), undefined);
    assertCode("EMFILE", () => raw.open("/a"));
    second.close();
    raw.open("/a");
  });

  it("is for files only: a FIFO is not waited for", () => {
    const { fs } = make({ files: { "/fifo": { kind: "other" } } });
    assertCode("ENXIO", () => fs.open("/fifo", "read"));
    assertEquals(fs.stat("/fifo"), fs.linkStat("/fifo"));
  });
});

describe("rights", () => {
  it("are those of owner, group and others, and root's", () => {
    const { machine } = make({ files: { "/f": { mode: 0o640, user: 1, group: 2 } } });
    const opens = (user: number, groups: number[], access: "read" | "read-write") => {
      const process = machine.fork({ user, group: 99, groups });
      try {
        process.syncFileSystem.open("/f", access);
        return "yes";
      } catch (error) {
        return (error as SystemError).code;
      }
    };
    assertEquals([opens(1, [], "read"), opens(1, [], "read-write")], ["yes", "yes"]);
    assertEquals([opens(5, [2], "read"), opens(5, [2], "read-write")], ["yes", "EACCES"]);
    assertEquals([opens(5, [3], "read"), opens(0, [], "read-write")], ["EACCES", "yes"]);
  });

  it("in a sticky directory are the owner's alone", () => {
    const { machine } = make({
      files: { "/tmp/": { kind: "directory", mode: 0o1777, user: 0 }, "/tmp/a": { user: 1 }, "/tmp/b": { user: 2 } },
    });
    const fs = machine.fork({ user: 2 }).syncFileSystem;
    assertCode("EPERM", () => fs.remove("/tmp/a"));
    assertCode("EPERM", () => fs.rename("/tmp/a", "/tmp/c"));
    assertCode("EPERM", () => fs.rename("/tmp/b", "/tmp/a"));
    assertEquals(fs.remove("/tmp/b"), true);
    assertEquals(machine.fork({ user: 0 }).syncFileSystem.remove("/tmp/a"), true);
  });

  it("do not reach through links that others have planted", () => {
    const files: MachineOptions["files"] = {
      "/tmp/": { kind: "directory", mode: 0o1777, user: 0 },
      "/tmp/evil": { symlink: "/secret", user: 666 },
      "/secret": { user: 2, mode: 0o644 },
    };
    const follow = (options: MachineOptions) =>
      memoryRuntime({ files, ...options }).fork({ user: 2 }).syncFileSystem.open("/tmp/evil", "read");
    assertCode("EACCES", () => follow({}));
    assert(follow({ protectedLinks: false }) !== undefined);
    const { machine } = make({ files });
    assertCode("EPERM", () => machine.fork({ user: 5 }).syncFileSystem.link("/secret", "/tmp/mine"));
  });

  it("to change mode and owner are the owner's, and root's", () => {
    const { machine, raw } = make({ files: { "/f": { mode: 0o666, user: 1 } } });
    assertCode("EPERM", () => raw.open("/f").setMode(0o600));
    assertCode("EPERM", () => raw.open("/f").setTimes({ accessed: 1n, modified: 1n }));
    const own = raw.create("/own");
    assertCode("EPERM", () => own.setOwner(5, undefined));
    assertCode("EPERM", () => own.setOwner(undefined, 5));
    own.setOwner(1000, 1000);
    new Raw(machine.fork({ groups: [5] })).open("/own").setOwner(undefined, 5);
    assertEquals(machine.statusOf("/own")?.group, 5);
    new Raw(machine.fork({ user: 0 })).open("/own").setOwner(7, 8);
    const { user, group } = machine.statusOf("/own") ?? {};
    assertEquals([user, group], [7, 8]);
  });

  it("that are special are lost with another owner, and by a write", () => {
    const { machine } = make({ files: { "/a": { mode: 0o6755 }, "/b": { mode: 0o6755 } } });
    new Raw(machine.fork({ user: 0 })).open("/a").setOwner(7, undefined);
    assertEquals(machine.statusOf("/a")?.mode, 0o755);
    new Raw(machine).open("/b").write(encode("x"));
    assertEquals(machine.statusOf("/b")?.mode, 0o755);
  });

  it("of new files are less umask, their group the directory's where that is setgid", () => {
    const { machine } = make({ umask: 0o027, files: { "/d/": { kind: "directory", mode: 0o2777, group: 50 } } });
    new Raw(machine).create("/d/a", "", 0o666);
    machine.syncFileSystem.makeDirectory("/d/b", 0o777);
    const a = machine.statusOf("/d/a");
    const b = machine.statusOf("/d/b");
    assertEquals([a?.mode, a?.group, b?.mode, b?.group], [0o640, 50, 0o2750, 50]);
  });
});

describe("mounts", () => {
  it("are other devices: no renames and links between them", () => {
    const { machine, fs, raw } = make({ mounts: { "/m": {} }, files: { "/a": "a", "/m/b": "b" } });
    assertCode("EXDEV", () => fs.rename("/a", "/m/a"));
    assertCode("EXDEV", () => fs.link("/a", "/m/a"));
    assertNotEquals(machine.statusOf("/a")?.device, machine.statusOf("/m/b")?.device);
    assertEquals(machine.statusOf("/m")?.device, machine.statusOf("/m/b")?.device);
    assertCode("EBUSY", () => fs.rename("/m", "/n"));
    fs.remove("/m/b");
    assertCode("EBUSY", () => fs.removeDirectory("/m"));
    raw.put("/m/../c", "above");
    assertEquals(machine.readText("/c"), "above");
  });

  it("may be read-only", () => {
    const { fs, raw } = make({ mounts: { "/m": { readOnly: true } }, files: { "/m/a": "a" } });
    assertCode("EROFS", () => raw.create("/m/b"));
    assertCode("EROFS", () => fs.open("/m/a", "read-write"));
    assertCode("EROFS", () => fs.rename("/m/a", "/m/b"));
    assertCode("EROFS", () => fs.remove("/m/a"));
    assertCode("EROFS", () => raw.open("/m/a", "read").setMode(0o600));
    assertEquals(raw.open("/m/a", "read").read(new Uint8Array(4)), 1);
  });

  it("run full: first a short write, then none", () => {
    const { machine, fs, raw } = make({ mounts: { "/m": { capacity: 10 } }, files: { "/m/a": "12345" } });
    const file = raw.create("/m/b");
    assertEquals(file.write(encode("abcdefgh")), 5);
    assertCode("ENOSPC", () => file.write(encode("fgh")));
    file.seek(0);
    assertEquals(file.write(encode("ABCDE")), 5, "what is there may be overwritten");
    const held = raw.open("/m/a");
    fs.remove("/m/a");
    assertCode("ENOSPC", () => file.write(encode("f")));
    held.close();
    assertEquals(file.write(encode("fgh")), 3, "room again once nobody has the removed file open");
    assertEquals(machine.readText("/m/b"), "ABCDEfgh");
  });

  it("run out of inodes", () => {
    const { fs, raw } = make({ mounts: { "/m": { inodes: 2 } } });
    raw.put("/m/a", "");
    fs.makeDirectory("/m/d", 0o755);
    assertCode("ENOSPC", () => raw.create("/m/b"));
    assertCode("ENOSPC", () => fs.symbolicLink("x", "/m/b"));
    fs.link("/m/a", "/m/b");
    assertEquals(fs.remove("/m/a") && fs.remove("/m/b"), true);
    raw.create("/m/c");
  });

  it("may lack syncs, links, owners and locks", () => {
    const { fs, raw } = make({
      disk: { fileSync: false, directorySync: false, hardLinks: false, owners: false, fileLock: false },
    });
    const file = raw.create("/a");
    assertCode("EINVAL", () => file.sync("full"));
    assertCode("EINVAL", () => raw.syncDirectory("/"));
    assertCode("EPERM", () => fs.link("/a", "/b"));
    assertCode("EPERM", () => file.setMode(0o644));
    assertCode("EPERM", () => file.setOwner(1000, 1000));
    assertCode("ENOTSUP", () => file.tryLock(false));
  });

  it("of single files cannot be replaced, only written", () => {
    const { machine, fs, raw } = make({
      files: { "/etc/conf": "hidden", "/host/conf": "shown" },
      bindMounts: { "/etc/conf": "/host/conf" },
    });
    raw.put("/etc/.conf.tmp", "new");
    assertCode("EBUSY", () => fs.rename("/etc/.conf.tmp", "/etc/conf"));
    assertCode("EBUSY", () => fs.remove("/etc/conf"));
    assertCode("EXDEV", () => fs.link("/etc/conf", "/etc/second"));
    raw.open("/etc/conf").write(encode("SHOWN"));
    assertEquals([machine.readText("/etc/conf"), machine.readText("/host/conf")], ["SHOWN", "SHOWN"]);
    assertEquals(machine.statusOf("/etc/conf")?.identity, machine.statusOf("/host/conf")?.identity);
  });

  it("share blocks where they can", () => {
    const clone = (disk: { clone?: boolean }) => {
      const { machine, raw } = make({ disk, files: { "/a": "text" } });
      const done = raw.create("/b").clone(raw.open("/a", "read"));
      return [done, machine.readText("/b")];
    };
    assertEquals(clone({ clone: true }), [true, "text"]);
    assertEquals(clone({}), [false, ""]);
  });
});

describe("processes", () => {
  it("exclude each other by locks, until they are killed", () => {
    const { machine } = make({ files: { "/l": "" } });
    const other = machine.fork();
    const held = new Raw(machine).open("/l");
    assertEquals(held.tryLock(false), true);
    assertEquals(new Raw(other).open("/l").tryLock(true), false);
    assertEquals(machine.isLocked("/l"), true);
    machine.kill();
    assertEquals(machine.isLocked("/l"), false);
    assertEquals(machine.openHandles, []);
    assertEquals(new Raw(other).open("/l").tryLock(false), true);
    assertCode("ESRCH", () => held.write(encode("x")));
    assertCode("ESRCH", () => machine.syncFileSystem.stat("/l"));
  });

  for (
    const [how, end, kept] of [
      ["the process that took it is killed", ({ parent }) => parent.kill(), true],
      ["the process that took it closes it", ({ file }) => file.close(), true],
      ["the process that took it unlocks it", ({ file }) => file.unlock(), false],
      ["the last process that has it open is killed", ({ parent, child }) => [parent.kill(), child.kill()], false],
    ] as readonly [string, (of: { parent: MemoryRuntime; child: MemoryRuntime; file: OpenFile }) => unknown, boolean][]
  ) {
    it(`${kept ? "keep" : "lose"} an inherited lock when ${how}`, () => {
      const { machine } = make({ files: { "/l": "text" } });
      const parent = machine.fork();
      const file = new Raw(parent).open("/l");
      assertEquals(file.tryLock(false), true);
      const child = parent.fork({ inherits: [file.descriptor ?? 0] });
      assertEquals([child.openHandles, parent.fork().openHandles], [["/l"], []]);
      end({ parent, child, file });
      assertEquals([machine.isLocked("/l"), new Raw(machine).open("/l").tryLock(true)], [kept, !kept]);
    });
  }

  it("inherit nothing that is not open", () => {
    const { machine, raw } = make({ files: { "/l": "" } });
    const { descriptor = 0 } = raw.open("/l");
    assertThrows(() => machine.fork({ inherits: [descriptor + 1] }), TypeError, "does not have open");
  });

  it("lose a lock that they fail to convert", () => {
    const { raw } = make({ files: { "/l": "" } });
    const one = raw.open("/l");
    const two = raw.open("/l");
    assertEquals([one.tryLock(true), two.tryLock(true), one.tryLock(false)], [true, true, false]);
    assertEquals(two.tryLock(false), true, "the first has nothing any more");
  });

  it("know each other", () => {
    const { machine } = make({ workingDirectory: "/w" });
    const other = machine.fork({ user: 5, umask: 0 });
    const facts = other.process.facts();
    assert(facts !== undefined);
    assertNotEquals(other.process.pid, machine.process.pid);
    assertEquals(other.process.workingDirectory(), "/w");
    assertEquals(other.process.owner()?.user, 5);
    assertEquals(machine.process.liveness(facts), "alive");
    assertEquals(machine.process.liveness({ ...facts, started: "0" }), "dead");
    assertEquals(machine.process.liveness({ ...facts, boot: "other" }), "unknown");
    other.kill();
    assertEquals(machine.process.liveness(facts), "dead");
  });
});

describe("time", () => {
  it("jumps to the next sleep's end when nothing else goes on", async () => {
    const { clock } = memoryRuntime({ startTime: 1000 });
    const order: string[] = [];
    const sleep = async (name: string, milliseconds: number) => {
      await clock.sleep(milliseconds);
      order.push(`${name} ${clock.now()} ${clock.monotonic()}`);
    };
    await Promise.all([sleep("long", 3_600_000), sleep("short", 5), sleep("none", 0)]);
    assertEquals(order, ["none 1000 0", "short 1005 5", "long 3601000 3600000"]);
  });

  it("moves by hand alone where that is asked for", async () => {
    const { clock } = memoryRuntime({ clock: "manual" });
    let woken = false;
    const sleep = clock.sleep(10).then(() => woken = true);
    clock.advance(9);
    await new Promise((resolve) => setTimeout(resolve, 5));
    assertEquals(woken, false);
    clock.advance(1);
    await sleep;
    assertThrows(() => clock.advance(-1), RangeError);
  });

  it("can be cut short", async () => {
    const { clock } = memoryRuntime({ clock: "manual" });
    const controller = new AbortController();
    const sleep = clock.sleep(10, controller.signal);
    controller.abort(new Error("enough"));
    await assertRejects(() => sleep, Error, "enough");
  });
});

describe("delay", () => {
  it("gives promises for every call, in an order that the seed decides", async () => {
    const orderOf = async (seed: number) => {
      const { fileSystem } = memoryRuntime({ delay: "every", seed });
      const order: number[] = [];
      await Promise.all(Array.from({ length: 6 }, async (_, index) => {
        const file = await fileSystem.create(`/${index}`, 0o600);
        const written = file.write(encode("x"));
        assertInstanceOf(written, Promise);
        await written;
        await file.close();
        order.push(index);
      }));
      return order.join("");
    };
    assertEquals(await orderOf(1), await orderOf(1));
    const orders = new Set<string>();
    for (let seed = 0; seed < 20; seed++) orders.add(await orderOf(seed));
    assert(orders.size > 10);
  });

  it("lets a call take effect when it settles, not when it is made", async () => {
    const machine = memoryRuntime({ delay: "every" });
    const made = machine.fileSystem.makeDirectory("/d", 0o755);
    assertEquals(machine.statusOf("/d"), undefined);
    assertEquals(await made, true);
    await assertRejects(async () => await machine.fileSystem.create("/d", 0o600), SystemError, "EEXIST");
    assertEquals(machine.syncFileSystem.makeDirectory("/d", 0o755), false);
  });

  it("of syncs alone is what real runtimes do", async () => {
    const { fileSystem } = memoryRuntime({ delay: "syncs" });
    const file = fileSystem.create("/a", 0o600) as OpenFile;
    assertEquals(file.write(encode("x")), 1);
    const synced = file.sync("full");
    assertInstanceOf(synced, Promise);
    await synced;
    file.close();
  });
});

describe("a long life", () => {
  it("forgets inodes that nothing leads to", () => {
    const { machine, raw } = make();
    for (let round = 0; round < 3000; round++) {
      raw.put("/a.tmp", "x".repeat(100), true);
      raw.rename("/a.tmp", "/a");
      if (round % 10 === 0) raw.syncDirectory("/");
    }
    assertEquals(machine.files(), { "/a": "x".repeat(100) });
  });

  it("appends without copying all there is", () => {
    const { machine, raw } = make();
    const file = raw.create("/log");
    const line = encode("x".repeat(100));
    for (let count = 0; count < 20_000; count++) file.write(line);
    file.sync("full");
    assertEquals(machine.statusOf("/log")?.size, 2_000_000);
  });
});
