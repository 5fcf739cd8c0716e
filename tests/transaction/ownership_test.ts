/** What bears a name of a transaction but is another user's: it is respected, never carried out, and errors say what helps. */
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { FileError } from "../../src/core/errors.ts";
import { type JournalState, markerName, parseMarkerName, stageName } from "../../src/protocol/names/transaction.ts";
import { interceptRuntime } from "../../src/testing/faults/intercept.ts";
import { type MemoryRuntime, memoryRuntime, type SeamCall } from "../../src/testing/mod.ts";
import { applyFilesSync, recoverTransactionsSync } from "../../src/transaction/mod.ts";
import { afterRenameTo, applyAndDie, filesOf, leftovers, scenario, shown } from "./support.ts";

const alice = 1001;
const bob = 1002;
const three = scenario(3);
const two = scenario(3, ["/d", "/e"]);

/** A directory that both may write to, in which a transaction of alice's has died. */
function afterAlice(when: (call: SeamCall) => boolean, files = three): MemoryRuntime {
  const machine = memoryRuntime({ user: alice, umask: 0o002, files: filesOf(files) });
  applyAndDie(machine, files, when, {});
  const root = machine.fork({ user: 0 }).syncFileSystem;
  for (const directory of files.directories) {
    const handle = root.openDirectory(directory);
    handle?.setMode(0o777);
    handle?.close();
  }
  return machine.fork({ user: bob });
}

const apply = (runtime: MemoryRuntime, path: string, trust?: readonly number[] | "any") =>
  applyFilesSync({ files: [{ path, data: "bob's" }] }, { runtime, ...trust === undefined ? {} : { trust } });

const committed = () => afterRenameTo("/f0");
const preparing = (call: SeamCall) => call.method === "rename" && String(call.operands[0]).endsWith(".journal");

describe("another user's transaction that has died", () => {
  it("is in the way of its files: the error names the user and what helps", () => {
    const machine = afterAlice(committed());
    const before = machine.files();
    const error = assertThrows(() => apply(machine, "/d/f1"));
    assert(FileError.is(error) && error.code === "EBUSY" && error.targetState === "unchanged", `${error}`);
    assertMatch(error.message, /transaction of user 1001 .*\.journal.*trust: \[1001\]/);
    const own = (path: string) => !path.endsWith(".lock");
    assertEquals(Object.keys(machine.files()).filter(own), Object.keys(before).filter(own));
  });

  it("is in the way of no other file", () => {
    const machine = afterAlice(committed());
    assertEquals(apply(machine, "/d/other").files[0]?.state, "written");
    assertEquals(recoverTransactionsSync("/d", { runtime: machine.fork({ user: alice }) }).finished, three.paths);
  });

  it("is in nobody's way where nothing had been decided, and stays", () => {
    const machine = afterAlice(preparing);
    const left = leftovers(machine);
    assertEquals(apply(machine, "/d/f1").recovered, {
      finished: [],
      undone: [],
      conflicts: [],
      needsActivation: [],
      kept: [],
    });
    assertEquals(leftovers(machine), left);
  });

  it("is completed by those who trust the user", () => {
    for (const trust of [[alice], [7, alice], "any"] as const) {
      const machine = afterAlice(committed());
      assertEquals(apply(machine, "/d/f1", trust).recovered.finished, three.paths);
      assertEquals(leftovers(machine), []);
    }
    for (const [wrong, kind] of [["everybody", TypeError], [[-1], RangeError], [["alice"], TypeError]] as const) {
      assertThrows(() => apply(memoryRuntime(), "/f", wrong as unknown as "any"), kind);
    }
  });

  it("is nobody else's to recover, and root's no more: the report says whose it is", () => {
    const machine = afterAlice(committed());
    const [path = ""] = leftovers(machine).filter((name) => name.endsWith(".journal"));
    for (const user of [bob, 0]) {
      const { kept, finished } = recoverTransactionsSync("/d", { runtime: machine.fork({ user }) });
      assertEquals([kept, finished], [[{ path, reason: "untrusted", user: alice }], []]);
    }
    assertEquals(recoverTransactionsSync("/d", { runtime: machine.fork({ user: alice }) }).finished, three.paths);
    assertEquals(shown(machine, three), "new");
  });

  it("that may not be read is in the way of what is staged for it", () => {
    const machine = afterAlice(committed());
    const [path = ""] = leftovers(machine).filter((name) => name.endsWith(".journal"));
    const handle = machine.fork({ user: 0 }).syncFileSystem.open(path, "read");
    handle?.setMode(0o600);
    handle?.close();
    assertMatch(`${assertThrows(() => apply(machine, "/d/f2"))}`, /transaction of user 1001/);
    assertEquals(apply(machine, "/d/other").files[0]?.state, "written");
  });

  it("is found by its marker as well, which is not followed", () => {
    const machine = afterAlice(committed(), two);
    const path = two.paths.find((each) => each.startsWith("/e/")) ?? "";
    const followed: string[] = [];
    const runtime = interceptRuntime(machine, (call, proceed) => {
      if (call.path.startsWith("/d")) followed.push(`${call.method} ${call.path}`);
      return proceed();
    });
    const { kept } = recoverTransactionsSync("/e", { runtime });
    assertEquals([kept.map(({ reason, user }) => [reason, user]), followed], [[["untrusted", alice]], []]);
    assertEquals(kept.map((each) => parseMarkerName(each.path.slice("/e/".length)) !== undefined), [true]);
    assertMatch(`${assertThrows(() => apply(machine, path))}`, /transaction of user 1001/);
  });
});

