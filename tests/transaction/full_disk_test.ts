/**
 * After its commit point a transaction needs no room on the disk: a disk that is full from then on, where a directory
 * takes no name that is not there yet, does not keep it from being rolled back; nor from being ended. The real xfs and
 * ext4 are in tests/real/full_transaction_test.ts.
 */
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { FileError } from "../../src/core/errors.ts";
import { exploreCrashesSync, type Fault, faultRuntime, memoryRuntime, type SeamCall } from "../../src/testing/mod.ts";
import { applyFilesSync } from "../../src/transaction/mod.ts";
import { mostlyOnDeno } from "../support/effort.ts";
import { explored, load } from "./explored.ts";
import { caught, filesOf, leftovers, planOf, type Scenario, scenario, shown } from "./support.ts";

/** All files are there before: making a new one needs room, and is refused before the commit point. */
function existing(directories: readonly string[]): Scenario {
  const { paths, old, new: after, ...rest } = scenario(4, directories);
  const known = paths.slice(0, 3);
  const of = (contents: Scenario["old"]) => Object.fromEntries(known.map((path) => [path, contents[path]]));
  return { ...rest, paths: known, old: of(old), new: of(after) };
}

/** A machine whose disk is full from `fill()` on. */
function machineOf(files: Scenario) {
  const machine = memoryRuntime({ files: filesOf(files) });
  let full = false;
  const needsRoom = ({ method, operands }: SeamCall): boolean => {
    if (["create", "link", "makeDirectory", "symbolicLink", "write"].includes(method)) return true;
    return method === "rename" && machine.statusOf(String(operands[0])) === undefined;
  };
  const { runtime } = faultRuntime(machine, {
    at: (call) => full && needsRoom(call),
    error: "ENOSPC",
    times: "always",
  });
  return { machine, runtime, fill: () => void (full = true) };
}

const places = { "one directory": ["/d"], "two directories": ["/d", "/e"] };

describe("on a disk that is full after the commit point", () => {
  for (const [place, directories] of Object.entries(places)) {
    const files = existing(directories);

    it(`a failed activation is rolled back and ended, in ${place}`, async () => {
      const { machine, runtime, fill } = machineOf(files);
      let activations = 0;
      const activate = () => {
        fill();
        if (++activations === 1) throw new Error("not today");
      };
      const error = await caught(() => applyFilesSync(planOf(files, { activate }), { runtime })) as FileError;
      assertEquals([error.name, error.targetState, error.leftBehind], ["ActivationError", "unchanged", []]);
      assertEquals([shown(machine, files), activations, leftovers(machine)], ["old", 2, []]);
    });

    it(`so is one whose activation fails again: what is owed is on the disk, in ${place}`, async () => {
      const { machine, runtime, fill } = machineOf(files);
      const activate = () => {
        fill();
        throw new Error("not today");
      };
      const error = await caught(() => applyFilesSync(planOf(files, { activate }), { runtime })) as FileError;
      assertEquals([error.name, error.targetState], ["RollbackFailedError", "unchanged"]);
      const left = leftovers(machine).filter((name) => !name.endsWith(".marker"));
      assertEquals([shown(machine, files), left.length, left[0]?.endsWith(".settled")], ["old", 1, true], String(left));
    });

    it(`a transaction is ended, in ${place}`, () => {
      const { machine, runtime, fill } = machineOf(files);
      const result = applyFilesSync(planOf(files, { activate: fill }), { runtime });
      assertEquals([result.changed, result.leftBehind, shown(machine, files)], [true, undefined, "new"]);
      assertEquals(leftovers(machine), []);
    });
  }

  it("one that would need a new name is rolled back", async () => {
    const files = scenario(3);
    const { machine, runtime, fill } = machineOf(files);
    const onProgress = ({ step }: { step: string }) => step === "rename" ? fill() : undefined;
    const plan = planOf(files, { activate: () => {} });
    const error = await caught(() => applyFilesSync(plan, { runtime, onProgress })) as FileError;
    assertEquals([error.name, error.code, error.targetState], ["WriteError", "ENOSPC", "unchanged"]);
    assertEquals([shown(machine, files), leftovers(machine)], ["old", []]);
  });
});

describe("placeholders that a power cut, or a kill, has left alone", () => {
  it("are removed by the next recovery or transaction, and stand for nothing", () => {
    const files = scenario(2);
    const name = `/d/.transaction.${"a".repeat(26)}.f.journal`;
    for (const state of ["rolling-back", "settled", "activated"]) {
      const machine = memoryRuntime({ files: { ...filesOf(files), [`${name}.${state}`]: "" } });
      const result = applyFilesSync(planOf(files), { runtime: machine });
      assertEquals([result.changed, shown(machine, files), leftovers(machine)], [true, "new", []], state);
    }
  });
});

/** Applies with a fault, and says what the caller is told; every disk that may be left, or a sample. */
function applyFaulted(files: Scenario, fault: Fault, limit: number): number {
  const report = exploreCrashesSync({
    ...explored(files, { limit, modes: ["strict"], fraction: 1 }),
    run: (machine, acknowledge) => {
      const { runtime } = faultRuntime(machine, fault);
      const activate = () => load(machine, machine, files);
      try {
        applyFilesSync(planOf(files, { activate }), { runtime });
        acknowledge("new");
      } catch (thrown) {
        assert(FileError.is(thrown), String(thrown));
        if (thrown.targetState === "unchanged") acknowledge("old");
      }
    },
  });
  const first = report.violations[0];
  const what = `${JSON.stringify(fault)}: ${first?.error}\n${first?.trace.join("\n")}\n${first?.state}`;
  assertEquals(report.violations.length, 0, what);
  return report.states;
}

/** What is called for a plan that succeeds. */
function callsOf(files: Scenario): SeamCall[] {
  const calls: SeamCall[] = [];
  const watch: Fault = { at: (call) => calls.push(call) < 0, error: "EIO" };
  const { runtime } = faultRuntime(memoryRuntime({ files: filesOf(files) }), watch);
  applyFilesSync(planOf(files, { activate: () => {} }), { runtime });
  return calls;
}

describe("the sync of the commit record fails, for want of room or for good, and then the power goes", () => {
  const limit = mostlyOnDeno({ quick: 500, normal: 2_000, long: 50_000 });
  for (const [place, directories] of Object.entries(places)) {
    it(`in ${place}`, () => {
      const files = { ...existing(directories), paths: existing(directories).paths.slice(0, directories.length) };
      const calls = callsOf(files);
      const commit = calls.findIndex((call) => call.method === "rename" && /\.journal$/.test(String(call.operands[0])));
      const at = calls.findIndex(({ method }, index) => method === "sync" && index > commit);
      const states = ["ENOSPC", "EIO"].map((error) => applyFaulted(files, { at, error }, limit));
      console.log(`  call ${at} of ${calls.length}, ${states.join(" and ")} states`);
    });
  }
});

describe("one call fails, with or without room, and then the power goes", () => {
  const limit = mostlyOnDeno({ quick: 5, normal: 20, long: 1_000 });
  const methods = ["sync", "rename", "remove", "link"];

  for (const [place, directories] of Object.entries(places)) {
    it(`in ${place}`, () => {
      const files = scenario(2, directories);
      let states = 0;
      for (const [at, call] of callsOf(files).entries()) {
        if (!methods.includes(call.method) || call.path.endsWith(".lock")) continue;
        for (const error of call.method === "sync" || call.method === "rename" ? ["EIO", "ENOSPC"] : ["EIO"]) {
          states += applyFaulted(files, { at, error }, limit);
        }
      }
      console.log(`  ${states} states`);
    });
  }
});
