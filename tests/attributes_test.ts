/** What a replaced file has beside mode and owner: kept exactly, never wider for an instant, or said, or refused. */
import { describe, it, test } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  copyFileSync,
  listBackupsSync,
  restoreBackupSync,
  UnsupportedError,
  updateFileSync,
  WriteError,
  writeFileSync,
  type WriteFileSyncOptions,
} from "../mod.ts";
import { accessList, defaultAccessList } from "../src/core/access_list.ts";
import type { OpenFile } from "../src/runtime/runtime.ts";
import { SystemError } from "../src/runtime/system_error.ts";
import { type Around, interceptRuntime } from "../src/testing/faults/intercept.ts";
import { type MemoryOptions, type MemoryRuntime, memoryRuntime } from "../src/testing/mod.ts";
import { applyFilesSync } from "../src/transaction/mod.ts";
import { updateVersionedTextSync, writeVersionedSync } from "../src/versioned/mod.ts";
import { accessListOf, accessListText, attributeTexts } from "./support/access_lists.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const secret = "u::rw,u:1000:rw,g::-,m::rw,o::-";
const everybodysDirectory = "u::rwx,u:1000:rwx,g::rwx,m::rwx,o::rwx";

interface Given {
  mode?: number;
  user?: number;
  group?: number;
  attributes?: Record<string, Uint8Array>;
  inherited?: string;
}

/** A machine with one file in a directory, which may hand a list down to new files. */
function machineOf({ inherited, ...entry }: Given, options: MemoryOptions = {}): MemoryRuntime {
  const handedDown = inherited === undefined ? {} : { attributes: { [defaultAccessList]: accessListOf(inherited) } };
  return memoryRuntime({
    user: 0,
    capabilities: { attributes: true },
    files: {
      "/d": { kind: "directory", mode: 0o777, ...handedDown },
      "/d/file": { content: "old", user: 0, group: 0, ...entry },
    },
    ...options,
  });
}

/** Mode, owner and attributes of a file. */
function shown(machine: MemoryRuntime, path = "/d/file"): Record<string, string> {
  const file = machine.fork({ user: 0 }).syncFileSystem.open(path, "read");
  if (file === undefined) throw new Error(`there is no ${path}`);
  const { mode, user, group } = file.stat();
  const attributes = attributeTexts(file.attributes());
  file.close();
  return { mode: mode.toString(8), owner: `${user}:${group}`, ...attributes };
}

const noted = { "user.note": bytes("mine") };

interface Row {
  readonly what: string;
  readonly given: Given;
  readonly process?: MemoryOptions;
  readonly options?: WriteFileSyncOptions;
  readonly after: Record<string, string>;
  readonly lost?: readonly string[];
}

const rows: readonly Row[] = [
  {
    what: "a list whose mask is wider than the group's own rights",
    given: { mode: 0o660, attributes: { [accessList]: accessListOf(secret) } },
    after: { mode: "660", owner: "0:0", [accessList]: secret },
  },
  {
    what: "attributes of the user, of a read-only file too",
    given: { mode: 0o444, attributes: noted, user: 1000, group: 1000 },
    process: { user: 1000 },
    after: { mode: "444", owner: "1000:1000", "user.note": "mine" },
  },
  {
    what: "capabilities and labels",
    given: {
      mode: 0o755,
      attributes: { "security.capability": bytes("net_bind"), "security.selinux": bytes("httpd") },
    },
    after: { mode: "755", owner: "0:0", "security.capability": "net_bind", "security.selinux": "httpd" },
  },
  {
    what: "capabilities that only root may set are lost to others",
    given: { mode: 0o755, attributes: { "security.capability": bytes("net_bind") }, user: 1000, group: 1000 },
    process: { user: 1000 },
    after: { mode: "755", owner: "1000:1000" },
    lost: ["capabilities"],
  },
  {
    what: "no list, in a directory that hands one down",
    given: { mode: 0o640, inherited: everybodysDirectory },
    after: { mode: "640", owner: "0:0" },
  },
  {
    what: "its own list, in a directory that hands down another",
    given: { mode: 0o660, attributes: { [accessList]: accessListOf(secret) }, inherited: everybodysDirectory },
    after: { mode: "660", owner: "0:0", [accessList]: secret },
  },
  {
    what: "a list, under a mode that is given: as chmod(1) would leave it",
    given: { mode: 0o660, attributes: { [accessList]: accessListOf(secret) } },
    options: { mode: 0o600 },
    after: { mode: "600", owner: "0:0", [accessList]: "u::rw,u:1000:rw,g::-,m::-,o::-" },
  },
  {
    what: "a list whose owning group cannot be kept: no other group gets its rights",
    given: {
      mode: 0o660,
      user: 70,
      group: 50,
      attributes: { [accessList]: accessListOf("u::rw,u:1000:rw,g::rw,m::rw,o::-") },
    },
    process: { user: 70, group: 70 },
    after: { mode: "660", owner: "70:70", [accessList]: "u::rw,u:1000:rw,g::-,m::rw,o::-" },
    lost: ["group", "mode"],
  },
  {
    what: "signatures of the content are not carried over, and not lost either",
    given: { mode: 0o644, attributes: { "security.ima": bytes("of the old content") } },
    after: { mode: "644", owner: "0:0" },
  },
];

