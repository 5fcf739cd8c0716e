/** `sweep`: temporary files of the dead go, those of the living stay, and nothing else is touched. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openFileWriter, sweep, type SweepOptions, sweepSync, WriteError, writeFile, writeFileSync } from "../mod.ts";
import { parseTemporaryName } from "../src/protocol/names/names.ts";
import type { Runtime } from "../src/runtime/runtime.ts";
import { interceptRuntime } from "../src/testing/faults/intercept.ts";
import { faultRuntime, type MachineOptions, type MemoryRuntime, memoryRuntime } from "../src/testing/mod.ts";
import { namesIn } from "./support/files.ts";
import { withTemporaryDirectory } from "./support/temporary_directory.ts";

const minute = 60_000;
const name = (letter: string, proof: string): string => `/d/.x.${letter.repeat(26)}.${proof}.tmp`;

/** A machine on which a writer is stopped, or killed, with its temporary file written. */
async function withVictim(options: MachineOptions, kill: boolean): Promise<{ machine: MemoryRuntime; path: string }> {
  const machine = memoryRuntime({ ...options, files: { "/d/file": "old", ...options.files } });
  const victim = machine.fork();
  const writer = await openFileWriter("/d/file", { runtime: victim });
  await writer.write("half");
  if (kill) victim.kill();
  const path = Object.keys(machine.files("/d")).find((path) => path.endsWith(".tmp")) ?? "";
  machine.clock.advance(minute);
  return { machine, path };
}

/** What the machine offers as proof of a writer's life, and the proof that its temporary files then state. */
const proofs: [string, MachineOptions, "lock" | "process" | "none"][] = [
  ["a kernel lock", {}, "lock"],
  ["process facts, where locks are slow", { capabilities: { fileLock: "program" } }, "process"],
  ["process facts, where there are no locks", { capabilities: { fileLock: "none" } }, "process"],
  ["process facts, on a file system without locks", { disk: { fileLock: false } }, "process"],
  ["nothing", { capabilities: { fileLock: "none" }, processFacts: false }, "none"],
];

for (const [what, options, kind] of proofs) {
  test(`sweep judges a temporary file by ${what}`, async () => {
    for (const dead of [true, false]) {
      const { machine, path } = await withVictim(options, dead);
      assertEquals(parseTemporaryName(path.slice(3))?.proof.kind, kind);
      const expected = kind === "none"
        ? { removed: [], kept: [{ path, reason: "unproven" }] }
        : dead
        ? { removed: [path], kept: [] }
        : { removed: [], kept: [{ path, reason: "alive" }] };
      assertEquals(await sweep("/d", { runtime: machine, dryRun: true }), expected as never);
      assert(machine.statusOf(path) !== undefined, "a dry run removes nothing");
      assertEquals(sweepSync("/d", { runtime: machine }), expected as never);
      assertEquals(machine.statusOf(path) === undefined, expected.removed.length > 0);
      assertEquals([machine.readText("/d/file"), machine.openHandles], ["old", []]);
    }
  });
}

test("where the lock service is missing (ENOLCK) a write goes on, and its temporary file is judged by process facts", () => {
  const machine = memoryRuntime({ files: { "/d/file": "old" } });
  const { runtime } = faultRuntime(machine, {
    at: ({ method }) => method === "tryLock",
    error: "ENOLCK",
    times: "always",
  });
  let kind: string | undefined;
  const watched = interceptRuntime(runtime, (call, proceed) => {
    if (call.method === "rename") kind = parseTemporaryName(call.path.slice(3))?.proof.kind;
    return proceed();
  });
  assertEquals(writeFileSync("/d/file", "new", { runtime: watched }).changed, true);
  assertEquals([kind, machine.files()], ["process", { "/d/file": "new" }]);
});

test("sweep leaves a lock directory of the dead alone in which there is anything but tokens", () => {
  const machine = memoryRuntime({ files: { "/d/file": "" } });
  const { boot, namespace } = machine.process.facts() ?? {};
  const prepared = name("a", `p${boot}-${namespace}-99999-1`);
  machine.put(`${prepared}/g1.x.${"b".repeat(26)}.n`);
  machine.put(`${prepared}/mine`, "mine");
  machine.clock.advance(minute);
  assertEquals(sweepSync("/d", { runtime: machine, olderThan: minute }), {
    removed: [],
    kept: [{ path: prepared, reason: "foreign" }],
  });
  assertEquals(machine.readText(`${prepared}/mine`), "mine");
  assertEquals(Object.keys(machine.files(prepared)).length, 2);
});

