/**
 * Every disk that a power cut may leave, and every call failed once: an object is there whole or not at all, a reference
 * leads to the old or the new digest, and what was acknowledged is there.
 */
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { FileError, openObjectStore, openObjectStoreSync, openReferencesSync } from "../../src/store/mod.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import {
  type CrashOptions,
  type CrashReport,
  exploreCrashes,
  exploreCrashesSync,
  type MemoryRuntime,
  memoryRuntime,
  sweepFaults,
  sweepFaultsSync,
} from "../../src/testing/mod.ts";
import { mostlyOnDeno } from "../support/effort.ts";
import { placeOf, sha256, temporaries } from "./support.ts";

const isLock = (path: string): boolean => path.endsWith(".lock");
const limit = mostlyOnDeno({ quick: 500, normal: 4_000, long: 50_000 });
/** More than a sector, so that it may be torn. */
const large = "L".repeat(1200);
const [small, other] = ["small", "other"];

function report(name: string, result: CrashReport, exhaustive?: boolean): void {
  const first = result.violations[0];
  assertEquals(result.violations.length, 0, first && `${first.error}\n${first.state}\n${first.trace.join("\n")}`);
  console.log(
    `  ${name}: ${result.operations} calls, ${result.states} states (${result.recoveryStates} in recovery)${
      result.exhaustive ? ", all there are" : ", a sample"
    }`,
  );
  if (exhaustive !== undefined) assertEquals(result.exhaustive, exhaustive);
}

/** Whatever is found under the name of an object is that object. */
function checkObjects(machine: MemoryRuntime, acknowledged: readonly unknown[]): void {
  const store = openObjectStoreSync("/s", { runtime: machine });
  assertEquals(store.verify().corrupt, []);
  // check-tests: allow -- a crash may come before the first acknowledgement
  for (const digest of acknowledged as string[]) assert(store.has(digest), `${digest} was acknowledged`);
}

const explore = (options: CrashOptions): CrashReport =>
  exploreCrashesSync({ volatile: isLock, modes: ["strict", "kill"], limit, ...options });

