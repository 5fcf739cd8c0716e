/**
 * Crashes of transactions: what is run, how it is recovered, and what must be there then. A "server" loads the first file
 * when it is told to; in the end it must run what is there.
 */
import { assert, assertEquals } from "@std/assert";
import { ActivationError } from "../../src/core/errors.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import type { CrashOptions, CrashReport, MemoryRuntime } from "../../src/testing/mod.ts";
import { applyFiles, applyFilesSync, recoverTransactionsSync } from "../../src/transaction/mod.ts";
import { writeFileSync } from "../../src/file/write_file.ts";
import { filesOf, fraction, isLock, leftovers, planOf, type Scenario, seed, shown } from "./support.ts";
import { assertFigures } from "../support/explored_figures.ts";
import { notEmpty } from "../support/tally.ts";

const server = "/server/loaded";

/** Tells the server to load the first file. */
export function load(runtime: Runtime, machine: MemoryRuntime, { paths }: Scenario): void {
  writeFileSync(server, machine.readText(paths[0] ?? "") ?? "", { runtime });
}

function describeReport(what: string, report: CrashReport): void {
  const { operations, states, recoveryStates, exhaustive, violations } = report;
  const extent = exhaustive ? "exhaustive" : "a sample";
  console.log(
    `# EXPLORED transactions: ${what}: ${operations} calls, ${states} states, ` +
      `${recoveryStates} of them after cutting off a recovery, ${extent}`,
  );
  for (const { error, state, trace } of violations.slice(0, 1)) {
    console.log(`${error}\n${state}\n${trace.slice(-40).join("\n")}`);
  }
}

/** Holds for every state; keeps how many there were, for docs/proof.md. */
export function passes(what: string, report: CrashReport, exhaustive: boolean): void {
  describeReport(what, report);
  assertEquals(report.violations.length, 0);
  if (exhaustive && fraction === 1) assert(report.exhaustive);
  const { operations: calls, states, recoveryStates: afterSecondCut } = report;
  const samples = report.exhaustive ? 0 : 1;
  const figures = { explorations: 1, calls, states, afterSecondCut, samples };
  assertFigures(`transactions_${what.replaceAll(/\W+/g, "_")}`, `transactions: ${what}`, figures);
}

/** All but what is run. */
export function explored(files: Scenario, more: Partial<CrashOptions> = {}): Omit<CrashOptions, "run"> {
  return {
    machine: {
      files: { ...filesOf(files), [server]: files.old[files.paths[0] ?? ""] ?? "" },
      mounts: files.directories.length > 1 ? { [files.directories[1] ?? ""]: {} } : {},
    },
    modes: ["strict", "kill"],
    volatile: isLock,
    stopAfter: 1,
    fraction,
    seed,
    recover: (runtime) => {
      // Not from the journal's directory first: from there, the way to all others is known.
      for (const directory of notEmpty([...files.directories].reverse())) {
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
export function applying(
  files: Scenario,
  fails: boolean,
  durability: "full" | "file" | "none" = "full",
): CrashOptions["run"] {
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
export function applyingTogether(files: Scenario): CrashOptions["run"] {
  return async (runtime, acknowledge) => {
    await applyFiles(planOf(files, { activate: () => load(runtime, runtime, files) }), { runtime });
    acknowledge("new");
  };
}
