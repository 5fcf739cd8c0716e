/**
 * What a failed sync does on a simulated file system with a journal, fact by fact as measured on ext4 and xfs (the
 * profile `journal` of a mount): it takes everything with it that was pending there, and hardly anything tells.
 */
import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import type { OpenFile } from "../../src/runtime/runtime.ts";
import { dropUnsynced } from "../../src/testing/faults/intercept.ts";
import { type MachineOptions, memoryRuntime, type MountOptions } from "../../src/testing/mod.ts";
import { assertStates, assertTexts, encode, Raw } from "./support.ts";

type Journal = NonNullable<MountOptions["journal"]>;

function make(files: MachineOptions["files"] = {}, disk: MountOptions = {}, more: MachineOptions = {}) {
  const machine = memoryRuntime({ disk: { journal: "silent", ...disk }, ...more, files });
  return { machine, raw: new Raw(machine), fs: machine.syncFileSystem };
}

/** The sync of this file or directory fails with EIO. */
function failSyncOf(raw: Raw, path: string): void {
  const files = raw.runtime.syncFileSystem;
  const isDirectory = (files.stat(path) as { kind: string }).kind === "directory";
  const file = (isDirectory ? files.openDirectory(path) : files.open(path, "read")) as OpenFile;
  dropUnsynced(file);
  file.close();
}

