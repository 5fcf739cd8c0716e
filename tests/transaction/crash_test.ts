/**
 * The power is cut, or the process killed, at every instant of a transaction, of its rolling back and of its recovery:
 * every disk that may be found then becomes all old or all new, what was promised holds, and what runs (a "server" that
 * loads the files when it is told to) comes to run what is there.
 */
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { ActivationError } from "../../src/core/errors.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import {
  type CrashOptions,
  type CrashReport,
  exploreCrashes,
  exploreCrashesSync,
  faultRuntime,
  type MemoryRuntime,
} from "../../src/testing/mod.ts";
import { applyFiles, applyFilesSync, recoverTransactions, recoverTransactionsSync } from "../../src/transaction/mod.ts";
import { writeFileSync } from "../../src/write_file.ts";
import { mostlyOnDeno } from "../support/effort.ts";
import { filesOf, isLock, leftovers, planOf, type Scenario, scenario, shown } from "./support.ts";

const server = "/server/loaded";

/** Tells the server to load the first file. */
function load(runtime: Runtime, machine: MemoryRuntime, { paths }: Scenario): void {
  writeFileSync(server, machine.readText(paths[0] ?? "") ?? "", { runtime });
}

function describeReport(what: string, report: CrashReport): void {
  const { operations, states, recoveryStates, exhaustive, violations } = report;
  const extent = exhaustive ? "all" : "a sample";
  console.log(`${what}: ${operations} calls, ${states} states (${recoveryStates} of a cut recovery), ${extent}`);
  for (const { error, state, trace } of violations.slice(0, 1)) {
    console.log(`${error}\n${state}\n${trace.slice(-40).join("\n")}`);
  }
}

function passes(what: string, report: CrashReport, exhaustive: boolean): void {
  describeReport(what, report);
  assertEquals(report.violations.length, 0);
  if (exhaustive) assert(report.exhaustive);
}

/** All but what is run. */
function explored(files: Scenario, more: Partial<CrashOptions> = {}): Omit<CrashOptions, "run"> {
  return {
    machine: {
      files: { ...filesOf(files), [server]: files.old[files.paths[0] ?? ""] ?? "" },
      mounts: files.directories.length > 1 ? { [files.directories[1] ?? ""]: {} } : {},
    },
    modes: ["strict", "kill"],
    volatile: isLock,
    stopAfter: 1,
    recover: (runtime) => {
      // Not from the journal's directory first: from there, the way to all others is known.
      for (const directory of [...files.directories].reverse()) {
        const activate = () => load(runtime, runtime, files);
        const report = recoverTransactionsSync(directory, { runtime, activate });
        assertEquals([report.conflicts, report.kept, report.needsActivation], [[], [], []]);
      }
    },
    check: (runtime, facts) => {
      const state = shown(runtime, files);
      assert(state !== "mix", files.paths.map((path) => runtime.readText(path)).join(", "));
      if (facts.includes("new")) assertEquals(state, "new");
      if (facts.includes("old")) assertEquals(state, "old");
      assertEquals(runtime.readText(server), files[state][files.paths[0] ?? ""], "the server runs something else");
      const names = leftovers(runtime).filter((name) => !name.endsWith(".tmp") && !name.startsWith("/server"));
      assertEquals(names, []);
      assertEquals(runtime.openHandles, []);
    },
    ...more,
  };
}

/** Applies; the first activation fails when asked for. Promises what the result or the error says. */
function applying(files: Scenario, fails: boolean, durability: "full" | "file" | "none" = "full"): CrashOptions["run"] {
  return (runtime, acknowledge) => {
    let activations = 0;
    const activate = () => {
      load(runtime, runtime, files);
      if (fails && ++activations === 1) throw new Error("not today");
    };
    try {
      applyFilesSync(planOf(files, { activate }), { runtime, durability });
      acknowledge("new");
    } catch (error) {
      if (!ActivationError.is(error)) throw error;
      assertEquals(error.targetState, "unchanged");
      acknowledge("old");
    }
  };
}

/** The same in parallel, as far as the machine lets calls overtake each other. */
function applyingTogether(files: Scenario): CrashOptions["run"] {
  return async (runtime, acknowledge) => {
    await applyFiles(planOf(files, { activate: () => load(runtime, runtime, files) }), { runtime });
    acknowledge("new");
  };
}

const one = scenario(3);
const two = scenario(3, ["/d", "/e"]);