test("sweep between close and rename spares a file whose sync took minutes", async () => {
  for (const kind of ["bytes", "stream"]) {
    const machine = memoryRuntime({ files: { "/d/file": "old" } });
    const swept: unknown[] = [];
    const runtime = interceptRuntime(machine, (call, proceed) => {
      if (call.method === "sync" && call.path.endsWith(".tmp")) machine.clock.advance(5 * minute);
      if (call.method === "rename") swept.push(sweepSync("/d", { runtime: machine }).kept.map(({ reason }) => reason));
      return proceed();
    });
    const data = kind === "bytes" ? "new" : new Blob(["new"]).stream();
    assertEquals((await writeFile("/d/file", data, { runtime })).changed, true);
    assertEquals([swept, machine.files("/d")], [[["young"]], { "/d/file": "new" }], kind);
  }
});

test("sweep leaves everything alone that was changed less than a minute ago", async () => {
  const { machine, path } = await withVictim({}, true);
  const early: Runtime = {
    ...machine,
    clock: { ...machine.clock, now: () => machine.clock.now() - 1 },
    random: (length) => machine.random(length),
    createHash: () => machine.createHash(),
  };
  for (const options of [{}, { olderThan: minute }]) {
    assertEquals(await sweep("/d", { ...options, runtime: early }), { removed: [], kept: [{ path, reason: "young" }] });
  }
  assertEquals((await sweep("/d", { runtime: machine })).removed, [path]);
});

test("sweep with olderThan removes what cannot be proven, and nothing that is alive", async () => {
  const unproven = await withVictim({ capabilities: { fileLock: "none" }, processFacts: false }, false);
  for (const [olderThan, removes] of [[2 * minute, false], [minute, true]] as const) {
    const { removed } = await sweep("/d", { runtime: unproven.machine, olderThan });
    assertEquals(removed, removes ? [unproven.path] : []);
  }
  const alive = await withVictim({}, false);
  alive.machine.clock.advance(1000 * minute);
  assertEquals((await sweep("/d", { runtime: alive.machine, olderThan: minute })).removed, []);
});

test("sweep does not believe in a process that it cannot see from here", async () => {
  const machine = memoryRuntime();
  const { boot = "", namespace = "" } = machine.process.facts() ?? {};
  const cases: [string, string][] = [
    [name("a", `p${boot}-${namespace}-99999-1`), "removed"],
    [name("b", `pffffffff-${namespace}-99999-1`), "unproven"],
    [name("c", `p${boot}-1-99999-1`), "unproven"],
    [name("d", `p${boot}-${namespace}-${machine.process.pid}-1`), "removed"],
  ];
  for (const [path] of cases) machine.put(path);
  machine.clock.advance(minute);
  const { removed, kept } = await sweep("/d", { runtime: machine });
  const verdicts = [...removed.map((path) => [path, "removed"]), ...kept.map(({ path, reason }) => [path, reason])];
  assertEquals(verdicts.sort(), cases);
});

test("sweep knows its own names and no others, and reports what bears one without being a plain file", async () => {
  const machine = memoryRuntime({
    files: {
      "/d/.x.20260101T000000000Z.bak": "backup",
      "/d/.x.tmp": "not ours",
      "/d/x.lock": "lock",
      [name("a", "f").slice(0, -4)]: "not ours",
      [name("b", "q")]: "not ours",
      [name("c", "f")]: { symlink: "../outside" },
      [name("e", "f")]: { kind: "other" },
      "/outside": "outside",
    },
  });
  machine.clock.advance(minute);
  const before = machine.files();
  const result = await sweep("/d", { runtime: machine, olderThan: minute });
  assertEquals(result, {
    removed: [],
    kept: [{ path: name("c", "f"), reason: "foreign" }, { path: name("e", "f"), reason: "foreign" }],
  });
  assertEquals(machine.files(), before);
});

test("sweep goes below only when asked, never through symlinks, and past what is closed to it", async () => {
  const proof = `p${memoryRuntime().process.facts()?.boot}-4026531836-99999-1`;
  const at = (directory: string) => name("a", proof).replace("/d", directory);
  const machine = memoryRuntime({
    files: {
      [at("/d")]: "",
      [at("/d/a/b")]: "",
      [at("/d/closed")]: "",
      "/d/closed": { kind: "directory", mode: 0o000, user: 0 },
      "/d/linked": { symlink: "../outside" },
      [at("/outside")]: "",
    },
  });
  machine.clock.advance(minute);
  assertEquals((await sweep("/d", { runtime: machine, dryRun: true })).removed, [at("/d")]);
  assertEquals(await sweep("/d", { runtime: machine, recursive: true }), {
    removed: [at("/d"), at("/d/a/b")],
    kept: [{ path: "/d/closed", reason: "failed", code: "EACCES" }],
  });
  assertEquals(Object.keys(machine.files("/outside")), [at("/outside")]);
});