describe("a file that is replaced keeps", () => {
  for (const { what, given, process = {}, options = {}, after, lost = [] } of rows) {
    it(what, () => {
      const machine = machineOf(given, process);
      const result = writeFileSync("/d/file", "new", { ...options, runtime: machine });
      assertEquals([shown(machine), result.lost, result.unchecked], [after, lost, []]);
    });
  }
});

/** Every way to replace a file. */
const replacements: readonly (readonly [name: string, replace: (runtime: MemoryRuntime) => unknown])[] = [
  ["an update", (runtime) => updateFileSync("/d/file", () => bytes("new"), { runtime })],
  ["a copy", (runtime) => {
    runtime.put("/d/source", "new");
    copyFileSync("/d/source", "/d/file", { runtime });
  }],
  ["a transaction", (runtime) => applyFilesSync({ files: [{ path: "/d/file", data: "new" }] }, { runtime })],
  [
    "a version, and the file that shows it",
    (runtime) => writeVersionedSync("/d/file", "new", { runtime, expected: 0 }),
  ],
];

for (const [name, replace] of replacements) {
  test(`${name} keeps list and attributes of the file`, () => {
    const given = { mode: 0o660, attributes: { [accessList]: accessListOf(secret), ...noted } };
    const machine = machineOf(given);
    replace(machine);
    assertEquals(shown(machine), { mode: "660", owner: "0:0", [accessList]: secret, "user.note": "mine" });
  });
}

test("a backup has the list of what it keeps, be it linked or copied, and restoring it brings that back", () => {
  for (const disk of [{}, { hardLinks: false }]) {
    const given = { mode: 0o660, attributes: { [accessList]: accessListOf(secret), ...noted } };
    const machine = machineOf(given, { disk });
    const before = shown(machine);
    writeFileSync("/d/file", "new", { runtime: machine, backup: 1 });
    const [backup] = listBackupsSync("/d/file", { runtime: machine });
    assertEquals(shown(machine, backup?.path), before);
    machine.put("/d/file", { content: "other", mode: 0o600, user: 0, group: 0 });
    restoreBackupSync("/d/file", undefined, { runtime: machine });
    assertEquals([machine.readText("/d/file"), shown(machine)], ["old", before]);
  }
});

/** What a file lets others than its owner do, by list and mode: nothing but what it shall let them in the end. */
function rightsOfOthers(file: OpenFile): string {
  const list = (file.attributes() as ReadonlyMap<string, Uint8Array>).get(accessList);
  const { mode } = file.stat() as { mode: number };
  return list === undefined ? `mode ${(mode & 0o077).toString(8)}` : `${accessListText(list)} ${mode.toString(8)}`;
}

test("a staged file is at no instant open to others than the finished one is", () => {
  for (const inherited of [undefined, everybodysDirectory]) {
    for (const attributes of [undefined, { [accessList]: accessListOf(secret) }]) {
      const given = { mode: attributes === undefined ? 0o600 : 0o660, ...attributes && { attributes } };
      const machine = machineOf({ ...given, ...inherited === undefined ? {} : { inherited } });
      const seen = new Set<string>();
      const root = machine.fork({ user: 0 });
      const around: Around = (_call, proceed) => {
        const answer = proceed();
        for (const { name } of root.syncFileSystem.readDirectory("/d") ?? []) {
          if (!name.endsWith(".tmp")) continue;
          const file = root.syncFileSystem.open(`/d/${name}`, "read");
          if (file !== undefined) seen.add(rightsOfOthers(file));
          file?.close();
        }
        return answer;
      };
      writeFileSync("/d/file", "new", { runtime: interceptRuntime(machine, around) });
      // The mask of a list that was handed down is empty; nobody who is named in it, no group, nobody else may do anything.
      const closed = [/^mode 0$/, /,m::-,o::- 600$/];
      const finished = shown(machine);
      const open = [...seen].filter((rights) => !closed.some((pattern) => pattern.test(rights)));
      const expected = attributes === undefined ? [] : [`${secret} ${finished.mode}`];
      assertEquals(open, expected, `${inherited} ${attributes}`);
      assert(seen.size > 0);
    }
  }
});