describe("power cuts", () => {
  it("while an object is put, from bytes, pieces and files, into a new store", () => {
    for (const kind of ["bytes", "pieces", "file"] as const) {
      const result = explore({
        machine: { files: { "/f": large } },
        run: (runtime, acknowledge) => {
          const store = openObjectStoreSync("/s", { runtime });
          acknowledge(kind === "file" ? store.putFile("/f") : store.put(kind === "bytes" ? large : [large]));
        },
        // What was interrupted is done again, and then it is there.
        recover: (runtime) => void openObjectStoreSync("/s", { runtime }).put(large),
        check: (machine, acknowledged) => checkObjects(machine, [...acknowledged, sha256(large)]),
      });
      report(`put of ${kind}`, result);
    }
  });

  it("while an object is put again that another process has put and not synced", () => {
    const result = explore({
      setup: (machine) => openObjectStoreSync("/s", { runtime: machine }).put(other),
      run: (runtime, acknowledge) => {
        // Visible, not durable: a rival that was killed between its link and its sync.
        runtime.put(`/s/${placeOf(sha256(large))}`, { content: large, mode: 0o444 });
        acknowledge(openObjectStoreSync("/s", { runtime }).put(large));
      },
      check: (machine, acknowledged) => {
        const store = openObjectStoreSync("/s", { runtime: machine });
        // check-tests: allow -- a crash may come before the first acknowledgement
        for (const digest of acknowledged as string[]) assertEquals(store.get(digest).length, large.length);
      },
    });
    report("put of what is there", result, true);
  });

  it("while an object is kept that another process has put and not synced", () => {
    const result = explore({
      setup: (machine) => openObjectStoreSync("/s", { runtime: machine }).put(other),
      run: (runtime, acknowledge) => {
        runtime.put(`/s/${placeOf(sha256(large))}`, { content: large, mode: 0o444 });
        if (openObjectStoreSync("/s", { runtime }).keep(sha256(large))) acknowledge(sha256(large));
      },
      check: (machine, acknowledged) => {
        const store = openObjectStoreSync("/s", { runtime: machine });
        // check-tests: allow -- a crash may come before the first acknowledgement
        for (const digest of acknowledged as string[]) assertEquals(store.get(digest).length, large.length);
      },
    });
    report("keep", result, true);
  });

  it("while many are put together", () => {
    const result = explore({
      run: (runtime, acknowledge) => {
        openObjectStoreSync("/s", { runtime }).putMany([small, other, large, small]).forEach(acknowledge);
      },
      check: checkObjects,
    });
    report("putMany", result);
  });

  it("while a damaged object is replaced", () => {
    const digest = sha256(large);
    const result = explore({
      setup: (machine) => {
        openObjectStoreSync("/s", { runtime: machine }).put(large);
        machine.put(`/s/${placeOf(digest)}`, { content: `${large.slice(1)}X`, mode: 0o444 });
      },
      run: (runtime, acknowledge) => acknowledge(openObjectStoreSync("/s", { runtime }).put(large)),
      check: (machine, acknowledged) => {
        const { corrupt } = openObjectStoreSync("/s", { runtime: machine }).verify();
        assertEquals(corrupt, acknowledged.length > 0 ? [] : corrupt);
        assert(openObjectStoreSync("/s", { runtime: machine }).has(digest));
      },
    });
    report("repair", result);
  });

  it("while references and HEAD move, nest and go", () => {
    const [one, two] = [sha256("one"), sha256("two")];
    const result = explore({
      setup: (machine) => openReferencesSync("/r", { runtime: machine }).update("heads/main", one),
      run: (runtime, acknowledge) => {
        const references = openReferencesSync("/r", { runtime });
        references.update("heads/main", two, { expected: one });
        acknowledge("moved");
        references.update("heads/topic/deep", one, { expected: null });
        acknowledge("nested");
        references.setHead("heads/topic/deep");
        acknowledge("head");
        references.remove("heads/topic/deep");
        acknowledge("removed");
        references.update("heads/topic", two);
        acknowledge("instead");
      },
      recover: (runtime) => openReferencesSync("/r", { runtime }).update("heads/main", two),
      check: (machine, acknowledged) => {
        const references = openReferencesSync("/r", { runtime: machine });
        const has = (fact: string) => acknowledged.includes(fact);
        assertEquals(references.read("heads/main"), two);
        const deep = references.read("heads/topic/deep");
        if (has("nested") && !has("head")) assertEquals(deep, one);
        assert(has("removed") ? deep === undefined : deep === undefined || deep === one);
        const head = references.readHead();
        assertEquals(head?.name, has("head") ? "heads/topic/deep" : head?.name);
        const topic = references.read("heads/topic");
        assert(has("instead") ? topic === two : topic === undefined || topic === two);
        assertEquals([...references.list()].every(({ digest }) => digest === one || digest === two), true);
      },
    });
    report("references", result);
  });

  it("a reference alone moves from old to new, in every state there is", () => {
    const [one, two] = [sha256("one"), sha256("two")];
    const result = explore({
      setup: (machine) => openReferencesSync("/r", { runtime: machine }).update("a/b", one),
      run: (runtime, acknowledge) => {
        openReferencesSync("/r", { runtime }).update("a/b", two, { expected: one });
        acknowledge(two);
      },
      check: (machine, acknowledged) => {
        const found = openReferencesSync("/r", { runtime: machine }).read("a/b");
        assert(found === two || (found === one && acknowledged.length === 0), `found ${found}`);
      },
    });
    report("update of a reference", result, true);
  });

  it("while garbage is collected beside a put of the same object and of others", async () => {
    let states = 0;
    const seeds = mostlyOnDeno({ quick: 2, normal: 8, long: 60 });
    for (let seed = 1; seed <= seeds; seed++) {
      const result = await exploreCrashes({
        machine: { delay: "every", seed },
        seed,
        volatile: isLock,
        modes: ["strict", "kill"],
        limit: mostlyOnDeno({ quick: 100, normal: 400, long: 2_000 }),
        setup: async (machine) => {
          const store = await openObjectStore("/s", { runtime: machine });
          await store.putMany([small, "garbage", "kept"]);
        },
        run: async (runtime, acknowledge) => {
          const rival = runtime.fork();
          const putting = await openObjectStore("/s", { runtime });
          const collecting = await openObjectStore("/s", { runtime: rival });
          const put = async (text: string) => acknowledge(await putting.put(text));
          await Promise.all([
            // Grace 0, so that nothing but the protocol protects what is put.
            collecting.collectGarbage({ reachable: [sha256("kept")], grace: 0 }),
            put(small).then(() => put("new")),
          ]);
        },
        check: (machine, acknowledged) => {
          const again = acknowledged.filter((digest) => digest !== sha256(small));
          checkObjects(machine, [...again, sha256("kept")]);
        },
      });
      assertEquals(result.violations.map(({ error, trace }) => `${error}\n${trace.join("\n")}`), []);
      states += result.states;
    }
    console.log(`  collection beside a put: ${states} states over ${seeds} interleavings`);
  });

  it("would be noticed: without syncs, objects are lost and torn", () => {
    for (const durability of ["none", "file"] as const) {
      const result = explore({
        run: (runtime, acknowledge) => acknowledge(openObjectStoreSync("/s", { runtime, durability }).put(large)),
        check: checkObjects,
      });
      assert(result.violations.length > 0, durability);
    }
  });
});

