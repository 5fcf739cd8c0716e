/**
 * Mode and owner that somebody sets while a write is staged: every operation that keeps them keeps what the file has right
 * before the commit, and syncs that before the rename.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "node:test";
import {
  copyFileSync,
  openFileWriterSync,
  removeFileSync,
  restoreBackupSync,
  updateTextFile,
  updateTextFileSync,
  WriteError,
  writeFile,
  writeFileSync,
  type WriteFileSyncOptions,
} from "../mod.ts";
import writeFileAtomic from "../src/compat/mod.ts";
import type { FileStatus, Runtime } from "../src/runtime/runtime.ts";
import { openObjectStoreSync } from "../src/store/mod.ts";
import { interceptRuntime, type SeamCall } from "../src/testing/faults/intercept.ts";
import {
  crashStates,
  faultRuntime,
  type MemoryOptions,
  type MemoryRuntime,
  memoryRuntime,
  traceRuntime,
} from "../src/testing/mod.ts";
import { applyFiles, applyFilesSync } from "../src/transaction/mod.ts";
import { notEmpty } from "./support/tally.ts";

const path = "/d/file";

/** Root, so that owners can be set; the file is somebody's. */
const start = (options: MemoryOptions = {}): MemoryRuntime =>
  memoryRuntime({
    user: 0,
    group: 0,
    files: { [path]: { content: "old", mode: 0o644, user: 1000, group: 1000 }, "/d/source": "new" },
    ...options,
  });

const shown = (status: FileStatus | undefined): string | undefined =>
  status && `${status.user}:${status.group} ${status.mode.toString(8)}`;

/** What an administrator does, in a process of his own; the change itself is as durable as it can be. */
function administer(machine: MemoryRuntime, change: { mode?: number; user?: number; group?: number }): void {
  const file = machine.fork().syncFileSystem.open(path, "read");
  assert(file !== undefined);
  if (change.user !== undefined || change.group !== undefined) file.setOwner(change.user, change.group);
  if (change.mode !== undefined) file.setMode(change.mode);
  file.sync("full");
  file.close();
}

/** Calls `act` once, before the first call that fits. */
function before(machine: MemoryRuntime, fits: (call: SeamCall) => boolean, act: () => void): Runtime {
  let done = false;
  return interceptRuntime(machine, (call, proceed) => {
    if (!done && fits(call)) {
      done = true;
      act();
    }
    return proceed();
  });
}

const isStage = ({ path }: SeamCall): boolean => /\/\.file\..*\.(tmp|stage)$/.test(path);
const isContent = (call: SeamCall): boolean => call.method === "write" && isStage(call);
const isStageSync = (call: SeamCall): boolean => call.method === "sync" && isStage(call);
const isRename = (call: SeamCall): boolean => call.method === "rename";

/** Everything that replaces a file and keeps its mode and owner. */
const operations: [name: string, run: (runtime: Runtime) => unknown][] = [
  ["writeFile", (runtime) => writeFile(path, "new", { runtime })],
  ["writeFileSync", (runtime) => writeFileSync(path, "new", { runtime })],
  ["writeFile of a stream", (runtime) => writeFile(path, ["n", "ew"], { runtime })],
  ["writeFile with a backup", (runtime) => writeFile(path, "new", { runtime, backup: 1 })],
  ["writeFile under a lock", (runtime) => writeFile(path, "new", { runtime, lock: true })],
  ["a writer", (runtime) => {
    const writer = openFileWriterSync(path, { runtime });
    writer.write("new");
    return writer.commit();
  }],
  ["copyFile", (runtime) => copyFileSync("/d/source", path, { runtime })],
  ["updateTextFile", (runtime) => updateTextFile(path, () => "new", { runtime })],
  ["updateTextFileSync", (runtime) => updateTextFileSync(path, () => "new", { runtime })],
  ["applyFiles", (runtime) => applyFiles({ files: [{ path, data: "new" }] }, { runtime })],
  [
    "applyFilesSync without backups",
    (runtime) => applyFilesSync({ files: [{ path, data: "new" }], backup: 0 }, { runtime }),
  ],
  ["restore of a store", (runtime) => {
    const store = openObjectStoreSync("/s", { runtime });
    return store.restore(store.put("new"), path);
  }],
  ["write-file-atomic", (runtime) => writeFileAtomic(path, "new", { runtime })],
];

const changes: [name: string, change: Parameters<typeof administer>[1], kept: string][] = [
  ["a narrower mode", { mode: 0o600 }, "1000:1000 600"],
  ["a wider mode", { mode: 0o666 }, "1000:1000 666"],
  ["another group", { group: 50 }, "1000:50 644"],
  ["another owner and mode", { user: 60, group: 60, mode: 0o640 }, "60:60 640"],
  ["setuid, which is dropped", { mode: 0o4755 }, "1000:1000 755"],
];

