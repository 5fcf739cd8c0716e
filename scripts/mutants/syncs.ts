/** Mistakes in what counts as synced: src/protocol/sync.ts and the ledger behind it. */
import type { Mutant } from "./mutant.ts";

const failures = ["tests/sync_failures_test.ts"];
const shared = ["tests/protocol/sync_test.ts"];
const ledger = ["tests/protocol/sync_ledger_test.ts"];
const unopened = ["tests/protocol/ancestors_test.ts", "tests/metadata_test.ts", "tests/faults_test.ts"];

export const syncMutants: readonly Mutant[] = [
  {
    name: "a failed sync is reported as a success",
    file: "src/protocol/sync.ts",
    from: `  if (rules.whenSyncFails === "report") return false;
  throw attemptFailed(`,
    to: `  return false;
  throw attemptFailed(`,
    tests: failures,
  },
  {
    name: "a file system without fsync takes no files",
    file: "src/protocol/sync.ts",
    from: `if (rules.whenUnsupported === "report") return false;`,
    to: `if (rules.whenUnsupported !== "report") return false;`,
    tests: failures,
  },
  {
    name: "a required durability that is not supported is not an error",
    file: "src/protocol/sync.ts",
    from: `throw durabilityUnsupported(rules, step, attempt, error);
  }
  if`,
    to: `return false;
  }
  if`,
    tests: failures,
  },
  {
    name: "a sync that failed is made once more",
    file: "src/protocol/sync.ts",
    from: `error.code === "EINTR" && tries`,
    to: `["EINTR", "EIO"].includes(error.code) && tries`,
    tests: failures,
  },
  {
    name: "a sync that a signal interrupted has failed",
    file: "src/protocol/sync.ts",
    from: `  error instanceof SystemError && error.code === "EINTR" && tries < interruptions;`,
    to: `  false && error instanceof SystemError && tries < interruptions;`,
    tests: failures,
  },
  {
    name: "nobody waits for older syncs that are in flight",
    file: "src/protocol/sync.ts",
    from: `  if (!engine.synchronous) yield* earlierSyncsEnded(syncs, begun);
`,
    to: ``,
    tests: ledger,
  },
  {
    name: "an overtaken write trusts a commit from before a failure",
    file: "src/protocol/commit.ts",
    from: `  attempt.since = Math.min(attempt.since, later.since);
`,
    to: ``,
    tests: ledger,
  },
  {
    name: "no witness is asked",
    file: "src/protocol/sync.ts",
    from: `&& isDoubtful(engine, syncs)) {`,
    to: `&& syncs.nextOrder < 0) {`,
    tests: ledger,
  },
  {
    name: "a synchronous call does not ask although syncs are in flight",
    file: "src/protocol/sync.ts",
    from: `failure !== undefined || (synchronous && inFlight.size > 0);`,
    to: `failure !== undefined || (synchronous && inFlight.size < 0);`,
    tests: ledger,
  },
  {
    name: "what the witness says is not noted",
    file: "src/protocol/sync.ts",
    from: `      noteFailure(syncs, error);
`,
    to: ``,
    tests: ledger,
  },
  {
    name: "what a failed sync may have lost is reported as durable",
    file: "src/protocol/sync.ts",
    from: `if (rules.whenSyncFails === "report") return false;
  throw distrusted`,
    to: `if (rules.whenSyncFails === "report") return true;
  throw distrusted`,
    tests: ledger,
  },
  {
    name: "a failure that is known before the commit does not keep it from happening",
    file: "src/protocol/sync.ts",
    from: `throw distrusted(failure, "sync", attempt);
}`,
    to: `return;
}`,
    tests: ledger,
  },
  {
    name: "a directory that could not be opened counts as synced",
    file: "src/protocol/sync.ts",
    from: `yield* wait(engine.fileSystem.flushDirectory?.(path));
    return false;`,
    to: `yield* wait(engine.fileSystem.flushDirectory?.(path));
    return true;`,
    tests: unopened,
  },
  {
    name: "the failure of a shared directory sync does not reach its waiters",
    file: "src/protocol/shared_directory.ts",
    from: `(error) => batch.forEach((each) => each.reject(error)),`,
    to: `() => batch.forEach((each) => each.resolve(0)),`,
    tests: shared,
  },
  {
    name: "a shared sync uses a handle that was opened before its owner's rename",
    file: "src/protocol/shared_directory.ts",
    from: `startedSync(syncs, leader.sync, next)`,
    to: `startedSync(syncs, sync, next)`,
    tests: shared,
  },
  {
    name: "a sync of one level answers waiters for another",
    file: "src/protocol/sync.ts",
    from: `\`\${status.identity} \${sync.level}\``,
    to: `\`\${status.identity}\``,
    tests: shared,
  },
  {
    name: "a queue of waiters is never removed",
    file: "src/protocol/shared_directory.ts",
    from: `      all.delete(key);
`,
    to: ``,
    tests: shared,
  },
  {
    name: "a failed sync is not noted",
    file: "src/protocol/sync_ledger.ts",
    from: `  if (error !== undefined && concernsAll(error)) noteFailure(syncs, error);
`,
    to: `  if (error !== undefined) concernsAll(error);
`,
    tests: ledger,
  },
  {
    name: "every sync counts as the oldest",
    file: "src/protocol/sync_ledger.ts",
    from: `return oldest >= before;`,
    to: `return oldest >= 0;`,
    tests: ledger,
  },
  {
    name: "a failure from before the call counts against it",
    file: "src/protocol/sync_ledger.ts",
    from: `failure.number > known`,
    to: `failure.number >= known`,
    tests: ledger,
  },
  {
    name: "waiters for older syncs are forgotten",
    file: "src/protocol/sync_ledger.ts",
    from: `  for (const { resume } of ready) resume();
`,
    to: ``,
    tests: ledger,
    hangs: true,
  },
  {
    name: "all file systems share one ledger",
    file: "src/protocol/sync_ledger.ts",
    from: `let syncs = devices.get(device);`,
    to: `let syncs = [...devices.values()][0];`,
    tests: ledger,
  },
  {
    name: "a full disk concerns everybody on it",
    file: "src/protocol/sync_codes.ts",
    from: `  "ENOSPC",\n  "EDQUOT",`,
    to: `  "EDQUOT",`,
    tests: ledger,
  },
  {
    name: "a read-only file system concerns nobody",
    file: "src/protocol/sync_codes.ts",
    from: `  "ENOSPC",\n`,
    to: `  "EROFS",\n  "ENOSPC",\n`,
    tests: ledger,
  },
  {
    name: "an EIO of a sync counts as not supported",
    file: "src/protocol/sync_codes.ts",
    from: `new Set(["EINVAL",`,
    to: `new Set(["EIO", "EINVAL",`,
    tests: failures,
  },
  {
    name: "the witness stays",
    file: "src/protocol/sync_witness.ts",
    from: `    yield* wait(fileSystem.remove(path));
`,
    to: ``,
    tests: ledger,
  },
  {
    name: "a log in a directory whose name could not be synced is reported as durable",
    file: "src/log/log_body.ts",
    from: `        if (!named) body.#note(reachedDurability(plan.durability, true, false));`,
    to: `        void named;`,
    tests: ["tests/store/durability_options_test.ts"],
  },
];