describe("a process that puts or keeps an object while it is collected", () => {
  it("has it afterwards, in every interleaving, whatever its age was", async () => {
    const seeds = mostlyOnDeno({ quick: 30, normal: 200, long: 3_000 });
    for (let seed = 1; seed <= seeds; seed++) {
      const machine = memoryRuntime({ delay: "every", seed });
      await (await openObjectStore("/s", { runtime: machine })).putMany([small, "old"]);
      const collector = await openObjectStore("/s", { runtime: machine.fork() });
      const stores = await Promise.all([1, 2].map(() => openObjectStore("/s", { runtime: machine.fork() })));
      machine.clock.advance(10_000);
      const puts = Promise.all(stores.map((store, index) => index === 0 ? store.put(small) : store.put([small])));
      const kept = stores[0]?.keep(sha256("old"));
      const collected = collector.collectGarbage({ reachable: [], grace: 5_000 });
      await Promise.all([puts, collected]);
      assertEquals(await stores[0]?.has(sha256("old")), await kept, `seed ${seed}: kept is kept, gone is gone`);
      assert(await stores[0]?.has(sha256(small)), `seed ${seed}: an object is gone that has been put`);
      assertEquals([temporaries(machine), machine.openHandles], [[], []]);
    }
  });
});

/** What must hold whatever failed: whole objects, true words about the target, nothing left over or open. */
function checkFault(
  { machine, faulty, fault, result }: {
    machine: MemoryRuntime;
    faulty: { openHandles: string[] };
    fault: unknown;
    result: object;
  },
  path: string,
  isNew: () => boolean,
): void {
  assertEquals(faulty.openHandles, []);
  if (!("error" in result)) return assert(isNew(), "acknowledged, but not there");
  const { error } = result;
  assert(fault !== undefined, String(error));
  assert(FileError.is(error), `not of ours: ${error}`);
  if (error.path === path) {
    if (error.targetState === "replaced") assert(isNew(), `${error.message}: it is not`);
    if (error.targetState === "unchanged") assert(!isNew(), `${error.message}: it is not`);
  }
  const left = temporaries(machine).filter((name) => !error.leftBehind.includes(name));
  if (error.targetState !== "replaced") assertEquals(left, [], "left over and not named");
}

