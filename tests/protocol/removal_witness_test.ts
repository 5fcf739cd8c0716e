/**
 * A file system that fails silently: the error of a sync goes to another process, ours answers success. Where a name is
 * removed anyway, its removal comes after the sync and is a witness: what it contradicts is not acknowledged.
 */
import { assertEquals, assertInstanceOf } from "@std/assert";
import { describe, it } from "node:test";
import { type Durability, FileError, writeFileSync } from "../../mod.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { openObjectStoreSync, openReferencesSync } from "../../src/store/mod.ts";
import { dropUnsynced, interceptRuntime } from "../../src/testing/faults/intercept.ts";
import { crashStates, type MemoryRuntime, memoryRuntime } from "../../src/testing/mod.ts";
import { applyFilesSync, publishDirectorySync } from "../../src/transaction/mod.ts";
import { sha256 } from "../store/support.ts";
import { tally } from "../support/tally.ts";

const digest = "0".repeat(64);

interface Row {
  readonly name: string;
  /** Takes `whenSyncFails`. */
  readonly reports: boolean;
  /** Under a lock: on a file system that answers nothing any more, that the lock cannot be looked at is an error. */
  readonly locked?: true;
  prepare(machine: MemoryRuntime): void;
  act(runtime: Runtime, whenSyncFails: "throw" | "report"): Durability;
  /** Whether what was acknowledged is there. */
  isKept(machine: MemoryRuntime): boolean;
}

const put = (machine: Runtime, text: string) => writeFileSync("/d/file", text, { runtime: machine, backup: 1 });
const publish = (runtime: Runtime, text: string) =>
  publishDirectorySync("/d/site", (directory) => {
    writeFileSync(`${directory}/page`, text, { runtime });
  }, { runtime, keep: 0, grace: 0 });

const rows: Row[] = [
  {
    name: "writeFile with ifExists: fail, whose temporary name goes",
    reports: true,
    prepare: () => {},
    act: (runtime, whenSyncFails) =>
      writeFileSync("/d/file", "new", { runtime, ifExists: "fail", whenSyncFails }).durability,
    isKept: (machine) => machine.readText("/d/file") === "new",
  },
  {
    name: "writeFile with a backup, whose predecessor goes",
    reports: true,
    prepare: (machine) => ["1", "2", "3"].forEach((text) => put(machine, text)),
    act: (runtime, whenSyncFails) => writeFileSync("/d/file", "new", { runtime, backup: 1, whenSyncFails }).durability,
    isKept: (machine) => machine.readText("/d/file") === "new",
  },
  {
    name: "applyFiles, whose journal goes",
    reports: false,
    prepare: (machine) => put(machine, "old"),
    act: (runtime) => applyFilesSync({ files: [{ path: "/d/file", data: "new" }], backup: 1 }, { runtime }).durability,
    isKept: (machine) => {
      // The journal may be there, and a recovery finish it.
      applyFilesSync({ files: [{ path: "/d/other", data: "x" }] }, { runtime: machine });
      return machine.readText("/d/file") === "new";
    },
  },
  {
    name: "publishDirectory, whose earlier generation goes",
    reports: false,
    prepare: (machine) => {
      publish(machine, "1");
      publish(machine, "2");
    },
    act: (runtime) => publish(runtime, "new").durability,
    isKept: (machine) => machine.readText("/d/site/page") === "new",
  },
  {
    name: "put of an object, whose temporary name goes",
    reports: true,
    prepare: (machine) => openObjectStoreSync("/d/store", { runtime: machine }).put("before"),
    act: (runtime, whenSyncFails) => {
      const store = openObjectStoreSync("/d/store", { runtime, whenSyncFails });
      store.put("new");
      return store.durability;
    },
    isKept: (machine) => openObjectStoreSync("/d/store", { runtime: machine }).has(sha256("new")),
  },
  {
    name: "remove of a reference, whose directory goes",
    reports: true,
    locked: true,
    prepare: (machine) => openReferencesSync("/d/references", { runtime: machine }).update("heads/main", digest),
    act: (runtime, whenSyncFails) => {
      const references = openReferencesSync("/d/references", { runtime, whenSyncFails });
      references.remove("heads/main");
      return references.durability;
    },
    isKept: (machine) => machine.readText("/d/references/heads/main") === undefined,
  },
];

/** A machine on which the sync of that number, from 0, takes others' changes with it, and tells nobody. */
function dying(journal: "ext4" | "xfs", row: Row, number: number) {
  const machine = memoryRuntime({ disk: { journal }, files: { "/d/": { kind: "directory" } } });
  row.prepare(machine);
  let syncs = 0;
  const runtime = interceptRuntime(machine.fork(), (call, proceed, file) => {
    if (call.method !== "sync" || syncs++ !== number || file === undefined) return proceed();
    dropUnsynced(file);
    return undefined as ReturnType<typeof proceed>;
  });
  return { machine, runtime, died: () => syncs > number };
}

describe("on a file system that has failed silently", () => {
  for (const journal of ["ext4", "xfs"] as const) {
    for (const row of rows) {
      it(`${journal}: ${row.name}`, () => {
        const happened = tally(`${journal}, ${row.name}`, ["refused", "reported"]);
        for (const whenSyncFails of row.reports ? ["throw", "report"] as const : ["throw"] as const) {
          for (let number = 0;; number++) {
            const { machine, runtime, died } = dying(journal, row, number);
            let reached: Durability = "none";
            try {
              reached = row.act(runtime, whenSyncFails);
              if (reached !== "full") happened.count("reported");
            } catch (error) {
              assertInstanceOf(error, FileError);
              happened.count("refused");
            }
            if (!died()) break;
            if (reached !== "full") continue;
            for (const state of crashStates(machine)) {
              assertEquals(row.isKept(state.start()), true, `sync ${number}, ${whenSyncFails}: acknowledged and lost`);
            }
          }
        }
        happened.enough({ refused: 1, reported: row.reports && !(row.locked && journal === "xfs") ? 1 : 0 });
      });
    }
  }
});
