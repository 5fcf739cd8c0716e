/** As crash_test.ts, across two file systems, with more files, and with the next transaction for a recovery. */
import { assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { exploreCrashesSync } from "../../src/testing/mod.ts";
import { applyFilesSync } from "../../src/transaction/mod.ts";
import { byEffort } from "../support/effort.ts";
import { applying, explored, load, passes } from "./explored.ts";
import { fraction, planOf, scenario, shown } from "./support.ts";

const one = scenario(3);
const two = scenario(3, ["/d", "/e"]);
/** Ten thousand states each. Until it activates, the first is what is rolled back in the second. */
const part = { fraction: fraction * byEffort({ quick: 0.02, normal: 0.05, long: 1 }) };

describe("a crash at every instant", () => {
  it("of applying 3 files on two file systems", () => {
    passes(
      "applying on two file systems",
      exploreCrashesSync({ ...explored(two, part), run: applying(two, false) }),
      byEffort({ quick: false, normal: false, long: true }),
    );
  });

  it("of rolling back on two file systems", () => {
    passes(
      "rolling back on two file systems",
      exploreCrashesSync({ ...explored(two, part), run: applying(two, true) }),
      byEffort({ quick: false, normal: false, long: true }),
    );
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
      limit: byEffort({ quick: 60, normal: 80, long: 100_000 }),
      run: applying(files, true),
    });
    passes("applying 5 files with backups, rolled back", report, false);
  });

  it("is repaired by the next transaction", () => {
    for (const [what, files] of [["", one], [" on two file systems", two]] as const) {
      const after = explored(files);
      const report = exploreCrashesSync({
        ...after,
        fraction: fraction * byEffort({ quick: 0.02, normal: 0.05, long: 1 }),
        run: applying(files, false),
        recover: () => {},
        check: (runtime, facts) => {
          const activate = () => load(runtime, runtime, files);
          const { recovered } = applyFilesSync(planOf(files, { activate }), { runtime });
          assertEquals([recovered.conflicts, recovered.kept], [[], []]);
          assertEquals(shown(runtime, files), "new");
          return after.check(runtime, facts);
        },
      });
      passes(`applying again${what}`, report, false);
    }
  });
});