describe("every call failed once", () => {
  const digest = sha256(large);
  const object = `/s/${placeOf(digest)}`;
  const contents = { bytes: () => large, pieces: () => [large.slice(0, 700), large.slice(700)] } as const;

  for (const [kind, content] of Object.entries(contents)) {
    it(`of a put of ${kind}`, async () => {
      const isWhole = (machine: MemoryRuntime) => machine.readText(object) === large;
      const sweep = {
        make: () => memoryRuntime({ files: { "/s": { kind: "directory" as const } } }),
        check: (outcome: Parameters<typeof checkFault>[0]) => {
          const text = outcome.machine.readText(object);
          assert(text === undefined || text === large, "an object that is not whole");
          checkFault(outcome, object, () => isWhole(outcome.machine));
        },
      };
      const put = sweepFaultsSync({
        ...sweep,
        operation: (runtime: Runtime) => openObjectStoreSync("/s", { runtime }).put(content()),
      });
      const asynchronous = await sweepFaults({
        ...sweep,
        operation: async (runtime: Runtime) => (await openObjectStore("/s", { runtime })).put(content()),
      });
      assertEquals(asynchronous, put);
      console.log(`  put of ${kind}: ${put.calls} calls, ${put.runs} faults`);
    });
  }

  it("of a put of what is there", () => {
    const { calls, runs } = sweepFaultsSync({
      make: () => {
        const machine = memoryRuntime();
        openObjectStoreSync("/s", { runtime: machine }).put(large);
        return machine;
      },
      operation: (runtime) => openObjectStoreSync("/s", { runtime }).put(large),
      check: ({ machine, faulty, result }) => {
        assertEquals(machine.readText(object), large);
        assertEquals(faulty.openHandles, []);
        if ("error" in result) assert(FileError.is(result.error));
      },
    });
    console.log(`  put of what is there: ${calls} calls, ${runs} faults`);
  });

  it("of an update, a removal and HEAD", () => {
    const [one, two] = [sha256("one"), sha256("two")];
    const make = () => {
      const machine = memoryRuntime();
      openReferencesSync("/r", { runtime: machine }).update("a/b", one);
      return machine;
    };
    const update = sweepFaultsSync({
      make,
      operation: (runtime) => openReferencesSync("/r", { runtime }).update("a/b", two, { expected: one }),
      check: (outcome) => {
        const text = outcome.machine.readText("/r/a/b");
        assert(text === `${one}\n` || text === `${two}\n`, `found ${text}`);
        checkFault(outcome, "/r/a/b", () => text === `${two}\n`);
      },
    });
    const nested = sweepFaultsSync({
      make,
      operation: (runtime) => openReferencesSync("/r", { runtime }).update("x/y/z", two),
      check: (outcome) => checkFault(outcome, "/r/x/y/z", () => outcome.machine.readText("/r/x/y/z") === `${two}\n`),
    });
    const removal = sweepFaultsSync({
      make,
      operation: (runtime) => openReferencesSync("/r", { runtime }).remove("a/b"),
      check: (outcome) => checkFault(outcome, "/r/a/b", () => outcome.machine.readText("/r/a/b") === undefined),
    });
    const head = sweepFaultsSync({
      make,
      operation: (runtime) => openReferencesSync("/r", { runtime }).setHead("a/b"),
      check: (outcome) => checkFault(outcome, "/r/HEAD", () => outcome.machine.readText("/r/HEAD") !== undefined),
    });
    console.log(`  references: ${update.runs + nested.runs + removal.runs + head.runs} faults`);
  });

  it("of a collection: nothing that is reachable goes, and every error is ours", () => {
    const { runs } = sweepFaultsSync({
      make: () => {
        const machine = memoryRuntime();
        openObjectStoreSync("/s", { runtime: machine }).putMany([large, small, other]);
        return machine;
      },
      operation: (runtime) => openObjectStoreSync("/s", { runtime }).collectGarbage({ reachable: [digest], grace: 0 }),
      check: ({ machine, faulty, result }) => {
        assertEquals(machine.readText(object), large);
        assertEquals(faulty.openHandles, []);
        if ("error" in result) assert(FileError.is(result.error), String(result.error));
        else assertEquals([...openObjectStoreSync("/s", { runtime: machine }).list()], [digest]);
      },
    });
    console.log(`  collection: ${runs} faults`);
  });
});