for (
  const [method, error] of [["linkStat", "EIO"], ["open", "EACCES"], ["remove", "EROFS"], ["stat", "EIO"]] as const
) {
  test(`sweep goes on when ${method} fails with ${error} for one file, and says so`, async () => {
    const { machine, path } = await withVictim({}, true);
    const other = (await withVictim({}, true)).path.replace("/d/.file", "/d/.other");
    machine.put(other);
    machine.clock.advance(minute);
    const { runtime } = faultRuntime(machine, {
      at: (call) => call.method === method && call.path === path,
      error,
      times: "always",
    });
    assertEquals(await sweep("/d", { runtime }), { removed: [other], kept: [{ path, reason: "failed", code: error }] });
    assertEquals([machine.openHandles], [[]]);
  });
}

test("sweep of a directory that is not there, or is none, throws", async () => {
  const runtime = memoryRuntime({ files: { "/file": "" } });
  for (const [path, code] of [["/no", "ENOENT"], ["/file", "ENOTDIR"]] as const) {
    const error = await assertRejects(() => sweep(path, { runtime }), WriteError);
    assertEquals([error.code, error.step, error.targetState], [code, "readDirectory", "unchanged"]);
    assert(error.message.startsWith("Cannot sweep"), error.message);
  }
});

test("sweep refuses wrong options before any I/O", () => {
  const runtime = memoryRuntime();
  const wrong: [object, typeof TypeError | typeof RangeError][] = [
    [{ recursive: 1 }, TypeError],
    [{ dryRun: "yes" }, TypeError],
    [{ olderThan: "1h" }, TypeError],
    [{ olderThan: -1 }, RangeError],
    [{ olderThan: 0 }, RangeError],
    [{ olderThan: minute - 1 }, RangeError],
    [{ olderThan: NaN }, RangeError],
    [{ oldThan: 5 }, TypeError],
  ];
  for (const [options, type] of wrong) {
    assertThrows(() => sweepSync("/d", { runtime, ...options } as SweepOptions), type);
  }
});

test("a writer whose temporary file was swept away stages once more", () => {
  for (const times of [1, 2, 3]) {
    const machine = memoryRuntime({ files: { "/d/file": "old" } });
    let left = times;
    const { runtime } = faultRuntime(machine, {
      at: ({ method, path }) => {
        if (method === "rename" && left-- > 0) machine.syncFileSystem.remove(path);
        return false;
      },
      error: "EIO",
    });
    if (times < 3) assertEquals(writeFileSync("/d/file", "new", { runtime }).changed, true);
    else {
      const error = assertThrows(() => writeFileSync("/d/file", "new", { runtime }), WriteError);
      assertEquals([error.code, error.step, error.targetState], ["ENOENT", "rename", "unchanged"]);
    }
    assertEquals(machine.files(), { "/d/file": times < 3 ? "new" : "old" });
  }
});

test("a writer whose content cannot be read twice says that its temporary file vanished", async () => {
  const machine = memoryRuntime({ files: { "/d/file": "old" } });
  const { runtime } = faultRuntime(machine, {
    at: ({ method, path }) => method === "rename" && machine.syncFileSystem.remove(path) === undefined,
    error: "EIO",
  });
  const error = await assertRejects(() => writeFile("/d/file", ["new"], { runtime }), WriteError);
  assertEquals([error.code, error.step, error.targetState], ["ENOENT", "rename", "unchanged"]);
  assertEquals(machine.files(), { "/d/file": "old" });
});

test("sweep on a real file system removes the temporary file of nobody, and only when it is old", () =>
  withTemporaryDirectory(async (directory) => {
    const file = `.x.${"a".repeat(26)}.f.tmp`;
    fs.writeFileSync(join(directory, file), "");
    assertEquals((await sweep(directory)).kept.map(({ reason }) => reason), ["young"]);
    const old = new Date(Date.now() - 2 * minute);
    fs.utimesSync(join(directory, file), old, old);
    assertEquals((await sweep(directory)).removed, [join(directory, file)]);
    assertEquals(namesIn(directory), []);
  }));
