/**
 * What a normal run of the suite leaves to the runs after it, so that it ends within the limit of `.ci/run`. Which part is
 * due, the source decides: another one after nearly every change, and the same one whenever nothing has changed, so that
 * a failure can be repeated. `--whole`, `--long` and a `--filter` leave nothing out.
 *
 * 1. Files, here: those that start many processes, or explore the simulated machine, run on Deno always, on Node and Bun
 * in turn. What may differ there (the contract of a runtime, the public functions, arguments, streams, exit status and
 * signals of the command) is in files that always run on all three.
 * 2. Rows: `inTurn` (tests/support/effort.ts) takes a part of a long table. It is told the turn in
 * ATOMIC_WRITE_TEST_TURN.
 */
import { digestOf } from "../figures/source.ts";
import { listFiles } from "../toolchain/folders.ts";

/** How many parts there are. */
export const PARTS = 6;

/** What takes turns, as the beginning of a path. */
export const IN_TURN: readonly string[] = [
  "tests/cli/commands",
  "tests/cli/deploy",
  "tests/cli/doctor",
  "tests/cli/failures",
  "tests/cli/lock",
  "tests/cli/log",
  "tests/cli/publish",
  "tests/cli/recover",
  "tests/cli/store",
  "tests/cli/transcript",
  "tests/cli/update",
  "tests/examples/",
  "tests/lock/crash",
  "tests/lock/interleavings",
  "tests/lock/interop",
  "tests/lock/pause",
  "tests/lock/storm",
  "tests/lock/waiting",
  "tests/log/crash",
  "tests/others_links",
  "tests/proof/",
  "tests/real/concurrency",
  "tests/real/failing_disk",
  "tests/real/full_transaction",
  "tests/real/kill",
  "tests/real/many_at_once",
  "tests/real/others_names",
  "tests/real/power_cut",
  "tests/real/swapped_parent",
  "tests/real/taken_away",
  "tests/real/together",
  "tests/real/watch_secret",
  "tests/store/crash",
  "tests/store/processes",
  "tests/testing/crash",
  "tests/transaction/",
  "tests/version_store/",
  "tests/versioned/crash",
  "tests/versioned/interleavings",
  "tests/versioned/schedules",
  "tests/versioned/storm",
];

/** The turn of this source. */
export function currentTurn(): number {
  return Number.parseInt(digestOf(["src"]).slice(0, 8), 16);
}

/** The test files that take turns. */
export function filesInTurn(): string[] {
  return listFiles("tests").filter((path) =>
    path.endsWith("_test.ts") && IN_TURN.some((beginning) => path.startsWith(beginning))
  );
}

/** Whether a file is not due on this runtime; Node and Bun are never due with the same one. */
export function notDue(runtime: string, turn: number): (path: string) => boolean {
  const files = filesInTurn();
  const part = (turn + (runtime === "node" ? 0 : 1)) % PARTS;
  return (path) => runtime !== "deno" && files.includes(path) && files.indexOf(path) % PARTS !== part;
}
