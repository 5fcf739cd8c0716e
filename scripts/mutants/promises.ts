/**
 * One promise of README and docs each, broken: the very test that it links to must turn red, so each names that test
 * alone. scripts/mutants_test.ts holds every link to it.
 */
import type { Mutant } from "./mutant.ts";

export const promiseMutants: readonly Mutant[] = [
  {
    name: "the new name is not synced",
    file: "src/protocol/commit.ts",
    from: `    named = yield* syncParentNames(write);
  } catch`,
    to: `    named = true;
  } catch`,
    tests: ["tests/proof/exploration_test.ts"],
    promise: "README: a power cut changes nothing",
  },
  {
    name: "a sync of a file is left out on a real disk",
    file: "src/protocol/sync.ts",
    from: `      yield* wait(file.sync(level));
`,
    to: ``,
    tests: ["tests/real/power_cut_test.ts"],
    promise: "README: a power cut changes nothing",
  },
  {
    name: "a failure before the commit removes the old file",
    file: "src/protocol/stage.ts",
    from: `  yield* tidy(failures, removeOwn(temporary.home, temporary.name), temporary.path);
  return failures;`,
    to: `  yield* tidy(failures, removeOwn(temporary.home, write.target.name), temporary.path);
  return failures;`,
    tests: ["tests/proof/fault_sweep_test.ts"],
    promise: "README: the target is unchanged",
  },
  {
    name: "a failure after the commit is reported as unchanged",
    file: "src/protocol/commit.ts",
    from: `  attempt.targetState = "replaced";
  return true;
}

/**
 * The commit point of a file`,
    to: `  return true;
}

/**
 * The commit point of a file`,
    tests: ["tests/proof/fault_sweep_test.ts"],
    promise: "README: a third outcome that is never hidden",
  },
  {
    name: "a full disk keeps the temporary file",
    file: "src/protocol/stage.ts",
    from: `  if (phase !== "open" && phase !== "closed") return failures;`,
    to: `  if (phase !== "open" || write.writer.bytesWritten > 0) return failures;`,
    tests: ["tests/real/full_disk_test.ts"],
    promise: "README: no temporary file is left",
  },
  {
    name: "for a moment there is no file",
    file: "src/protocol/commit.ts",
    from: `    yield* wait(temporary.home.names.rename(temporary.name, parent.names, target.name));
`,
    to: `    yield* wait(parent.remove(target.name));
    yield* wait(temporary.home.names.rename(temporary.name, parent.names, target.name));
`,
    tests: ["tests/real/concurrency_test.ts"],
    promise: "README: a reader sees the whole old or the whole new content",
  },
  {
    name: "what is created only is renamed into place",
    file: "src/protocol/commit.ts",
    from: `temporary.home.names.link(temporary.name`,
    to: `temporary.home.rename(temporary.name`,
    tests: ["tests/real/concurrency_test.ts"],
    promise: "README: what is created only replaces nothing",
  },
  {
    name: "an update reads before it has the lock",
    file: "src/lock/lock_file.ts",
    from: `if (yield* wait(file.tryLock(shared))) return "locked";
    if`,
    to: `yield* wait(file.tryLock(true));
    if (file !== undefined) return "locked";
    if`,
    tests: ["tests/lock/storm_test.ts"],
    promise: "README: both updates are in the result",
  },
  {
    name: "nobody ever gets a lock",
    file: "src/lock/lock_file.ts",
    from: `      const opened = yield* openLockFile(request);
      if`,
    to: `      const opened = yield* openLockFile(request);
      if (typeof opened !== "string") {
        yield* closeQuietly(opened.file);
        return "timeout";
      }
      if`,
    tests: ["tests/real/kill_test.ts"],
    promise: "README: locks are free at once",
  },
  {
    name: "what the dead left is never swept",
    file: "src/file/sweep.ts",
    from: `(yield* wait(file.tryLock(false))) ? "dead" : "alive"`,
    to: `(yield* wait(file.tryLock(false))) ? "alive" : "alive"`,
    tests: ["tests/real/kill_test.ts"],
    promise: "README: temporary files are recognised and can be swept",
  },
  {
    name: "an exclusive lock admits shared ones",
    file: "src/runtime/deno/open_file.ts",
    from: `        return this.#file.tryLockSync(!shared);
`,
    to: `        return this.#file.tryLockSync(false);\n`,
    tests: ["tests/lock/interop_test.ts"],
    promise: "README: any mix of runtimes and flock(1) users",
  },
  {
    name: "a waiter for a lock directory looks only once",
    file: "src/lock/lock_directory.ts",
    from: `      if (!(yield* pauseBeforeRetry(engine, patience, looks))) return "timeout";
`,
    to: `      if (looks > 0 || !(yield* pauseBeforeRetry(engine, patience, looks))) return "timeout";
`,
    tests: ["tests/lock/interop_test.ts"],
    promise: "README: lock directories: as soon as somebody proves it dead",
  },
  {
    name: "users of one held lock have a turn each",
    file: "src/lock/joined_hold.ts",
    from: `\`\${hold.key} joined\``,
    to: `\`\${hold.key} joined \${performance.now()}\``,
    tests: ["tests/lock/joined_test.ts"],
    promise: "guarantees: calls that are given one held lock take turns",
  },
  {
    name: "a callback is called twice",
    file: "src/compat/write_file_atomic.ts",
    from: `    () => queueMicrotask(() => callback()),
`,
    to: `    () => queueMicrotask(() => (callback(), callback())),
`,
    tests: ["tests/compat_test.ts"],
    promise: "migration: write-file-atomic's callback",
  },
  {
    name: "a synchronous write does not sync its directory",
    file: "src/protocol/commit.ts",
    from: `    named = yield* syncParentNames(write);
  } catch`,
    to: `    named = engine.synchronous || (yield* syncParentNames(write));
  } catch`,
    tests: ["tests/twins_test.ts"],
    promise: "design: a twin makes the same calls in the same order",
  },
  {
    name: "the name of an object is not synced",
    file: "src/store/sync_shards.ts",
    from: `if (yield* syncDirectory(engine, parent, plan, attempt)) synced.add(directory);`,
    to: `synced.add(directory);`,
    tests: ["tests/store/crash_test.ts"],
    promise: "proof: what every crash of a store leaves",
  },
  {
    name: "a batch is acknowledged before it is synced",
    file: "src/log/append_file.ts",
    from: `    if (!syncsFile(rules.durability)) return false;
    return yield* syncFile(`,
    to: `    if (syncsFile(rules.durability)) return true;
    return yield* syncFile(`,
    tests: ["tests/log/crash_test.ts"],
    promise: "proof: what every crash of a log leaves",
  },
  {
    name: "the judge takes an older content for the last acknowledged",
    file: "tests/powercut/judge.ts",
    from: `acknowledged.every(({ begun }) => begun <= operation.ended);`,
    to: `acknowledged.length >= 0 && operation !== undefined;`,
    tests: ["tests/powercut/judge_test.ts"],
    promise: "proof: the judge of power cuts",
  },
  {
    name: "a flush keeps nothing",
    file: "tests/powercut/volatile_disk.ts",
    from: `    this.#apply(this.#pending);
    this.#pending = [];
  }

  cut`,
    to: `    this.#pending = [];
  }

  cut`,
    tests: ["tests/powercut/volatile_disk_test.ts"],
    promise: "proof: the disk with a cache",
  },
  {
    name: "a failed sync on a real disk is reported as a success",
    file: "src/protocol/sync.ts",
    from: `  if (rules.whenSyncFails === "report") return false;
  throw attemptFailed(`,
    to: `  if (rules !== undefined) return true as false;
  throw attemptFailed(`,
    tests: ["tests/real/failing_disk_test.ts"],
    promise: "proof: what was acknowledged while the disk failed",
  },
  {
    name: "schedules are explored in one order alone",
    file: "src/testing/schedules/order_run.ts",
    from: `goesOn ? [current, ...ready.filter((index) => index !== current)] : ready;`,
    to: `goesOn ? [current] : ready;`,
    tests: ["tests/proof/schedule_controls_test.ts"],
    promise: "proof: every order of steps is explored",
  },
  {
    name: "ext4 makes names after its journal has failed",
    file: "src/testing/machine/failed_journal.ts",
    from: `  if (refusedByExt4.has(call)) return "EROFS";
`,
    to: ``,
    tests: ["tests/testing/journal_profile_test.ts"],
    promise: "proof: what ext4 and xfs answer after a failure",
  },
  {
    name: "a disk keeps what was never synced",
    file: "src/testing/crash/crash_space.ts",
    from: `return volatile ? [this.#settlement.visibleFile(file)]`,
    to: `return volatile || level >= 0 ? [this.#settlement.visibleFile(file)]`,
    tests: ["tests/proof/negative_controls_test.ts"],
  },
];