/** The attributes that staged files have when something is first written to them. */
function stagedAttributes(listsBesideMode: boolean, mode: number | undefined): string[][] {
  const machine = machineOf({ mode: 0o640, inherited: everybodysDirectory }, {
    capabilities: { attributes: true, listsBesideMode },
  });
  const seen: string[][] = [];
  const look: Around = (call, proceed) => {
    if (call.method === "write") seen.push(Object.keys(shown(machine, call.path)).slice(2));
    return proceed();
  };
  const path = mode === undefined ? "/d/file" : "/d/new";
  writeFileSync(path, "new", { runtime: interceptRuntime(machine, look), ...mode === undefined ? {} : { mode } });
  return seen;
}

test("a list that is beside the mode is taken from a file for its owner alone before anything is in it", () => {
  assertEquals(stagedAttributes(true, undefined), [[]], "as on macOS");
  assertEquals(stagedAttributes(true, 0o600), [[]], "a new file that is private");
  assertEquals(stagedAttributes(true, 0o644), [[accessList]], "a new file for everybody keeps it");
  assertEquals(stagedAttributes(false, undefined), [[accessList]], "on Linux the mode is its mask");
});

test("a list beside the mode that cannot be taken away fails the write, and nothing is left", () => {
  const machine = machineOf({ mode: 0o640, inherited: everybodysDirectory }, {
    capabilities: { attributes: true, listsBesideMode: true },
  });
  const runtime = interceptRuntime(machine, failing("setAttribute", "ENOTSUP"));
  const error = assertThrows(() => writeFileSync("/d/file", "new", { runtime }), WriteError);
  assertEquals([error.code, error.targetState, machine.files("/d")], ["ENOTSUP", "unchanged", { "/d/file": "old" }]);
  assertEquals(machine.openHandles, []);
});

for (
  const [name, kind] of [
    ["com.apple.system.Security", "acl"],
    ["com.apple.quarantine", "label"],
    ["com.apple.macl", "label"],
    ["com.apple.FinderInfo", "attributes"],
  ] as const
) {
  test(`macOS's ${name} is kept, or lost as ${kind}; what its directory or system has given the new file goes but for labels`, () => {
    const machine = machineOf({ mode: 0o640, attributes: { [name]: bytes("mine") } });
    assertEquals(writeFileSync("/d/file", "new", { runtime: machine }).lost, []);
    assertEquals(shown(machine)[name], "mine");
    const { lost } = writeFileSync("/d/file", "new", {
      runtime: interceptRuntime(machine, failing("setAttribute", "EPERM")),
    });
    assertEquals(lost, [kind]);

    const plain = machineOf({ mode: 0o640 });
    const given: Around = (call, proceed) => {
      const answer = proceed();
      if (call.method !== "create") return answer;
      const file = plain.syncFileSystem.open(call.path, "read");
      file?.setAttribute(name, bytes("the system's"));
      file?.close();
      return answer;
    };
    assertEquals(writeFileSync("/d/file", "new", { runtime: interceptRuntime(plain, given) }).lost, []);
    assertEquals(shown(plain)[name], kind === "label" ? "the system's" : undefined);
  });
}

test("the attribute com.apple.provenance is not carried over on macOS, where the system sets it and nobody else can", () => {
  const machine = machineOf({ mode: 0o640, attributes: { "com.apple.provenance": bytes("mine"), ...noted } });
  const { lost } = writeFileSync("/d/file", "new", { runtime: machine });
  assertEquals([shown(machine), lost], [{ mode: "640", owner: "0:0", "user.note": "mine" }, []]);
});

test("a list that is set while a write is staged is the one that is kept", () => {
  const machine = machineOf({ mode: 0o600 });
  const root = machine.fork({ user: 0 });
  const change: Around = (call, proceed) => {
    const answer = proceed();
    if (call.method !== "sync" || root.readText("/d/file") !== "old" || shown(machine).mode === "660") return answer;
    const file = root.syncFileSystem.open("/d/file", "read");
    file?.setAttribute(accessList, accessListOf(secret));
    file?.setAttribute("user.note", bytes("late"));
    file?.close();
    return answer;
  };
  const result = writeFileSync("/d/file", "new", { runtime: interceptRuntime(machine, change) });
  assertEquals(shown(machine), { mode: "660", owner: "0:0", [accessList]: secret, "user.note": "late" });
  assertEquals(result.lost, []);
});