function codeOf(run: () => unknown): string {
  try {
    run();
    return "0";
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe("a failed sync on a file system with a journal", () => {
  it("loses every pending name of the file system, in whatever directory, although later syncs succeed", () => {
    const { machine, raw, fs } = make({ "/one/a": "old", "/two/b": "old" });
    fs.rename("/one/a", "/one/renamed");
    raw.put("/two/new", "new", true);
    failSyncOf(raw, "/one");
    raw.syncDirectory("/one");
    raw.syncDirectory("/two");
    raw.syncDirectory("/");
    assertEquals(machine.files(), { "/one/renamed": "old", "/two/b": "old", "/two/new": "new" });
    assertStates(machine, [{ "/one/a": "old", "/two/b": "old" }]);
  });

  it("loses every pending content likewise, and a second sync writes nothing", () => {
    const { machine, raw } = make({ "/a": "old!", "/b": "old" });
    raw.open("/b").write(encode("new"));
    failSyncOf(raw, "/a");
    raw.syncFile("/b");
    assertEquals(machine.readText("/b"), "new");
    assertTexts(machine, "/b", ["old"]);
  });

  it("takes a directory's names along when the sync of a file fails, and the other way round", () => {
    const { machine, raw, fs } = make({ "/d/a": "1" });
    fs.rename("/d/a", "/d/b");
    failSyncOf(raw, "/d/b");
    raw.syncDirectory("/d");
    assertStates(machine, [{ "/d/a": "1" }]);
  });

  it("spares what was durable, what is changed afterwards, and other file systems", () => {
    const { machine, raw } = make({ "/a": "old" }, {}, { mounts: { "/other": { journal: "silent" } } });
    raw.put("/durable", "1", true);
    raw.syncDirectory("/");
    raw.put("/other/pending", "2", true);
    raw.put("/lost", "3", true);
    failSyncOf(raw, "/a");
    raw.put("/later", "4", true);
    raw.syncDirectory("/");
    raw.syncDirectory("/other");
    assertStates(machine, [{ "/a": "old", "/durable": "1", "/later": "4", "/other/pending": "2" }]);
  });

  it("leaves a file that is written again, elsewhere and under its name, durable", () => {
    const { machine, raw, fs } = make({ "/a": "old" });
    raw.put("/a.1", "new", true);
    fs.rename("/a.1", "/a");
    failSyncOf(raw, "/");
    raw.put("/a.2", "new", true);
    fs.rename("/a.2", "/a");
    raw.syncDirectory("/");
    assertStates(machine, [{ "/a": "new" }]);
  });
});

describe("the end of a file whose sync failed, on a file system with a journal", () => {
  const failedAppend = () => {
    const made = make({ "/log": "ab" });
    const file = made.raw.open("/log");
    file.seek(2);
    file.write(encode("cd"));
    dropUnsynced(file);
    return { ...made, file };
  };

  it("is lost where it is read back and synced again, and zeros where more is appended behind it", () => {
    const { machine, file } = failedAppend();
    file.sync("full");
    assertEquals(machine.readText("/log"), "abcd");
    assertTexts(machine, "/log", ["ab"]);
    file.write(encode("ef"));
    file.sync("full");
    assertTexts(machine, "/log", ["ab\0\0ef"]);
  });

  it("holds once it is cut back to what was durable, and written anew", () => {
    const { machine, file } = failedAppend();
    file.truncate(2);
    file.sync("full");
    assertTexts(machine, "/log", ["ab"]);
    file.seek(2);
    file.write(encode("ef"));
    file.sync("full");
    assertTexts(machine, "/log", ["abef"]);
  });

  it("may not hold where it is only written over", () => {
    const { machine, file } = failedAppend();
    file.seek(2);
    file.write(encode("ef"));
    file.sync("full");
    assertTexts(machine, "/log", ["ab", "ab\0", "ab\0\0", "abe", "abe\0", "ab\0f", "abef"]);
  });

  it("is zeros in a clone at once, which is durable when synced", () => {
    const { machine, raw } = make({ "/a": "old" }, { clone: true });
    const file = raw.open("/a");
    file.seek(3);
    file.write(encode("new"));
    dropUnsynced(file);
    const clone = raw.create("/clone");
    clone.clone(raw.open("/a", "read"));
    assertEquals(machine.readText("/a"), "oldnew");
    assertEquals(machine.readText("/clone"), "old\0\0\0");
    clone.sync("full");
    raw.syncDirectory("/");
    assertStates(machine, [{ "/a": "old", "/clone": "old\0\0\0" }]);
  });
});

describe("what tells that a sync has failed, by file system", () => {
  type Call = (raw: Raw) => unknown;
  const directory = (raw: Raw) => raw.runtime.syncFileSystem.openDirectory("/") as OpenFile;
  const calls: Record<string, Call> = {
    "stat": (raw) => raw.runtime.syncFileSystem.stat("/b"),
    "open": (raw) => raw.open("/b"),
    "create": (raw) => raw.create("/c"),
    "rename": (raw) => raw.rename("/b", "/c"),
    "remove": (raw) => raw.runtime.syncFileSystem.remove("/b"),
  };
  const handles: Record<string, (handle: OpenFile, file: OpenFile) => unknown> = {
    "sync of a directory": (handle) => handle.sync("full"),
    "fstat": (handle) => handle.stat(),
    "fsync of a file": (_, file) => file.sync("full"),
    "the first fchmod": (handle) => handle.setMode(0o755),
    "the second fchmod": (handle) => (handle.setMode(0o755), handle.setMode(0o755)),
    "ftruncate to the same size": (_, file) => file.truncate(1),
    "close": (handle) => handle.close(),
  };
  const answers: Record<Journal, Record<string, string>> = {
    silent: {},
    ext4: {
      "create": "EROFS",
      "rename": "EROFS",
      "remove": "EROFS",
      "the second fchmod": "EROFS",
      "ftruncate to the same size": "EROFS",
    },
    xfs: {
      "stat": "EIO",
      "open": "EIO",
      "create": "EIO",
      "rename": "EIO",
      "remove": "EIO",
      "fstat": "EIO",
      "fsync of a file": "EIO",
      "the first fchmod": "EIO",
      "the second fchmod": "EIO",
      "ftruncate to the same size": "EIO",
    },
  };
  for (const journal of ["silent", "ext4", "xfs"] as const) {
    const failed = () => {
      const { raw } = make({ "/a": "a", "/b": "b" }, { journal });
      const open = { handle: directory(raw), file: raw.open("/b") };
      failSyncOf(raw, "/a");
      return { raw, ...open };
    };
    for (const [name, call] of Object.entries(calls)) {
      it(`${journal} answers ${answers[journal][name] ?? "0"} to ${name}`, () => {
        assertEquals(codeOf(() => call(failed().raw)), answers[journal][name] ?? "0");
      });
    }
    for (const [name, call] of Object.entries(handles)) {
      it(`${journal} answers ${answers[journal][name] ?? "0"} to ${name} through an open handle`, () => {
        const { handle, file } = failed();
        assertEquals(codeOf(() => call(handle, file)), answers[journal][name] ?? "0");
      });
    }
  }

  it("is over when the machine starts anew", () => {
    const { raw } = make({ "/a": "a" }, { journal: "xfs" });
    failSyncOf(raw, "/a");
    assertThrows(() => raw.open("/a"));
    assertStates(raw.runtime as ReturnType<typeof memoryRuntime>, [{ "/a": "a" }]);
  });
});