it("another user's living transaction is waited for", () => {
  const machine = memoryRuntime({ user: alice, umask: 0, files: filesOf(three) });
  machine.put("/d", { kind: "directory", mode: 0o777, user: alice });
  let error: unknown;
  const activate = () => {
    machine.put("/locks/", { kind: "directory", mode: 0o777 });
    const options = { runtime: machine.fork({ user: bob }), lock: { lockDirectory: "/locks", timeout: 50 } } as const;
    error = assertThrows(() => applyFilesSync({ files: [{ path: "/d/f1", data: "x" }] }, options));
  };
  applyFilesSync({ files: three.paths.map((path) => ({ path, data: "new" })), activate }, { runtime: machine });
  assert(FileError.is(error) && error.code === "ETIMEDOUT", `${error}`);
});

describe("what is left of no transaction", () => {
  const id = "a".repeat(26);
  const names = ["f0", "f1"].map((name, index) => `/d/${stageName(name, id, index)}`);

  const rows: readonly { readonly owners: readonly [number, number]; readonly left: readonly string[] }[] = [
    { owners: [bob, 0], left: [] },
    { owners: [bob, alice], left: names.slice(1) },
    { owners: [alice, alice], left: names },
  ];

  it("is removed if it is this user's or root's", () => {
    for (const { owners, left } of rows) {
      const machine = memoryRuntime({ user: bob, files: { "/d/x": "" } });
      for (const [index, user] of owners.entries()) {
        machine.put(names[index] ?? "", { content: "half", user, mode: 0o666 });
      }
      recoverTransactionsSync("/d", { runtime: machine });
      assertEquals(leftovers(machine).toSorted(), [...left].toSorted());
    }
  });
});

describe("a process that may not ask who it is", () => {
  it("finds that out from a file it makes, and leaves nothing", () => {
    for (const mine of [true, false]) {
      const machine = memoryRuntime({ user: alice, files: filesOf(three) });
      applyAndDie(machine, three, committed(), {});
      const runtime = machine.fork({ user: mine ? alice : bob });
      machine.put("/d", { kind: "directory", mode: 0o777, user: alice });
      const unasked = {
        name: runtime.name,
        fileSystem: runtime.fileSystem,
        syncFileSystem: runtime.syncFileSystem,
        clock: runtime.clock,
        random: (length: number) => runtime.random(length),
        createHash: () => runtime.createHash(),
        process: Object.assign(Object.create(runtime.process), { owner: () => undefined }),
        capabilities: runtime.capabilities,
      };
      const { finished, kept } = recoverTransactionsSync("/d", { runtime: unasked });
      assertEquals([finished, kept.length], mine ? [three.paths, 0] : [[], 1]);
      assertEquals(Object.keys(machine.files("/d")).filter((path) => path.endsWith(".tmp")), []);
    }
  });
});

it("a planted journal or marker of any size is not read beyond what ours can have", () => {
  const state: JournalState = "committed";
  const sizes: readonly [name: string, path: string][] = [
    [`a journal, ${state}`, `/d/.transaction.${"b".repeat(26)}.f.journal`],
    ["a marker", `/d/${markerName("b".repeat(26))}`],
  ];
  for (const [what, path] of sizes) {
    for (const user of [alice, bob]) {
      const machine = memoryRuntime({ user: bob, files: { "/d/f0": "old" } });
      machine.put("/d", { kind: "directory", mode: 0o777, user: bob });
      machine.put(path, { content: "", user, mode: 0o666 });
      const file = machine.syncFileSystem.open(path, "read-write");
      file?.truncate((1 << 26) + 1);
      file?.close();
      let read = 0;
      const runtime = interceptRuntime(machine, (call, proceed) => {
        if (call.method === "read") read++;
        return proceed();
      });
      const { kept } = recoverTransactionsSync("/d", { runtime });
      assertEquals([read, kept.map(({ reason }) => reason)], [0, [user === alice ? "untrusted" : "corrupt"]], what);
    }
  }
});