/** Lets calls of one method on a staged file fail. */
const failing = (method: string, code: string): Around => (call, proceed) => {
  if (call.method === method && call.path.endsWith(".tmp")) throw new SystemError(code, method, call.path);
  return proceed();
};

test("a list that cannot be set is lost, and its mask does not become the group's rights", () => {
  const machine = machineOf({ mode: 0o660, attributes: { [accessList]: accessListOf(secret), ...noted } });
  const runtime = interceptRuntime(machine, failing("setAttribute", "ENOTSUP"));
  const result = writeFileSync("/d/file", "new", { runtime });
  assertEquals(shown(machine), { mode: "600", owner: "0:0" });
  assertEquals([...result.lost].sort(), ["acl", "attributes"]);
});

test("a list that cannot be set leaves the one that its directory has handed down without any effect", () => {
  const groups = "u::rw,u:1000:r,g::rw,m::rw,o::-";
  const given = { mode: 0o660, attributes: { [accessList]: accessListOf(groups) }, inherited: everybodysDirectory };
  const machine = machineOf(given);
  const result = writeFileSync("/d/file", "new", {
    runtime: interceptRuntime(machine, failing("setAttribute", "EPERM")),
  });
  const list = "u::rw,u:1000:rwx,g::rwx,m::-,o::-";
  assertEquals([shown(machine), result.lost], [{ mode: "600", owner: "0:0", [accessList]: list }, ["acl"]]);
});

test("a new file whose own attributes cannot be seen is not used: its directory may have handed something down", () => {
  const machine = machineOf({ mode: 0o640, inherited: everybodysDirectory });
  const runtime = interceptRuntime(machine, failing("attributes", "EACCES"));
  const error = assertThrows(() => writeFileSync("/d/file", "new", { runtime }), WriteError);
  assertEquals([error.code, error.targetState, machine.files("/d")], ["EACCES", "unchanged", { "/d/file": "old" }]);
});

test("a file that goes while its attributes are looked at does not fail the write: Deno looks its name up once more", () => {
  const going = (machine: MemoryRuntime, path: string): Around => (call, proceed) => {
    if (call.method !== "attributes" || call.path !== path) return proceed();
    machine.syncFileSystem.remove(path);
    throw new SystemError("ENOENT", "attributes", path);
  };
  const machine = machineOf({ mode: 0o640, attributes: noted });
  const { unchecked } = writeFileSync("/d/file", "new", {
    runtime: interceptRuntime(machine, going(machine, "/d/file")),
  });
  assertEquals([machine.readText("/d/file"), unchecked], ["new", ["acl", "attributes", "capabilities", "label"]]);

  // Its first version is where a change begins, and is cleaned away by somebody who was quicker.
  writeVersionedSync("/d/other", "1", { runtime: machine, expected: null, refresh: false });
  writeVersionedSync("/d/other", "2", { runtime: machine, expected: 1, refresh: false });
  const quicker = going(machine, "/d/.other.v2");
  const runtime = interceptRuntime(machine, (call, proceed, file) => {
    if (call.method === "attributes" && call.path === "/d/.other.v2") {
      writeVersionedSync("/d/other", "3", { runtime: machine, expected: 2, refresh: false });
    }
    return quicker(call, proceed, file);
  });
  const result = updateVersionedTextSync("/d/other", (text) => `${text}!`, { runtime, refresh: false });
  assertEquals([result.version, machine.readText("/d/.other.v4")?.slice(0, 2)], [4, "3!"]);
});

test("a disk that fails while an attribute is set fails the write, and the file is unchanged", () => {
  const machine = machineOf({ mode: 0o660, attributes: { [accessList]: accessListOf(secret), ...noted } });
  const before = shown(machine);
  const runtime = interceptRuntime(machine, failing("setAttribute", "ENOSPC"));
  const error = assertThrows(() => writeFileSync("/d/file", "new", { runtime }), WriteError);
  assertEquals([error.code, error.step, error.targetState], ["ENOSPC", "setAttribute", "unchanged"]);
  assertEquals([machine.files("/d"), shown(machine)], [{ "/d/file": "old" }, before]);
});

