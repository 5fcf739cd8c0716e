/**
 * Every call of a transaction fails once: whatever the error says of the files is true, nothing stays open, and a
 * recovery by somebody else finds all old or all new.
 */
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { FileError, type RollbackFailedError } from "../../src/core/errors.ts";
import {
  crashStates,
  type FaultOutcome,
  faultRuntime,
  type MemoryRuntime,
  memoryRuntime,
  type SeamCall,
  sweepFaultsSync,
} from "../../src/testing/mod.ts";
import { applyFilesSync, recoverTransactionsSync } from "../../src/transaction/mod.ts";
import { byEffort, inTurn } from "../support/effort.ts";
import { lostEffects, sweepLost } from "../support/lost_answers.ts";
import {
  afterRenameTo,
  applyAndDie,
  filesOf,
  isLock,
  leftovers,
  planOf,
  recoverAll,
  type Scenario,
  scenario,
  shown,
  thorough,
  withRemoval,
} from "./support.ts";
import { notEmpty } from "../support/tally.ts";

/** Every error that fits a call on one runtime; on the others, which run the same code, one. */
const errors = thorough ? {} : { errors: ["EIO"] };

type Thrown = Partial<FileError & Omit<RollbackFailedError, "name">>;

function machineOf(files: Scenario): MemoryRuntime {
  const mounts = files.directories.length > 1 ? { "/e": {} } : {};
  return memoryRuntime({ files: filesOf(files), mounts });
}

/** What must hold whatever failed. */
function checkOutcome(files: Scenario, { machine, faulty, fault, result }: FaultOutcome<MemoryRuntime>): void {
  assertEquals(faulty.openHandles, []);
  const state = shown(machine, files);
  const names = leftovers(machine);
  if ("value" in result) {
    assertEquals(state, "new");
    // What could not be removed when all was done is left to the next one, and harms nobody.
    if (fault === undefined) assertEquals(names, []);
  } else {
    const error = result.error as Thrown;
    assert(FileError.is(error), `${error}`);
    if (error.targetState === "unchanged") assertEquals(state, "old", `${error}`);
    if (error.targetState === "replaced") assertEquals(state, "new", `${error}`);
    if (state === "mix") assertEquals(error.targetState, "unknown", `${error}`);
    // A journal that is left stands for all that it needs.
    const left = error.leftBehind ?? [];
    const named = left.some((name) => name.includes(".journal"));
    // check-tests: allow -- nothing may be left
    for (const name of names) assert(named || left.includes(name), `${name} is left and not named: ${error}`);
  }
  // Where names or contents cannot be synced, all or nothing holds for kills only; the result says so.
  const unsupported = fault?.error === "EINVAL" || faulty.struck?.method === "openDirectory";
  if (!unsupported) checkPowerCut(files, machine, result);
  // The process ends, and another one puts things right.
  machine.kill();
  const next = machine.fork();
  recoverAll(next, files);
  const after = shown(next, files);
  assert(after !== "mix", `recovery of ${state} left a mix`);
  if ("value" in result) assertEquals(after, "new");
  else if ((result.error as Thrown).targetState !== "unknown") assertEquals(after, state);
  assertEquals(leftovers(next), []);
  assertEquals(next.openHandles, []);
}

/** Of power cuts, so far: each one is another. */
let draws = 0;

/** The power fails after the fault: a sync that has failed leaves what it was to write in doubt for ever. */
function checkPowerCut(files: Scenario, machine: MemoryRuntime, result: FaultOutcome<MemoryRuntime>["result"]): void {
  const states = crashStates(machine, { volatile: isLock });
  for (let sample = 0; sample < byEffort({ quick: 1, normal: 1, long: 20 }); sample++) {
    const state = states.sample(++draws, [0, 1, 0.5, 0.2, 0.8][draws % 5]);
    const next = state.start();
    recoverAll(next, files);
    const after = shown(next, files);
    const expected = "value" in result
      ? ["new"]
      : (result.error as Thrown).targetState === "unchanged"
      ? ["old"]
      : ["old", "new"];
    assert(expected.includes(after), `${after} after a power cut, not ${expected}\n${state.picture}`);
    assertEquals(leftovers(next).filter((name) => !name.endsWith(".tmp")), []);
  }
}

