/** Mistakes around the commit: directories, equal content, backups, failures that were none. */
import type { Mutant } from "./mutant.ts";

const faults = ["tests/faults_test.ts", "tests/proof/fault_sweep_test.ts"];
const moved = ["tests/hostile_directory_test.ts", "tests/paths_test.ts", "tests/real/swapped_parent_test.ts"];
const ancestors = ["tests/protocol/directories_test.ts", "tests/protocol/ancestors_test.ts"];
const taken = ["tests/write_file_test.ts", "tests/real/taken_away_test.ts"];
const effects = ["tests/proof/fault_effects_test.ts", "tests/protocol/ancestors_test.ts"];
const distrust = ["tests/protocol/equal_after_failure_test.ts"];
const equal = ["tests/skip_if_equal_test.ts"];
const source = ["tests/write_file_source_test.ts"];
const equalFaults = ["tests/skip_if_equal_test.ts", "tests/faults_test.ts"];
const backups = ["tests/backups_test.ts", "tests/backups_failures_test.ts", "tests/golden_traces_test.ts"];

const busy = ["tests/busy_target_test.ts"];

export const aroundCommitMutants: readonly Mutant[] = [
  {
    name: "a target that is in use is waited for without end",
    file: "src/protocol/busy_target.ts",
    from: `    this.#until ??= now + busyTimeout;
`,
    to: `    this.#until = now + busyTimeout + 1;
    if (this.#tries > 500) return false;
`,
    tests: busy,
  },
  {
    name: "a read-only target is waited for like one that is in use",
    file: "src/protocol/busy_target.ts",
    from: `status.kind === "file" && (status.mode & anyWriteBit) !== 0;`,
    to: `status.kind === "file";`,
    tests: busy,
  },
  {
    name: "nobody asks right before the commit whether a later call has committed",
    file: "src/protocol/commit.ts",
    from: `      const newer = turn.overtaken;
      if (newer !== undefined) {`,
    to: `      const newer = published ? turn.overtaken : undefined;
      if (newer !== undefined) {`,
    tests: ["tests/write_order_test.ts"],
  },
  {
    name: "a transaction does not wait for a target that is in use",
    file: "src/protocol/reported_failure.ts",
    from: `!(error instanceof SystemError) || !(yield* busy.waitAfter(error))`,
    to: `!(error instanceof SystemError) || busy instanceof Object`,
    tests: busy,
  },
  {
    name: "a directory that was swapped is not noticed",
    file: "src/protocol/directories.ts",
    from: `  if (now?.identity === parent.status.identity) return;
`,
    to: `  if (now !== undefined) return;
`,
    tests: moved,
  },
  {
    name: "the ancestors of a made directory are not synced",
    file: "src/protocol/made_directories.ts",
    from: `  if (!syncs) return true;
`,
    to: `  if (!syncs || made.size > 0) return true;
`,
    tests: ancestors,
  },
  {
    name: "creating directories walks past the mount point",
    file: "src/protocol/made_directories.ts",
    from: `      if (parent.status.device !== status.device) break;
`,
    to: ``,
    tests: ancestors,
  },
  {
    name: "a directory made before a failed sync is proven by a later one",
    file: "src/protocol/made_directories.ts",
    from: `rules, { ...attempt, since }`,
    to: `rules, { ...attempt, since: Math.max(since, attempt.since) }`,
    tests: ancestors,
  },
  {
    name: "a directory is known to be durable before the one above it is",
    file: "src/protocol/made_directories.ts",
    from: `  if (durable) { for`,
    to: `  { for`,
    tests: ancestors,
  },
  {
    name: "a directory made by another process counts as durable",
    file: "src/protocol/made_directories.ts",
    from: `if (walked.has(status.identity) || (key`,
    to: `if (walked.has(status.identity) || !made.has(status.identity) || (key`,
    tests: ancestors,
  },
  {
    name: "a directory that is not synced is left open",
    file: "src/protocol/directories.ts",
    from: `    yield* closeParent({ handle });
    throw error;`,
    to: `    throw error;`,
    tests: faults,
  },
  {
    name: "ancestors that could not be synced are not reported",
    file: "src/protocol/replace_file.ts",
    from: `    if (made?.durable === false) write.target = { ...write.target, unsyncedAncestors: true };
`,
    to: ``,
    tests: ancestors,
  },
  {
    name: "a source that was read is read again",
    file: "src/protocol/replace_file.ts",
    from: `filling.repeatable && stages < mostStages`,
    to: `stages < mostStages`,
    tests: source,
  },
  {
    name: "a write whose temporary file was taken is not tried again",
    file: "src/protocol/replace_file.ts",
    from: `const isGone = error instanceof TemporaryVanished &&`,
    to: `const isGone = false && error instanceof TemporaryVanished &&`,
    tests: taken,
  },
  {
    name: "a source is not cancelled after a failure",
    file: "src/protocol/replace_file.ts",
    from: `    filling.cancel(thrown);
`,
    to: ``,
    tests: ["tests/log/log_end_test.ts"],
  },
  {
    name: "equal content is left alone although a sync has failed",
    file: "src/protocol/replace_file.ts",
    from: `: !isDistrusted(engine, status.device);`,
    to: `: true;`,
    tests: distrust,
  },
  {
    name: "equal content is not synced",
    file: "src/protocol/equal_content.ts",
    from:
      `if (syncsFile(plan.durability)) fileSynced = yield* syncFile(engine, { file, place: parent }, plan, attempt);`,
    to: `fileSynced = syncsFile(plan.durability);`,
    tests: equal,
  },
  {
    name: "the mode of a file is changed under its other names",
    file: "src/protocol/equal_content.ts",
    from: `  if (now.links > 1 && !has(now, wanted)) return undefined;
`,
    to: ``,
    tests: equal,
  },
  {
    name: "setuid goes to another owner of equal content",
    file: "src/protocol/equal_content.ts",
    from: `? now.mode & setUserAndGroup : 0;`,
    to: `? now.mode & setUserAndGroup & 0 : 0;`,
    tests: equal,
  },
  {
    name: "the owner of equal content changes before its mode",
    file: "src/protocol/equal_content.ts",
    from: `changesOwner ? giveAway(file, wanted, now) : applyMetadata`,
    to: `changesOwner && giveAway === undefined ? giveAway(file, wanted, now) : applyMetadata`,
    tests: equal,
  },
  {
    name: "what another program has written is taken as proven when it has set the time back",
    file: "src/protocol/proven_content.ts",
    from: `
    file.changed === status.changed;`,
    to: `
    (file.changed === undefined) === (status.changed === undefined);`,
    tests: equal,
  },
  {
    name: "content that was written in place since it was compared is kept",
    file: "src/protocol/equal_content.ts",
    from: ` && now.modified === before.modified;`,
    to: `;`,
    tests: equal,
  },
  {
    name: "another file is settled than the one that was compared",
    file: "src/protocol/equal_content.ts",
    from: `      if (!isUnchanged(now, equal.status)) return undefined;
`,
    to: ``,
    tests: equal,
  },
  {
    name: "an abort is not looked at before equal content is settled",
    file: "src/protocol/equal_content.ts",
    from: `    checkAbort(plan.signal);
    const file`,
    to: `    const file`,
    tests: source,
  },
  {
    name: "a failure does not report that the mode was changed before it",
    file: "src/protocol/equal_content.ts",
    from: `if (yield* differs(file, now)) attempt.targetState = "replaced";`,
    to: `void differs;`,
    tests: equalFaults,
  },
  {
    name: "a backup whose content could not be synced is reported as durable",
    file: "src/protocol/backups.ts",
    from: `durable: named && synced };`,
    to: `durable: named || synced };`,
    tests: ["tests/backups_failures_test.ts"],
  },
  {
    name: "the name of a backup is not synced",
    file: "src/protocol/backups.ts",
    from: `      named = (yield* syncDirectory(engine, home, plan, attempt)) && named;
`,
    to: ``,
    tests: backups,
  },
  {
    name: "the content of a backup is not synced",
    file: "src/protocol/backups.ts",
    from: `  if (!syncsFile(plan.durability)) return true;
  try {
    const file`,
    to: `  if (plan !== undefined) return true;
  try {
    const file`,
    tests: backups,
  },
  {
    name: "a backup too many is kept",
    file: "src/protocol/backups.ts",
    from: `found.versions.slice(plan.backup)`,
    to: `found.versions.slice(plan.backup + 1)`,
    tests: backups,
  },
  {
    name: "a backup of another process's write that is going on is removed",
    file: "src/protocol/find_backups.ts",
    from: `status.identity !== current?.identity && ++copies > 1`,
    to: `++copies > 0`,
    tests: backups,
  },
  {
    name: "where a name leads is trusted without checking",
    file: "src/protocol/reported_failure.ts",
    from: `    return (yield* identityOf(() => home.names.open(name, "read"))) === identity;`,
    to: `    return (yield* identityOf(() => home.names.open(name, "read"))) !== undefined;`,
    tests: ["tests/faults_test.ts", "tests/proof/fault_sweep_operations_test.ts"],
  },
  {
    name: "a removal that failed twice has happened",
    file: "src/protocol/reported_failure.ts",
    from: `    } catch {
      throw error;
    }
    return true;`,
    to: `    } catch {
      return true;
    }
    return true;`,
    tests: ["tests/faults_test.ts"],
  },
  {
    name: "a removal that failed is not asked for again",
    file: "src/protocol/reported_failure.ts",
    from: `    try {
      yield* wait(remove());
    } catch {
      throw error;
    }
    return true;`,
    to: `    throw error;`,
    tests: effects,
  },
];