describe("whenLost: throw", () => {
  const refused:
    readonly (readonly [what: string, given: Given, options: MemoryOptions, code: string, words: string])[] = [
      ["setuid", { mode: 0o4755 }, {}, "EPERM", "it would lose setuid"],
      ["the owner", { mode: 0o666, user: 5, group: 5 }, { user: 1000 }, "EPERM", "it would lose owner"],
      [
        "capabilities",
        { mode: 0o755, user: 1000, group: 1000, attributes: { "security.capability": bytes("x") } },
        { user: 1000 },
        "EPERM",
        "it would lose capabilities",
      ],
      ["what cannot be seen", {}, { capabilities: {} }, "ENOTSUP", "koffi"],
      ["what it may not read", { mode: 0o600 }, { user: 1000 }, "ENOTSUP", "only who may read the file can see it"],
    ];
  for (const [what, given, options, code, words] of refused) {
    it(`refuses to lose ${what}, and nothing has changed`, () => {
      const machine = machineOf(given, options);
      const before = [machine.files("/d"), machine.statusOf("/d/file")];
      const write = () => writeFileSync("/d/file", "new", { runtime: machine, whenLost: "throw" });
      const error = assertThrows(write, Error, words);
      assert(WriteError.is(error) || UnsupportedError.is(error));
      assertEquals([error.code, error.targetState], [code, "unchanged"]);
      assertEquals(error.message.split(`"/d/file"`).length, 2, error.message);
      assertEquals([machine.files("/d"), machine.statusOf("/d/file")], before);
    });
  }

  it("refuses to separate a file from its other names", () => {
    const machine = machineOf({});
    machine.put("/d/second", { link: "/d/file" });
    const write = () => writeFileSync("/d/file", "new", { runtime: machine, whenLost: "throw" });
    assertEquals(assertThrows(write, WriteError, "hard-links").code, "EMLINK");
    assertEquals(machine.readText("/d/file"), "old");
  });

  it("refuses in a transaction, for all of its files", () => {
    const machine = machineOf({ mode: 0o4755 });
    machine.put("/d/other", { content: "old", user: 0, group: 0 });
    const files = ["other", "file"].map((name) => ({ path: `/d/${name}`, data: "new" }));
    const apply = () => applyFilesSync({ files }, { runtime: machine, whenLost: "throw" });
    assertEquals(assertThrows(apply, WriteError, "setuid").targetState, "unchanged");
    assertEquals(files.map(({ path }) => machine.readText(path)), ["old", "old"]);
    assertEquals(Object.keys(machine.files("/d")).filter((path) => path.includes(".tmp")), []);
  });

  it("lets through what loses nothing, and new files", () => {
    const machine = machineOf({ mode: 0o660, attributes: { [accessList]: accessListOf(secret) } });
    for (const name of ["file", "new"]) {
      assertEquals(writeFileSync(`/d/${name}`, "new", { runtime: machine, whenLost: "throw" }).changed, true);
    }
  });
});

test("writeFile names in `unchecked` what it could not see, and nothing in `lost` for that", () => {
  const machine = machineOf({}, { capabilities: {} });
  const { lost, unchecked } = writeFileSync("/d/file", "new", { runtime: machine });
  assertEquals([lost, unchecked], [[], ["acl", "attributes", "capabilities", "label"]]);
  assertEquals(writeFileSync("/d/new", "new", { runtime: machine }).unchecked, []);
});

describe("a file without attributes", () => {
  for (const [name, mode, opened] of [["nobody else", 0o755, false], ["others, too,", 0o777, true]] as const) {
    it(`is ${opened ? "" : "not "}opened to see that, where ${name} may write to its directory`, () => {
      const machine = machineOf({});
      machine.put("/d", { kind: "directory", mode });
      const calls: string[] = [];
      const around: Around = (call, proceed) => {
        calls.push(`${call.method} ${call.path}`);
        return proceed();
      };
      const { unchecked } = writeFileSync("/d/file", "new", { runtime: interceptRuntime(machine, around) });
      assertEquals(unchecked, []);
      assertEquals([calls.includes("hasAttributes /d/file"), calls.includes("open /d/file")], [!opened, opened]);
    });
  }

  it("is distinguished from one with attributes where only opening it shows them", () => {
    const machine = machineOf({ attributes: noted });
    machine.put("/d", { kind: "directory", mode: 0o755 });
    const around: Around = (call, proceed) => call.method === "hasAttributes" ? undefined as never : proceed();
    writeFileSync("/d/file", "new", { runtime: interceptRuntime(machine, around) });
    assertEquals(shown(machine)["user.note"], "mine");
  });
});