type Place = readonly [name: string, directories: readonly string[]];

/** Its calls are those of one directory, and more. */
const both: Place = ["two file systems", ["/d", "/e"]];
const single: Place = ["one directory", ["/d"]];
/** On the runtimes that run the same code as the first one, less. */
const places: readonly Place[] = thorough ? inTurn([single, both], 2) : [both];
const recovered: readonly Place[] = byEffort({ quick: [both], normal: [both], long: [single, both] });

const timesAt = (place: string): readonly ("once" | "always")[] =>
  byEffort({ quick: false, normal: place === both[0] && thorough, long: true }) ? ["once", "always"] : ["once"];

describe("a rename or removal is reported to have failed, and was done", () => {
  for (const effect of lostEffects) {
    it(effect === "done" ? "as is seen" : "as a cache hides", () => {
      const replaced = scenario(3, ["/d"]);
      const cases = [replaced, withRemoval(replaced, 1)].flatMap((
        files,
      ) => [{ files, fails: false }, { files, fails: true }]);
      for (const { files, fails } of notEmpty(cases)) {
        let activations = 0;
        const lost = sweepLost({
          make: () => (activations = 0, machineOf(files)),
          operation: (runtime) => {
            const activate = () => {
              if (fails && ++activations === 1) throw new Error("not today");
            };
            return applyFilesSync(planOf(files, { activate }), { runtime });
          },
          check: (outcome) => {
            checkOutcome(files, outcome);
            const { result, faulty: { struck } } = outcome;
            // A second name that is said not to have been made ends it before anything is decided.
            if (struck?.method === "link") return;
            // Nothing has failed, so nothing is in doubt.
            const state = "value" in result ? "new" : (result.error as Thrown).targetState;
            assertEquals(state, fails ? "unchanged" : "new");
          },
        }, effect);
        assert(lost > 5, `${lost}`);
      }
    });
  }
});

