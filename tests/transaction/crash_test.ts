/**
 * The power is cut, or the process killed, at every instant of a transaction, of its rolling back and of its recovery:
 * every disk that may be found then becomes all old or all new, what was promised holds, and what runs (a "server" that
 * loads the files when it is told to) comes to run what is there.
 */
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import {
  type CrashOptions,
  exploreCrashes,
  exploreCrashesSync,
  faultRuntime,
  type MemoryRuntime,
} from "../../src/testing/mod.ts";
import { applyFilesSync, recoverTransactions, recoverTransactionsSync } from "../../src/transaction/mod.ts";
import { byEffort, inTurn } from "../support/effort.ts";
import { applying, applyingTogether, explored, load, passes } from "./explored.ts";
import { filesOf, planOf, scenario, shown, thorough, withRemoval } from "./support.ts";
import { notEmpty } from "../support/tally.ts";

const one = scenario(3);
/** How many states a part of an exploration has at least: which ones are drawn, the seed says. */
const enough = byEffort({ quick: 10, normal: 30, long: 100 });

describe("a crash at every instant", () => {
  it("of applying 3 files", () => {
    passes("applying 3 files", exploreCrashesSync({ ...explored(one), run: applying(one, false) }), true);
  });

  it("of rolling 3 files back", () => {
    passes("rolling 3 files back", exploreCrashesSync({ ...explored(one), run: applying(one, true) }), true);
  });

  for (const [what, fails] of [["replacing 2 files and removing 1", false], ["taking that back", true]] as const) {
    it(`of ${what}`, () => {
      const files = withRemoval(one, 1);
      const rest = explored(files, { limit: byEffort({ quick: 100, normal: 500, long: 100_000 }) });
      const report = exploreCrashesSync({ ...rest, run: applying(files, fails) });
      assertEquals([report.violations, report.states >= enough], [[], true], `${report.states} states`);
    });
  }

  it("of making a directory for one of 3 files: what is new is there with it, and with its mode", () => {
    const files = { ...one, paths: [...one.paths.slice(0, 2), "/d/sub/f2"] };
    files.new = { ...one.new, "/d/sub/f2": "new 2" };
    files.old = { ...one.old, "/d/sub/f2": undefined };
    const rest = explored(files, { limit: byEffort({ quick: 100, normal: 500, long: 100_000 }) });
    const report = exploreCrashesSync({
      ...rest,
      run: (runtime, acknowledge) => {
        const directories = [{ path: "/d/sub", mode: 0o751 }];
        applyFilesSync(planOf(files, { directories, activate: () => load(runtime, runtime, files) }), { runtime });
        acknowledge("new");
      },
      recover: (runtime) => {
        for (const directory of ["/d", ...runtime.statusOf("/d/sub") === undefined ? [] : ["/d/sub"]]) {
          recoverTransactionsSync(directory, { runtime, activate: () => load(runtime, runtime, files) });
        }
      },
      check: (runtime, facts) => {
        if (shown(runtime, files) === "new") assertEquals(runtime.statusOf("/d/sub")?.mode, 0o751);
        return rest.check(runtime, facts);
      },
    });
    assertEquals([report.violations, report.states >= enough], [[], true], `${report.states} states`);
  });

  it("of applying 3 files in parallel", async () => {
    for (let seed = 1; seed <= byEffort({ quick: 1, normal: 1, long: 10 }); seed++) {
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
});

/** What another program has put there and not synced: a name that leads to new content, as by a careless save. */
function saveCarelessly(machine: MemoryRuntime, path: string, text: string): void {
  const { syncFileSystem } = machine.fork();
  const file = syncFileSystem.create(`${path}~`, 0o644);
  file.write(new TextEncoder().encode(text));
  file.close();
  syncFileSystem.rename(`${path}~`, path);
}

describe("a crash after a transaction of which some files were as they are to be, but never synced", () => {
  const mixed = scenario(4, ["/d", "/e"]);
  const text = (path: string) => mixed.new[path] ?? "";
  // Of the second directory nothing is changed, of the first one file.
  const changing = mixed.paths[0] ?? "";
  const sources = {
    bytes: text,
    // It is staged, and found to be equal then.
    "a stream": (path: string) => path === changing ? text(path) : [text(path)],
  };
  for (const [what, dataOf] of Object.entries(sources)) {
    it(`leaves all of them new: ${what}`, () => {
      const report = exploreCrashesSync({
        ...explored(mixed),
        machine: { files: filesOf(mixed) },
        limit: byEffort({ quick: 200, normal: 400, long: 100_000 }),
        run: (runtime, acknowledge) => {
          for (const path of mixed.paths) if (path !== changing) saveCarelessly(runtime, path, text(path));
          const files = mixed.paths.map((path) => ({ path, data: dataOf(path) }));
          const { durability, files: applied } = applyFilesSync({ files }, { runtime });
          assertEquals([durability, applied.map(({ state }) => state === "written")], ["full", [
            true,
            false,
            false,
            false,
          ]]);
          acknowledge("new");
        },
        recover: (runtime) => {
          for (const directory of mixed.directories) recoverTransactionsSync(directory, { runtime });
        },
        check: (runtime, facts) => {
          // As soon as the changed file is there, so are the others: all or nothing.
          if (facts.length > 0 || runtime.readText(changing) === text(changing)) {
            assertEquals(shown(runtime, mixed), "new");
          }
        },
      });
      assertEquals(report.violations, []);
    });
  }
});

describe("negative controls: a crash shows", () => {
  const two = scenario(2);

  it('durability "file"', () => {
    const report = exploreCrashesSync({ ...explored(two, { fraction: 1 }), run: applying(two, false, "file") });
    assert(report.violations.length > 0);
  });

  it("every sync that is left out, but for the last", () => {
    // Calls of the plain run, without the server.
    const files = two;
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
    // One of them on the runtimes that run the same code as the first one.
    const all = Array.from({ length: syncs }, (_, index) => index);
    const tried = thorough ? inTurn(all, 4) : [4];
    for (const left of notEmpty(tried)) {
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
      const report = exploreCrashesSync({ ...explored(files), fraction: 1, modes: ["strict"], run, check, recover });
      if (report.violations.length === 0) missed.push(left);
    }
    console.log(`of ${syncs} syncs, leaving these out is harmless: ${missed.join(", ")}`);
    // The old file was durable before; the last sync only keeps the journal from being found, and finished, again.
    assertEquals(missed, [2, syncs - 1].filter((index) => tried.includes(index)));
  });
});
