/**
 * Which test files start first. A long file that starts last leaves the other processors idle, so the long ones come
 * first; equal ones keep their order, so that a file seldom meets itself on another runtime. The seconds are roughly
 * those that the test command prints as its slowest files: only their order matters, and a file that is not named here
 * counts as short. On Node and Bun some do a share of the work only.
 */
export const SECONDS: Readonly<Record<string, number>> = {
  "tests/cli/deploy_test.ts on deno": 7,
  "tests/cli/deploy_test.ts on node": 9,
  "tests/cli/every_flag_test.ts": 16,
  "tests/cli/every_flag_test.ts on node": 30,
  "tests/cli/failures_test.ts on node": 12,
  "tests/cli/input_test.ts on node": 9,
  "tests/cli/lock_test.ts on node": 10,
  "tests/cli/output_test.ts on deno": 10,
  "tests/cli/signals_test.ts on node": 9,
  "tests/cli/update_test.ts on node": 13,
  "tests/cli/write_test.ts on node": 15,
  "tests/deno/check_layers_test.ts on deno": 9,
  "tests/deno/documentation_test.ts on deno": 17,
  "tests/lock/interleavings_test.ts on deno": 32,
  "tests/lock/interop_test.ts on deno": 7,
  "tests/lock/interop_test.ts on node": 22,
  "tests/lock/pause_test.ts on node": 9,
  "tests/lock/waiting_test.ts on node": 8,
  "tests/log/crash_test.ts on deno": 9,
  "tests/log/crash_test.ts on node": 6,
  "tests/proof/exploration_operations_test.ts on deno": 12,
  "tests/proof/exploration_pairs_test.ts on deno": 61,
  "tests/proof/exploration_pairs_test.ts on node": 10,
  "tests/proof/exploration_pairs_test.ts on bun": 16,
  "tests/proof/fault_sweep_operations_test.ts on deno": 35,
  "tests/proof/fault_sweep_operations_test.ts on node": 11,
  "tests/proof/fault_sweep_operations_test.ts on bun": 7,
  "tests/proof/fault_sweep_test.ts on deno": 22,
  "tests/proof/fault_sweep_test.ts on node": 10,
  "tests/proof/fault_sweep_test.ts on bun": 7,
  "tests/real/concurrency_test.ts on deno": 15,
  "tests/real/concurrency_test.ts on node": 10,
  "tests/real/concurrency_test.ts on bun": 9,
  "tests/real/kill_test.ts on node": 9,
  "tests/real/limits_test.ts on node": 6,
  "tests/real/power_cut_test.ts on deno": 29,
  "tests/real/power_cut_test.ts on node": 41,
  "tests/real/power_cut_test.ts on bun": 25,
  "tests/real/watch_secret_test.ts on deno": 12,
  "tests/real/watch_secret_test.ts on node": 15,
  "tests/store/crash_test.ts on deno": 8,
  "tests/store/crash_test.ts on node": 8,
  "tests/store/processes_test.ts on deno": 12,
  "tests/store/processes_test.ts on node": 7,
  "tests/store/processes_test.ts on bun": 7,
  "tests/transaction/crash_across_test.ts on deno": 12,
  "tests/transaction/crash_across_test.ts on node": 9,
  "tests/transaction/crash_test.ts on deno": 11,
  "tests/transaction/crash_test.ts on node": 7,
  "tests/transaction/faults_test.ts on deno": 14,
  "tests/transaction/processes_test.ts on deno": 7,
  "tests/transaction/publish_test.ts on deno": 16,
  "tests/version_store/processes_test.ts on deno": 17,
  "tests/version_store/processes_test.ts on bun": 6,
  "tests/version_store/version_store_test.ts on deno": 7,
  "tests/write_file_inputs_test.ts on bun": 10,
};

/** The longer a file is expected to take, the more. */
export function expectedWeight(path: string, runtime: string): number {
  return SECONDS[`${path} on ${runtime}`] ?? SECONDS[path] ?? 0;
}