describe("what is kept is what the file has right before the commit", () => {
  for (const [name, run] of operations) {
    for (const [what, change, kept] of changes) {
      it(`${name}: ${what}, set while the content is written or synced`, async () => {
        for (const moment of [isContent, isStageSync]) {
          const machine = start();
          let changed = 0;
          const runtime = before(machine, moment, () => {
            changed++;
            administer(machine, change);
          });
          await run(runtime);
          assertEquals([changed, machine.readText(path), shown(machine.statusOf(path))], [1, "new", kept]);
          for (const state of notEmpty(crashStates(machine))) {
            const after = state.start();
            assertEquals([after.readText(path), shown(after.statusOf(path))], ["new", kept]);
          }
          assertEquals(machine.openHandles, []);
        }
      });
    }
  }

  it("the result says what of the last owner and mode was lost", async () => {
    const machine = start();
    const runtime = before(machine, isStageSync, () => administer(machine, { mode: 0o4755 }));
    assertEquals((await writeFile(path, "new", { runtime })).lost, ["setuid"]);
  });

  for (
    const [first, late, lost] of [
      [0o755, 0o4755, ["setuid"]],
      [0o4755, 0o755, []],
      [0o6755, 0o2755, ["setgid"]],
    ] as const
  ) {
    it(`a file that went from ${first.toString(8)} to ${late.toString(8)} has lost what it had last`, async () => {
      const machine = start();
      administer(machine, { mode: first });
      const runtime = before(machine, isStageSync, () => administer(machine, { mode: late }));
      const result = await writeFile(path, "new", { runtime });
      assertEquals([result.lost, shown(machine.statusOf(path))], [lost, "1000:1000 755"]);
    });
  }

  it("the new owner of a file may at no instant do more with it than at the end", async () => {
    const machine = start({ files: { [path]: { content: "old", mode: 0o664, user: 1000, group: 1000 } } });
    const runtime = before(machine, isStageSync, () => administer(machine, { group: 50, mode: 0o600 }));
    const seen: (string | undefined)[] = [];
    const watched = interceptRuntime(runtime, (_call, proceed) => {
      const answer = proceed();
      const [stage] = Object.keys(machine.files("/d")).filter((name) => name.endsWith(".tmp"));
      if (stage !== undefined) seen.push(shown(machine.statusOf(stage)));
      return answer;
    });
    await writeFile(path, "new", { runtime: watched });
    const given = notEmpty(seen.filter((status) => status?.includes(":50 ")));
    assertEquals([new Set(given), shown(machine.statusOf(path))], [new Set(["1000:50 600"]), "1000:50 600"]);
  });

  it("for a user who may not give files away, the new owner is reported as lost", async () => {
    const machine = memoryRuntime({
      user: 1000,
      group: 1000,
      files: { "/d/": { kind: "directory", mode: 0o777 }, [path]: { content: "old", mode: 0o644 } },
    });
    const root = machine.fork({ user: 0, group: 0 });
    const runtime = before(machine, isStageSync, () => administer(root, { user: 60, group: 60, mode: 0o664 }));
    assertEquals((await writeFile(path, "new", { runtime })).lost, ["owner", "group", "mode"]);
    // What the lost group could do goes to nobody else.
    assertEquals(shown(machine.statusOf(path)), "1000:1000 644");
  });

  it("a file that somebody makes while a new one is staged is kept like an old one, and told as replaced", async () => {
    const machine = start({ files: { "/d/": { kind: "directory" } } });
    const runtime = before(machine, isStageSync, () => {
      machine.fork().syncFileSystem.create(path, 0o600).close();
    });
    const { replaced, lost } = await writeFile(path, "new", { runtime });
    assertEquals([replaced, lost, shown(machine.statusOf(path))], [true, [], "0:0 600"]);
  });

  it("another file in its place hands on its own mode and owner", async () => {
    const machine = start();
    const other = machine.fork();
    const runtime = before(machine, isStageSync, () => {
      writeFileSync(path, "between", { runtime: other, mode: 0o640, owner: { user: 7, group: 7 } });
    });
    await writeFile(path, "new", { runtime });
    assertEquals([machine.readText(path), shown(machine.statusOf(path))], ["new", "7:7 640"]);
  });

  it("of a file that is removed, what was known of it stays", async () => {
    const machine = start();
    const runtime = before(machine, isStageSync, () => removeFileSync(path, { runtime: machine.fork() }));
    await writeFile(path, "new", { runtime });
    assertEquals(shown(machine.statusOf(path)), "1000:1000 644");
  });

  it("a mode that is changed once more during the correction is kept as well", async () => {
    const machine = start();
    let corrections = 0;
    const runtime = interceptRuntime(machine, (call, proceed) => {
      if (isStageSync(call) && corrections < 4) administer(machine, { mode: 0o600 | ++corrections });
      return proceed();
    });
    await writeFile(path, "new", { runtime });
    assertEquals([corrections, shown(machine.statusOf(path))], [4, "1000:1000 604"]);
  });

  it("a program that changes it repeatedly does not keep the write from ending", async () => {
    const machine = start();
    let changed = 0;
    const runtime = interceptRuntime(machine, (call, proceed) => {
      if (isStageSync(call)) administer(machine, { mode: 0o600 | ++changed });
      return proceed();
    });
    for (
      const operation of [
        () => writeFile(path, "new", { runtime }),
        () => applyFiles({ files: [{ path, data: "2" }] }, { runtime }),
      ]
    ) {
      changed = 0;
      await operation();
      assertEquals(changed, 9);
    }
  });
});

