/**
 * What a power cut may leave, rule by rule: cases small enough to be enumerated by hand, each with its exact states.
 * What is not in the list is illegal, so each test also says what must not happen.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { crashStates, faultRuntime, type MachineOptions, memoryRuntime } from "../../src/testing/mod.ts";
import { assertStates, assertTexts, encode, filesOfStates, Raw } from "./support.ts";

function make(files: MachineOptions["files"] = {}, options: MachineOptions = {}) {
  const machine = memoryRuntime({ ...options, files });
  return { machine, raw: new Raw(machine), fs: machine.syncFileSystem };
}

describe("content of a file after a power cut", () => {
  it("is what was synced, when nothing is pending", () => {
    const { machine } = make({ "/a": "old" });
    assertStates(machine, [{ "/a": "old" }]);
  });

  it("is the old, the new, or torn, after an overwriting of the same length", () => {
    const { machine, raw } = make({ "/a": "old!" });
    raw.open("/a").write(encode("NEW?"));
    assertTexts(machine, "/a", ["NEW?", "NEd!", "olW?", "old!"]);
  });

  it("is any part of an appended write, the length first, the data first, or zeros", () => {
    const { machine, raw } = make({ "/a": "ab" });
    const file = raw.open("/a");
    file.seek(2);
    file.write(encode("cdef"));
    const states = ["ab", "ab\0\0", "abcd", "ab\0\0\0\0", "abcd\0\0", "ab\0\0ef", "abcdef"];
    assertTexts(machine, "/a", states);
  });

  it("tears at sectors, in as many pieces as asked for", () => {
    const count = (length: number, pieces: number) => {
      const { machine, raw } = make({ "/a": "" });
      raw.open("/a").write(new Uint8Array(length).fill(7));
      return crashStates(machine, { pieces }).count;
    };
    // For each length of 1 to k pieces, any subset of them: 2^(k+1) - 2; and the write lost.
    assertEquals(count(1, 3), 3);
    assertEquals(count(512, 3), 7);
    assertEquals(count(1100, 3), 15);
    assertEquals(count(4096, 3), 15);
    assertEquals(count(4096, 8), 511);
    assertEquals(count(4096, 1), 3);
  });

  it("tears at boundaries of sectors of the file, not of the write", () => {
    const { machine, raw } = make({ "/a": "x".repeat(1024) });
    const file = raw.open("/a");
    file.seek(500);
    file.write(encode("y".repeat(24)));
    const expected = ["", "y".repeat(12), "y".repeat(24)].map((part) =>
      "x".repeat(500) + part + "x".repeat(524 - part.length)
    );
    expected.push("x".repeat(512) + "y".repeat(12) + "x".repeat(500));
    assertTexts(machine, "/a", expected);
  });

  it("orders nothing between writes: a later one may be kept without the earlier", () => {
    const { machine, raw } = make({ "/a": "" });
    const file = raw.open("/a");
    file.write(encode("a"));
    file.write(encode("b"));
    // Each byte lost or there; a length of 0, 1 or 2.
    assertTexts(machine, "/a", ["", "\0", "\0\0", "\0b", "a", "a\0", "ab"]);
  });

  it("may be cut, or not, by a truncation, whatever became of the write after it", () => {
    const { machine, raw } = make({ "/a": "long" });
    const file = raw.open("/a");
    file.truncate(0);
    file.write(encode("n"));
    assertTexts(machine, "/a", ["", "\0", "long", "n", "nong"]);
  });

  it("grows by zeros when a file is made longer", () => {
    const { machine, raw } = make({ "/a": "ab" });
    raw.open("/a").truncate(4);
    assertTexts(machine, "/a", ["ab", "ab\0\0"]);
  });

  it("cannot be lost once it is synced, whatever is written afterwards elsewhere", () => {
    const { machine, raw } = make({ "/a": "" });
    const file = raw.open("/a");
    file.write(encode("synced"));
    file.sync("full");
    assertTexts(machine, "/a", ["synced"]);
    file.write(encode("!"));
    assertTexts(machine, "/a", ["synced", "synced\0", "synced!"]);
  });

  it("stays in doubt forever after a failed sync, also when a later one succeeds", () => {
    const { machine } = make({ "/a": "" });
    const { runtime } = faultRuntime(machine, { at: (call) => call.method === "sync", error: "EIO" });
    const file = new Raw(runtime).open("/a");
    file.write(encode("x"));
    assertThrows(() => file.sync("full"));
    file.sync("full");
    assertEquals(machine.readText("/a"), "x", "programs go on seeing it");
    assertTexts(machine, "/a", ["", "\0", "x"]);
    file.write(encode("y"));
    file.sync("full");
    assertTexts(machine, "/a", ["\0y", "xy"]);
  });

  it("is not put in doubt by a sync that is not supported or was interrupted", () => {
    for (const error of ["EINVAL", "EINTR", "ENOTSUP"]) {
      const { machine } = make({ "/a": "" });
      const { runtime } = faultRuntime(machine, { at: (call) => call.method === "sync", error });
      const file = new Raw(runtime).open("/a");
      file.write(encode("x"));
      assertThrows(() => file.sync("full"));
      file.sync("full");
      assertTexts(machine, "/a", ["x"]);
    }
  });

  it("is not persisted by a sync of its directory", () => {
    const { machine, raw } = make();
    raw.put("/a", "x");
    raw.syncDirectory("/");
    assertTexts(machine, "/a", ["", "\0", "x"]);
  });

  it("may be declared to make no difference", () => {
    const { machine, raw } = make();
    raw.put("/a.lock", "some owner");
    assertStates(machine, [{}, { "/a.lock": "some owner" }], { volatile: (path) => path.endsWith(".lock") });
  });
});

describe("metadata after a power cut", () => {
  const modes = (machine: ReturnType<typeof make>["machine"]) =>
    [...crashStates(machine)].map((state) => state.start().statusOf("/a")?.mode.toString(8)).sort();

  it("is pending until the file is synced", () => {
    const { machine, raw } = make({ "/a": { mode: 0o600 } });
    const file = raw.open("/a");
    file.setMode(0o644);
    assertEquals(modes(machine), ["600", "644"]);
    file.sync("full");
    assertEquals(modes(machine), ["644"]);
  });

  it("is not ordered with content", () => {
    const { machine, raw } = make({ "/a": { mode: 0o600, content: "-" } });
    const file = raw.open("/a");
    file.write(encode("+"));
    file.setMode(0o644);
    const states = [...crashStates(machine)].map((state) => state.start());
    assertEquals(states.map((state) => `${state.readText("/a")} ${state.statusOf("/a")?.mode.toString(8)}`).sort(), [
      "+ 600",
      "+ 644",
      "- 600",
      "- 644",
    ]);
  });

  it("is what the file was created with, where nothing else arrived", () => {
    const { machine, raw } = make();
    raw.create("/a", "", 0o640);
    assertEquals(modes(machine), ["640", undefined]);
  });

  it("includes owner and times", () => {
    const { machine, raw } = make({ "/a": "x" }, { startTime: 5 });
    const file = new Raw(machine.fork({ user: 0 })).open("/a");
    file.setOwner(7, 8);
    file.setTimes({ accessed: 0n, modified: 100_000_000n });
    const states = [...crashStates(machine)].map((state) => state.start().statusOf("/a"));
    assertEquals(states.map((status) => `${status?.user}:${status?.group} ${status?.modified}`).sort(), [
      "1000:1000 100",
      "1000:1000 5",
      "7:8 100",
      "7:8 5",
    ]);
    file.sync("full");
    assertEquals(crashStates(machine).count, 1);
    raw.syncFile("/a");
  });
});

describe("names after a power cut", () => {
  it("may be there or not, until their directory is synced", () => {
    const { machine, raw } = make();
    raw.put("/a", "x", true);
    assertStates(machine, [{ "/a": "x" }, {}]);
    raw.syncDirectory("/");
    assertStates(machine, [{ "/a": "x" }]);
  });

  it("do not become durable by a sync of their file", () => {
    const { machine, raw } = make();
    raw.put("/a", "x", true);
    raw.syncFile("/a");
    assertEquals(crashStates(machine).count, 2);
  });

  it("are kept or lost independently of each other", () => {
    const { machine, fs } = make();
    for (const name of ["/a", "/b", "/c"]) fs.create(name, 0o600);
    assertEquals(crashStates(machine).count, 8);
  });

  it("never hold half a rename within a directory", () => {
    const { machine, raw } = make({ "/d/a": "A", "/d/b": "B" });
    raw.rename("/d/a", "/d/b");
    assertStates(machine, [{ "/d/a": "A", "/d/b": "B" }, { "/d/b": "A" }]);
    raw.syncDirectory("/d");
    assertStates(machine, [{ "/d/b": "A" }]);
  });

  it("may be the new one of a rename with the content lost", () => {
    const { machine, raw } = make({ "/d/a": "A" });
    raw.put("/d/t", "N");
    raw.rename("/d/t", "/d/a");
    assertStates(machine, [
      { "/d/a": "" },
      { "/d/a": "A" },
      { "/d/a": "A", "/d/t": "" },
      { "/d/a": "A", "/d/t": "N" },
      { "/d/a": "A", "/d/t": "\0" },
      { "/d/a": "N" },
      { "/d/a": "\0" },
    ]);
  });

  it("may be both, one or none of a rename between directories", () => {
    const { machine, raw } = make({ "/d/a": "A", "/e/": { kind: "directory" } });
    raw.rename("/d/a", "/e/a");
    const moved = { "/d/": "", "/e/a": "A" };
    const both = { "/d/a": "A", "/e/a": "A" };
    assertStates(machine, [{ "/d/": "", "/e/": "" }, moved, { "/d/a": "A", "/e/": "" }, both]);
    raw.syncDirectory("/e");
    assertStates(machine, [moved, both]);
    raw.syncDirectory("/d");
    assertStates(machine, [moved]);
  });

  it("lead to one file, where both names of a moved file are found", () => {
    const { machine, raw } = make({ "/d/a": "A", "/e/": { kind: "directory" } });
    raw.rename("/d/a", "/e/a");
    raw.syncDirectory("/e");
    const both = [...crashStates(machine)].map((state) => state.start()).find((state) => state.readText("/d/a"));
    assert(both !== undefined);
    assertEquals(both.statusOf("/d/a")?.identity, both.statusOf("/e/a")?.identity);
    assertEquals(both.statusOf("/d/a")?.links, 2);
  });

  it("come back, until a removal is synced", () => {
    const { machine, raw, fs } = make({ "/a": "A" });
    fs.remove("/a");
    assertStates(machine, [{}, { "/a": "A" }]);
    raw.syncDirectory("/");
    assertStates(machine, [{}]);
  });

  it("that were given twice lead to the old, the second, or nothing", () => {
    const { machine, raw, fs } = make({ "/a": "1" });
    fs.remove("/a");
    raw.put("/a", "2", true);
    assertStates(machine, [{ "/a": "1" }, { "/a": "2" }, {}]);
  });

  it("of hard links are independent, their content is one", () => {
    const { machine, raw, fs } = make({ "/a": "x" });
    fs.link("/a", "/b");
    raw.open("/b").write(encode("y"));
    assertStates(machine, [
      { "/a": "x" },
      { "/a": "x", "/b": "x" },
      { "/a": "y" },
      { "/a": "y", "/b": "y" },
    ]);
  });

  it("of symlinks carry their text", () => {
    const { machine, fs } = make();
    fs.symbolicLink("some/where", "/l");
    assertStates(machine, [{ "/l": "→ some/where" }, {}]);
  });

  it("need every directory above them", () => {
    const { machine, raw, fs } = make();
    fs.makeDirectory("/d", 0o700);
    raw.put("/d/a", "x", true);
    raw.syncDirectory("/d");
    assertStates(machine, [{ "/d/a": "x" }, {}]);
    raw.syncDirectory("/");
    assertStates(machine, [{ "/d/a": "x" }]);
  });

  it("leave nothing of a file that had lost its name before", () => {
    const { machine, raw, fs } = make();
    raw.put("/t", "x", true);
    fs.remove("/t");
    raw.syncDirectory("/");
    assertStates(machine, [{}]);
  });

  it("never give a directory two names, or a place below itself", () => {
    const { machine, raw, fs } = make({ "/a/x": "X", "/b/": { kind: "directory" } });
    raw.rename("/a", "/b/a");
    assertStates(machine, [{ "/a/x": "X", "/b/": "" }, { "/b/": "" }, { "/b/a/x": "X" }]);
    raw.rename("/b/a", "/c");
    for (const files of filesOfStates(machine)) {
      assert(Object.keys(files).filter((path) => path.endsWith("/x")).length <= 1, JSON.stringify(files));
    }
    fs.removeDirectory("/b");
    assert(crashStates(machine).count > 0);
  });

  it("stay in doubt after a failed sync of the directory", () => {
    const { machine } = make({ "/d/a": "A" });
    const { runtime } = faultRuntime(machine, { at: (call) => call.method === "sync", error: "EIO" });
    const raw = new Raw(runtime);
    runtime.syncFileSystem.link("/d/a", "/d/b");
    assertThrows(() => raw.syncDirectory("/d"));
    raw.syncDirectory("/d");
    assertStates(machine, [{ "/d/a": "A" }, { "/d/a": "A", "/d/b": "A" }]);
    runtime.syncFileSystem.link("/d/a", "/d/c");
    raw.syncDirectory("/d");
    assertStates(machine, [{ "/d/a": "A", "/d/b": "A", "/d/c": "A" }, { "/d/a": "A", "/d/c": "A" }]);
  });
});

describe("a barrier", () => {
  const barriers: MachineOptions = { capabilities: { barrierSync: true } };

  it("orders what comes after it behind what it covers, and makes nothing durable", () => {
    const { machine, raw } = make({ "/d/a": "A" }, barriers);
    const file = raw.create("/d/t", "N");
    file.sync("barrier");
    raw.rename("/d/t", "/d/a");
    assertStates(machine, [
      { "/d/a": "A" },
      { "/d/a": "A", "/d/t": "" },
      { "/d/a": "A", "/d/t": "N" },
      { "/d/a": "A", "/d/t": "\0" },
      { "/d/a": "N" },
    ]);
  });

  it("becomes certain with the next sync of anything", () => {
    const { machine, raw } = make({ "/d/a": "A", "/b": "B" }, barriers);
    const file = raw.open("/d/a");
    file.write(encode("X"));
    file.sync("barrier");
    assertTexts(machine, "/d/a", ["A", "X"]);
    raw.syncFile("/b");
    assertTexts(machine, "/d/a", ["X"]);
  });

  it("is a sync where the machine makes no difference", () => {
    const { machine, raw } = make({ "/a": "A" });
    const file = raw.open("/a");
    file.write(encode("X"));
    file.sync("barrier");
    assertTexts(machine, "/a", ["X"]);
  });
});

describe("file systems after a power cut", () => {
  it("are empty where they live in memory, whatever was synced", () => {
    const { machine, raw } = make({}, { mounts: { "/tmp": { volatile: true } } });
    raw.put("/tmp/a", "x", true);
    raw.syncDirectory("/tmp");
    raw.put("/b", "y", true);
    raw.syncDirectory("/");
    assertStates(machine, [{ "/b": "y", "/tmp/": "" }]);
  });

  it("are mounted where they were", () => {
    const { machine, raw } = make({}, { mounts: { "/m": {} } });
    raw.put("/m/a", "x", true);
    raw.syncDirectory("/m");
    const [state] = [...crashStates(machine)];
    assertThrows(() => new Raw(state?.start() ?? machine).rename("/m/a", "/a"), Error, "EXDEV");
  });
});

describe("too many states to list", () => {
  const big = () => {
    const { machine, raw } = make({ "/a": "" });
    const file = raw.open("/a");
    for (let count = 0; count < 40; count++) file.write(encode("ab"));
    return machine;
  };

  it("are not listed", () => {
    const states = crashStates(big());
    assertEquals(states.count, Infinity);
    assertThrows(() => [...states], RangeError);
  });

  it("are sampled by a seed, from everything lost to nothing lost", () => {
    const states = crashStates(big());
    assertEquals(states.sample(1, 1).start().readText("/a"), "");
    assertEquals(states.sample(1, 0).start().readText("/a"), "ab".repeat(40));
    assertEquals(states.sample(3).picture, states.sample(3).picture);
    const different = new Set(Array.from({ length: 50 }, (_, seed) => states.sample(seed).picture));
    assert(different.size > 40);
  });
});
