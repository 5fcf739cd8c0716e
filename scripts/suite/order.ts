/**
 * Which test files start first. A long file that starts last leaves the other processors idle, so the long ones come
 * first; equal ones keep their order, so that a file seldom meets itself on another runtime. The seconds are roughly
 * those that the test command prints as its slowest files: only their order matters, and a file that is not named here
 * counts as short. On Node and Bun some do a share of the work only.
 */
export const SECONDS: Readonly<Record<string, number>> = {
  "tests/cli/deploy_test.ts": 10,
  "tests/cli/failures_test.ts": 6,
  "tests/cli/input_test.ts": 9,
  "tests/cli/signals_test.ts": 8,
  "tests/cli/update_test.ts": 8,
  "tests/cli/write_test.ts": 8,
  "tests/deno/check_layers_test.ts": 10,
  "tests/deno/suite_test.ts": 6,
  "tests/lock/crash_test.ts on deno": 20,
  "tests/lock/interleavings_test.ts on deno": 30,
  "tests/lock/interop_test.ts": 9,
  "tests/lock/pause_test.ts": 10,
  "tests/lock/stale_test.ts": 10,
  "tests/lock/storm_test.ts": 10,
  "tests/lock/waiting_test.ts": 10,
  "tests/log/crash_test.ts on deno": 11,
  "tests/proof/exploration_operations_test.ts on deno": 20,
  "tests/proof/exploration_pairs_test.ts on deno": 20,
  "tests/proof/exploration_test.ts on deno": 8,
  "tests/proof/fault_sweep_operations_test.ts on deno": 20,
  "tests/proof/fault_sweep_test.ts on deno": 20,
  "tests/real/concurrency_test.ts on deno": 12,
  "tests/real/kill_test.ts": 8,
  "tests/real/power_cut_test.ts": 12,
  "tests/real/watch_secret_test.ts": 9,
  "tests/store/crash_test.ts on deno": 6,
  "tests/store/processes_test.ts on deno": 14,
  "tests/transaction/crash_test.ts on deno": 40,
  "tests/transaction/faults_test.ts on deno": 20,
  "tests/transaction/processes_test.ts": 10,
  "tests/transaction/publish_test.ts on deno": 7,
};

/** The longer a file is expected to take, the more. */
export function expectedWeight(path: string, runtime: string): number {
  return SECONDS[`${path} on ${runtime}`] ?? SECONDS[path] ?? 0;
}
