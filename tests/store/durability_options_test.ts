/**
 * `durability`, `whenUnsupported` and `whenSyncFails` make a difference wherever they are taken or inherited: every
 * operation of store, references, log and publications, by each option. One that ignored the option would do the same
 * with either word.
 */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { describe, it } from "node:test";
import { FileError, UnsupportedError } from "../../src/core/errors.ts";
import { openLogSync } from "../../src/log/mod.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { openObjectStoreSync, openReferencesSync } from "../../src/store/mod.ts";
import { type Fault, faultRuntime, memoryRuntime, type SeamCall } from "../../src/testing/mod.ts";
import { publishDirectorySync, rollBackDirectorySync } from "../../src/transaction/mod.ts";
import { notEmpty } from "../support/tally.ts";

type Words = Record<string, string>;

interface Row {
  /** Options of which words it takes. Default: all three. */
  readonly only?: readonly string[];
  /** A sync that need not succeed, by its number: another one makes up for it. */
  readonly spare?: number;
  /** What was done before, by somebody with a good disk. */
  prepare?(runtime: Runtime): unknown;
  /** What is done; the syncs count that it makes from when it calls `begin`. Answers the durability that is told afterwards. */
  run(runtime: Runtime, words: Words, begin: () => void): unknown;
}

const digestOf = (runtime: Runtime): string => openObjectStoreSync("/store", { runtime }).put("object");

function store(run: (store: ReturnType<typeof openObjectStoreSync>, digest: string) => unknown): Row {
  return {
    prepare: digestOf,
    run: (runtime, words, begin) => {
      const opened = openObjectStoreSync("/store", { runtime, ...words });
      const [digest = ""] = [...opened.list()];
      begin();
      const result = run(opened, digest);
      return typeof result === "object" && result !== null && "durability" in result
        ? result.durability
        : opened.durability;
    },
  };
}

function references(run: (references: ReturnType<typeof openReferencesSync>, digest: string) => unknown): Row {
  return {
    prepare: (runtime) => openReferencesSync("/refs", { runtime }).update("known", digestOf(runtime)),
    run: (runtime, words, begin) => {
      const opened = openReferencesSync("/refs", { runtime, ...words });
      const digest = opened.read("known") ?? "";
      begin();
      run(opened, digest);
      return opened.durability;
    },
  };
}

function log(run: (log: ReturnType<typeof openLogSync>) => unknown): Row {
  return {
    prepare: (runtime) => {
      const opened = openLogSync("/log", { runtime });
      opened.append("first");
      opened.close();
    },
    run: (runtime, words, begin) => {
      const opened = openLogSync("/log", { runtime, ...words });
      begin();
      try {
        run(opened);
        return opened.durability;
      } finally {
        opened.close();
      }
    },
  };
}

const publish = (runtime: Runtime, name: string, words: Words): unknown =>
  publishDirectorySync("/site", (directory) => {
    runtime.syncFileSystem.makeDirectory(`${directory}/${name}`, 0o755);
  }, { runtime, ...words });

const rows: Record<string, Row> = {
  "put": store((store) => store.put("another")),
  "put of what is there": store((store) => store.put("object")),
  "putMany": store((store) => store.putMany(["one", "two"])),
  "keep": store((store, digest) => store.keep(digest)),
  "restore": store((store, digest) => store.restore(digest, "/restored")),
  // What it removes is worth nothing, and no durability is told of it: what a power cut brings back, the next one finds.
  "collectGarbage": store((store) => ({ ...store.collectGarbage({ reachable: [], grace: 0 }), durability: undefined })),
  "references: update": references((references, digest) => references.update("new", digest)),
  "references: remove": references((references) => references.remove("known")),
  "references: setHead": references((references) => references.setHead("known")),
  "log: making one": {
    run: (runtime, words, begin) => {
      begin();
      openLogSync("/log", { runtime, ...words }).close();
    },
  },
  "log: making one in a new directory": {
    run: (runtime, words, begin) => {
      begin();
      const opened = openLogSync("/new/log", { runtime, createDirectories: true, ...words });
      opened.close();
      return opened.durability;
    },
  },
  "log: opening one that was not closed": {
    // Whatever it answers, all that was read is written anew, and that is synced.
    spare: 1,
    prepare: (runtime) => {
      const opened = openLogSync("/log", { runtime, durability: "none" });
      opened.append("first");
      opened.close();
    },
    run: (runtime, words, begin) => {
      begin();
      openLogSync("/log", { runtime, ...words }).close();
    },
  },
  "log: append": log((log) => log.append("second")),
  "log: checkpoint": log((log) => log.checkpoint("snapshot")),
  "publishDirectory": {
    only: ["durability"],
    run: (runtime, words, begin) => {
      begin();
      publish(runtime, "one", words);
    },
  },
  "rollBackDirectory": {
    only: ["durability"],
    prepare: (runtime) => ["one", "two"].forEach((name) => publish(runtime, name, {})),
    run: (runtime, words, begin) => {
      begin();
      rollBackDirectorySync("/site", { runtime, ...words });
    },
  },
};