describe("what is not kept is not looked at", () => {
  const given: WriteFileSyncOptions[] = [
    { mode: 0o640, owner: "leave" },
    { mode: 0o640, owner: { user: 5, group: 5 } },
    { ifExists: "fail" },
  ];
  for (const options of given) {
    it(`writeFile with ${JSON.stringify(options)}`, async () => {
      const machine = options.ifExists === "fail" ? start({ files: { "/d/": { kind: "directory" } } }) : start();
      const { runtime, trace } = traceRuntime(machine);
      await writeFile(path, "new", { ...options, runtime });
      assertEquals(trace.filter((line) => line.startsWith("linkStat")).length, 1, trace.join("\n"));
    });
  }

  it("a mode that was given is exact, whatever the file's is by then", async () => {
    const machine = start();
    const runtime = before(machine, isStageSync, () => administer(machine, { mode: 0o600, user: 60 }));
    await writeFile(path, "new", { runtime, mode: 0o644 });
    assertEquals(shown(machine.statusOf(path)), "60:1000 644");
  });

  it("restoreBackup gives the mode of the version that is restored", () => {
    const machine = start();
    writeFileSync(path, "second", { runtime: machine, backup: 1 });
    const runtime = before(machine, isStageSync, () => administer(machine, { mode: 0o600 }));
    restoreBackupSync(path, undefined, { runtime });
    assertEquals([machine.readText(path), shown(machine.statusOf(path))], ["old", "1000:1000 644"]);
  });
});

describe("a correction that fails", () => {
  const correct = () => {
    const machine = start();
    return { machine, runtime: before(machine, isStageSync, () => administer(machine, { mode: 0o600 })) };
  };

  for (const method of ["linkStat", "open", "setMode", "sync"] as const) {
    it(`at ${method} leaves the file unchanged, with nothing beside it`, async () => {
      for (
        const run of [
          (runtime: Runtime) => writeFile(path, "new", { runtime }),
          (runtime: Runtime) => applyFiles({ files: [{ path, data: "new" }], backup: 0 }, { runtime }),
        ]
      ) {
        const { machine, runtime } = correct();
        let renames = false;
        // Only after the first sync of the stage: before it, these calls are others' business.
        let staged = false;
        const faulty = faultRuntime(runtime, {
          at: (call) => {
            const hit = staged && call.method === method &&
              (method === "linkStat" ? call.path === path : isStage(call));
            if (isStageSync(call)) staged = true;
            renames ||= isRename(call);
            return hit && !renames;
          },
          error: "EIO",
        });
        const thrown = await assertRejects(() => run(faulty.runtime), WriteError);
        assertEquals([thrown.code, thrown.targetState], ["EIO", "unchanged"]);
        const names = Object.keys(machine.files("/d")).filter((name) => !name.endsWith(".lock"));
        assertEquals([names, machine.readText(path)], [["/d/file", "/d/source"], "old"]);
        assertEquals([shown(machine.statusOf(path)), machine.openHandles], ["1000:1000 600", []]);
      }
    });
  }

  it("because the staged file is gone is tried once more, from the beginning", async () => {
    const machine = start();
    const runtime = before(machine, (call) => call.method === "close" && isStage(call), () => {
      administer(machine, { mode: 0o600 });
      const [stage] = notEmpty(Object.keys(machine.files("/d")).filter((name) => name.endsWith(".tmp")));
      machine.fork().syncFileSystem.remove(stage);
    });
    await writeFile(path, "new", { runtime });
    assertEquals([machine.readText(path), shown(machine.statusOf(path))], ["new", "1000:1000 600"]);
    assertEquals(machine.files("/d"), { "/d/file": "new", "/d/source": "new" });
  });
});