describe("every call fails once", () => {
  for (const [name, directories] of notEmpty(places)) {
    it(`of applying, ${name}`, () => {
      const files = scenario(3, directories);
      const report = sweepFaultsSync({
        make: () => machineOf(files),
        times: timesAt(name),
        ...errors,
        operation: (runtime) => applyFilesSync(planOf(files, { activate: () => {} }), { runtime }),
        check: (outcome) => checkOutcome(files, outcome),
      });
      console.log(`applying, ${name}: ${report.calls} calls, ${report.runs} faults`);
    });

    it(`of removing one file with others, and of taking that back, ${name}`, () => {
      const files = withRemoval(scenario(3, directories), 1);
      for (const fails of [false, true]) {
        let activations = 0;
        const report = sweepFaultsSync({
          make: () => (activations = 0, machineOf(files)),
          ...errors,
          operation: (runtime) => {
            const activate = () => {
              if (fails && ++activations === 1) throw new Error("not today");
            };
            return applyFilesSync(planOf(files, { activate }), { runtime });
          },
          check: (outcome) => checkOutcome(files, outcome),
        });
        console.log(`removing, ${name}: ${report.calls} calls, ${report.runs} faults`);
      }
    });

    it(`of rolling back, ${name}`, () => {
      const files = scenario(3, directories);
      let activations = 0;
      const report = sweepFaultsSync({
        make: () => (activations = 0, machineOf(files)),
        times: timesAt(name),
        ...errors,
        operation: (runtime) => {
          const activate = () => {
            if (++activations === 1) throw new Error("not today");
          };
          return applyFilesSync(planOf(files, { activate }), { runtime });
        },
        check: (outcome) => {
          if (outcome.fault === undefined) assertEquals(activations, 2);
          assert("error" in outcome.result, "activation fails, so must this");
          checkOutcome(files, outcome);
        },
      });
      console.log(`rolling back, ${name}: ${report.calls} calls, ${report.runs} faults`);
    });
  }

  /** Where a transaction was killed, and what its recovery makes of it. */
  const deaths: Record<string, { when: () => (call: SeamCall) => boolean; fails?: boolean; after: "old" | "new" }> = {
    "nothing was decided": {
      when: () => (call) => call.method === "stat" && call.path.includes(".2.stage"),
      after: "old",
    },
    "all was about to be decided": {
      when: () => (call) => call.method === "rename" && String(call.operands[0]).endsWith(".journal"),
      after: "old",
    },
    "it was just decided": { when: () => afterRenameTo(".journal"), after: "new" },
    "the second file was renamed": { when: () => afterRenameTo("/f1"), after: "new" },
    "it began to roll back": { when: () => afterRenameTo(".rolling-back"), fails: true, after: "old" },
    "the first file was restored": { when: () => afterRenameTo("/f0", 2), fails: true, after: "old" },
    "only names were left": {
      when: () => (call) => call.method === "remove" && /journal/.test(call.path),
      after: "new",
    },
  };

  for (const [name, directories] of notEmpty(recovered)) {
    it(`of recovering, ${name}`, () => {
      const files = scenario(3, directories);
      for (const [death, { when, fails = false, after }] of Object.entries(deaths)) {
        const report = sweepFaultsSync({
          make: () => {
            const machine = machineOf(files);
            let activations = 0;
            const activate = () => {
              if (fails && ++activations === 1) throw new Error("not today");
            };
            applyAndDie(machine, files, when(), { activate });
            return machine.fork();
          },
          times: byEffort({ quick: ["once"], normal: ["once"], long: ["once", "always"] }),
          ...errors,
          operation: (runtime) =>
            directories.flatMap((directory) => recoverTransactionsSync(directory, { runtime }).kept),
          check: ({ machine, faulty, result }) => {
            assertEquals(faulty.openHandles, []);
            // Where locks cannot be asked, nothing is proven, and that is said.
            if ("value" in result && (result.value as unknown[]).length > 0) return;
            if ("value" in result) assertEquals(shown(machine, files), after);
            else assert(FileError.is(result.error), `${result.error}`);
            machine.kill();
            const next = machine.fork();
            recoverAll(next, files);
            assertEquals(shown(next, files), after);
            assertEquals(leftovers(next), []);
          },
        });
        console.log(`recovering, ${name}, ${death}: ${report.calls} calls, ${report.runs} faults`);
      }
    });
  }
});

describe("a journal whose removal is refused because the file system has failed", () => {
  const files = scenario(3);
  const refused = (code: string) => {
    const machine = machineOf(files);
    const at = ({ method, path }: SeamCall) => method === "remove" && path.endsWith(".journal");
    return { machine, ...faultRuntime(machine, { at, error: code, times: "always" }) };
  };

  it("is a witness: what was synced is not proven, and that is reported", () => {
    for (const code of ["EROFS", "EIO"]) {
      const { machine, runtime } = refused(code);
      let thrown: Thrown | undefined;
      try {
        applyFilesSync(planOf(files), { runtime });
      } catch (error) {
        thrown = error as Thrown;
      }
      assertEquals([thrown?.code, thrown?.targetState, thrown?.leftBehind?.length], [code, "replaced", 1]);
      assertEquals(shown(machine, files), "new");
    }
  });

  it("is none where the removal alone is not permitted", () => {
    const { machine, runtime } = refused("EACCES");
    const { durability, leftBehind } = applyFilesSync(planOf(files), { runtime });
    assertEquals([durability, leftBehind?.length, shown(machine, files)], ["full", 1, "new"]);
  });

  it("after rolling back leaves it unknown what a power cut would show", () => {
    const machine = machineOf(files);
    const at = ({ method, path }: SeamCall) => method === "remove" && path.endsWith(".rolling-back");
    const { runtime } = faultRuntime(machine, { at, error: "EROFS", times: "always" });
    let activations = 0;
    const activate = () => {
      if (++activations === 1) throw new Error("not today");
    };
    let thrown: Thrown | undefined;
    try {
      applyFilesSync(planOf(files, { activate }), { runtime });
    } catch (error) {
      thrown = error as Thrown;
    }
    assertEquals([thrown?.code, thrown?.targetState, shown(machine, files)], ["EACTIVATE", "unknown", "old"]);
  });
});