/** What becomes of a row with these words where syncs answer `error`, all or the one of this number; and how many there were. */
function outcomeOf({ prepare, run }: Row, words: Words, error: string | undefined, only?: number) {
  const machine = memoryRuntime({ files: { "/": { kind: "directory" } } });
  prepare?.(machine);
  let begun = false;
  let syncs = 0;
  const at = ({ method }: SeamCall): boolean => {
    if (!begun || method !== "sync") return false;
    syncs++;
    return error !== undefined && (only === undefined || only === syncs);
  };
  const fault: Fault = { at, error: error ?? "EIO", times: "always" };
  try {
    const told = run(faultRuntime(machine, fault).runtime, words, () => void (begun = true));
    return { syncs, told, thrown: undefined };
  } catch (thrown) {
    return { syncs, told: undefined, thrown };
  }
}

describe("an option of durability makes a difference", () => {
  for (const [name, row] of Object.entries(rows)) {
    const takes = (option: string): boolean => row.only === undefined || row.only.includes(option);

    it(`${name}: durability`, () => {
      assert(outcomeOf(row, {}, undefined).syncs > 0, "nothing is synced by default");
      const { syncs, thrown } = outcomeOf(row, { durability: "none" }, undefined);
      assertEquals({ syncs, thrown }, { syncs: 0, thrown: undefined });
    });

    it(`${name}: each sync alone`, () => {
      const { syncs } = outcomeOf(row, {}, undefined);
      for (const number of notEmpty(Array.from({ length: syncs }, (_, index) => index + 1))) {
        if (number === row.spare) continue;
        const { thrown } = outcomeOf(row, {}, "EIO", number);
        assert(FileError.is(thrown) && thrown.code === "EIO", `sync ${number} of ${syncs} failed: ${thrown}`);
        if (!takes("whenUnsupported")) continue;
        assertNotEquals(
          outcomeOf(row, {}, "EINVAL", number).told,
          "full",
          `sync ${number} of ${syncs} is not supported`,
        );
        const unsupported = outcomeOf(row, { whenUnsupported: "throw" }, "EINVAL", number).thrown;
        assert(UnsupportedError.is(unsupported), `sync ${number} of ${syncs} is not supported: ${unsupported}`);
      }
    });

    // check-tests: allow -- an operation without the option has nothing to show
    if (takes("whenSyncFails")) {
      it(`${name}: whenSyncFails`, () => {
        const { thrown } = outcomeOf(row, {}, "EIO");
        assert(FileError.is(thrown) && thrown.code === "EIO", `it was trusted: ${thrown}`);
        assertEquals(outcomeOf(row, { whenSyncFails: "report" }, "EIO").thrown, undefined);
      });
    }

    // check-tests: allow -- an operation without the option has nothing to show
    if (takes("whenUnsupported")) {
      it(`${name}: whenUnsupported`, () => {
        assertEquals(outcomeOf(row, {}, "EINVAL").thrown, undefined);
        const { thrown } = outcomeOf(row, { whenUnsupported: "throw" }, "EINVAL");
        assert(UnsupportedError.is(thrown), `it was not reported: ${thrown}`);
      });
    }
  }
});

describe("what restores says more than its store", () => {
  it("and counts", () => {
    const durable = store((store, digest) => store.restore(digest, "/restored", { durability: "full" }));
    assert(outcomeOf(durable, { durability: "none" }, undefined).syncs > 0);
    const careless = store((store, digest) => store.restore(digest, "/restored", { durability: "none" }));
    assertEquals(outcomeOf(careless, {}, undefined).syncs, 0);
  });
});