describe("a crash at every instant", () => {
  it("of applying 3 files", () => {
    passes("applying 3 files", exploreCrashesSync({ ...explored(one), run: applying(one, false) }), true);
  });

  it("of applying 3 files on two file systems", () => {
    passes("applying on two file systems", exploreCrashesSync({ ...explored(two), run: applying(two, false) }), true);
  });

  it("of rolling 3 files back", () => {
    passes("rolling 3 files back", exploreCrashesSync({ ...explored(one), run: applying(one, true) }), true);
  });

  it("of rolling back on two file systems", () => {
    passes(
      "rolling back on two file systems",
      exploreCrashesSync({ ...explored(two), run: applying(two, true) }),
      true,
    );
  });

  it("of applying 3 files in parallel", async () => {
    for (let seed = 1; seed <= mostlyOnDeno({ quick: 1, normal: 2, long: 10 }); seed++) {
      const { machine, ...rest } = explored(one);
      const report = await exploreCrashes({
        ...rest,
        machine: { ...machine, delay: "every", seed },
        recover: async (runtime) => {
          for (const directory of one.directories) {
            await recoverTransactions(directory, { runtime, activate: () => load(runtime, runtime, one) });
          }
        },
        run: applyingTogether(one),
      });
      passes(`applying 3 files in parallel, seed ${seed}`, report, true);
    }
  });

  it("of applying 5 files with backups, where the activation fails", () => {
    const files = scenario(5, ["/d", "/e"]);
    const report = exploreCrashesSync({
      ...explored(files),
      setup: (runtime) => {
        // Versions before, and so backups to keep and to prune.
        for (const round of ["a", "b", "c"]) {
          applyFilesSync({ files: files.paths.slice(0, 4).map((path) => ({ path, data: round })) }, { runtime });
        }
        const back = files.paths.slice(0, 4).map((path) => ({ path, data: files.old[path] ?? "" }));
        applyFilesSync({ files: back }, { runtime });
      },
      limit: mostlyOnDeno({ quick: 300, normal: 2_000, long: 100_000 }),
      run: applying(files, true),
    });
    passes("applying 5 files with backups, rolled back", report, false);
  });

  it("and the next transaction repairs it by itself", () => {
    for (const [what, files] of [["", one], [" on two file systems", two]] as const) {
      const again = explored(files);
      const report = exploreCrashesSync({
        ...again,
        limit: mostlyOnDeno({ quick: 200, normal: 1_000, long: 100_000 }),
        run: applying(files, false),
        recover: (runtime) => {
          const activate = () => load(runtime, runtime, files);
          const { recovered } = applyFilesSync(planOf(files, { activate }), { runtime });
          assertEquals([recovered.conflicts, recovered.kept], [[], []]);
        },
        check: (runtime, facts) => {
          assertEquals(shown(runtime, files), "new");
          return again.check(runtime, facts);
        },
      });
      passes(`applying again${what}`, report, false);
    }
  });
});

describe("negative controls: a crash shows", () => {
  for (const durability of ["file", "none"] as const) {
    it(`durability ${durability}`, () => {
      const report = exploreCrashesSync({ ...explored(one), run: applying(one, false, durability) });
      assert(report.violations.length > 0);
    });
  }

  it("every sync that is left out, but for the last", () => {
    // Calls of the plain run, without the server.
    const files = one;
    let syncs = 0;
    const count: CrashOptions["run"] = (runtime) => {
      const watched = faultRuntime(runtime, {
        at: (call) => {
          if (call.method === "sync") syncs++;
          return false;
        },
        error: "EIO",
      });
      applyFilesSync(planOf(files), { runtime: watched.runtime });
    };
    exploreCrashesSync({ ...explored(files), limit: 1, recover: () => {}, check: () => {}, run: count });
    const missed: number[] = [];
    for (let left = 0; left < syncs; left++) {
      const run: CrashOptions["run"] = (runtime, acknowledge) => {
        let seen = 0;
        // "Not supported here": nothing is written, and the transaction goes on.
        const lame = faultRuntime(runtime, {
          at: (call) => call.method === "sync" && seen++ === left,
          error: "EINVAL",
        });
        applyFilesSync(planOf(files), { runtime: lame.runtime });
        acknowledge("new");
      };
      const check: CrashOptions["check"] = (runtime, facts) => {
        const state = shown(runtime, files);
        assert(state !== "mix" && (state === "new" || !facts.includes("new")));
      };
      const recover: CrashOptions["recover"] = (runtime) => {
        const { conflicts, kept } = recoverTransactionsSync("/d", { runtime });
        assertEquals([conflicts, kept], [[], []]);
      };
      const report = exploreCrashesSync({ ...explored(files), modes: ["strict"], run, check, recover });
      if (report.violations.length === 0) missed.push(left);
    }
    console.log(`of ${syncs} syncs, leaving these out is harmless: ${missed.join(", ")}`);
    // The old files were durable before; the last sync only keeps the journal from being found, and finished, again.
    assertEquals(missed, [3, 4, syncs - 1]);
  });
});
