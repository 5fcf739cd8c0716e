/** Mistakes in transactions: the decision, its journal and markers, who is believed. */
import type { Mutant } from "./mutant.ts";

const apply = ["tests/transaction/apply_test.ts"];
const crash = ["tests/transaction/crash_test.ts", "tests/transaction/crash_across_test.ts"];
const across = ["tests/transaction/crash_across_test.ts"];
const full = ["tests/transaction/full_disk_test.ts"];
const lost = ["tests/transaction/apply_test.ts", "tests/transaction/faults_test.ts"];
const busy = ["tests/transaction/recover_test.ts", "tests/transaction/apply_test.ts"];
const recover = ["tests/transaction/recover_test.ts"];

export const transactionMutants: readonly Mutant[] = [
  {
    name: "what is decided is not synced",
    file: "src/transaction/journal.ts",
    from: `    yield* syncFile(this.#engine, { file: this.#file, place: this.home }, rules, attempt);
`,
    to: ``,
    tests: crash,
  },
  {
    name: "the names of stages and backups are not synced before the decision",
    file: "src/transaction/commit_transaction.ts",
    from: `const namesSynced = yield* syncHomes(engine, transaction.homes, rules, attempt);`,
    to: `const namesSynced = syncHomes !== undefined;`,
    tests: crash,
  },
  {
    name: "a removal is taken back only if the file is there",
    file: "src/transaction/settle.ts",
    from: `  wanted === null ? status === undefined : digest === wanted;`,
    to: `  wanted === null ? status === null : digest === wanted;`,
    tests: crash,
  },
  {
    name: "a removal that was decided is not carried out by a recovery",
    file: "src/transaction/settle.ts",
    from: `    if (!done) yield* takeAway(engine, file);
`,
    to: ``,
    tests: ["tests/transaction/crash_test.ts"],
  },
  {
    name: "a directory that is made for a plan is not made durable",
    file: "src/transaction/make_planned_directories.ts",
    from: `      durable = (yield* ensureDirectory(engine, directory.path, rules, about)) && durable;
`,
    to: `      durable = ensureDirectory !== undefined && rules !== undefined && durable;
`,
    tests: ["tests/transaction/crash_test.ts"],
  },
  {
    name: "a plan that is only tried is carried out",
    file: "src/cli/commands/deploy.ts",
    from: `if (options.dryRun) return`,
    to: `if (!options.dryRun === undefined) return`,
    tests: ["tests/cli/deploy_test.ts"],
  },
  {
    name: "validate knows files by their real paths only",
    file: "src/transaction/staged_paths.ts",
    from: `for (const each of [given, absolute, path, real])`,
    to: `for (const each of [path, real])`,
    tests: apply,
  },
  {
    name: "a file that is a mount point is found out at its rename",
    file: "src/transaction/mount_points.ts",
    from: `|| !mounted.has(`,
    to: `|| mounted.has(`,
    tests: apply,
  },
  {
    name: "a marker that could never be made is said to be left behind",
    file: "src/transaction/transaction.ts",
    from: `return isReadOnly && `,
    to: `return !isReadOnly && `,
    tests: ["tests/transaction/apply_test.ts", "tests/cli/deploy_test.ts"],
  },
  {
    name: "files that a transaction leaves alone beside others are not synced",
    file: "src/transaction/apply.ts",
    from: `    yield* this.#syncEqual(transaction);
`,
    to: `    void this.#syncEqual;
`,
    tests: crash,
  },
  {
    name: "the decision is not synced",
    file: "src/transaction/commit_transaction.ts",
    from: `return (yield* journal.sync(rules, attempt)) && namesSynced;`,
    to: `return namesSynced;`,
    tests: ["tests/transaction/crash_test.ts"],
  },
  {
    name: "a directory that was swapped before the decision is not noticed",
    file: "src/transaction/commit_transaction.ts",
    from: `    yield* checkParent(home, path === undefined ? attempt : { ...attempt, path });
`,
    to: `    void path;
`,
    tests: apply,
  },
  {
    name: "a file that was changed by a program without a lock is replaced",
    file: "src/transaction/commit_transaction.ts",
    from: `if (!isUnchanged(now, before.status)) throw changedMeanwhile(attempt, path);`,
    to: ``,
    tests: apply,
  },
  {
    name: "a file that is left alone may become another one before the decision",
    file: "src/transaction/commit_transaction.ts",
    from: `if (!isUnchanged(yield* wait(home.names.linkStat(name)), status)) throw changedMeanwhile(attempt, path);`,
    to: `void [path, name, home, status];`,
    tests: apply,
  },
  {
    name: "a transaction does not look at its locks before it decides",
    file: "src/transaction/commit_transaction.ts",
    from: `  yield* confirmLocks(holds);
`,
    to: `  void holds;
`,
    tests: lost,
  },
  {
    name: "an abort is not looked at before the decision",
    file: "src/transaction/commit_transaction.ts",
    from: `  checkAbort(rules.signal);
`,
    to: ``,
    tests: apply,
  },
  {
    name: "taking the decision back is not synced",
    file: "src/transaction/commit_transaction.ts",
    from: `    yield* journal.sync(rules, attempt);
  } catch {`,
    to: `  } catch {`,
    tests: full,
  },
  {
    name: "a decision whose sync failed is taken for none",
    file: "src/transaction/commit_transaction.ts",
    from: `  transaction.state = "undecided";
`,
    to: `  transaction.state = "open";
  if (error !== undefined) return error;
`,
    tests: full,
  },
  {
    name: "a journal that somebody else has locked is used",
    file: "src/transaction/journal.ts",
    from: `if (ours && (locked || proof.kind !== "lock")) {`,
    to: `if (ours) {`,
    tests: busy,
  },
  {
    name: "a journal that has lost its name is used",
    file: "src/transaction/journal.ts",
    from: `const ours = named?.identity === identity;`,
    to: `const ours = named?.identity !== identity || identity !== "";`,
    tests: busy,
  },
  {
    name: "no names are kept free for the journal's next states",
    file: "src/transaction/transaction.ts",
    from: `      yield* journal.reserve(transaction.#statesToCome());
`,
    to: ``,
    tests: full,
  },
  {
    name: "a journal that this process has left keeps it waiting for its own death",
    file: "src/transaction/journal.ts",
    from: `    abandoned.set(process, left.add(this.id));
`,
    to: ``,
    tests: recover,
  },
  {
    name: "a marker is not synced",
    file: "src/transaction/marker.ts",
    from:
      `      if (syncsFile(rules.durability)) yield* syncFile(engine, { file: temporary.file, place: home }, rules, attempt);
`,
    to: ``,
    tests: across,
  },
  {
    name: "a marker for another directory is trusted",
    file: "src/transaction/believe.ts",
    from: `  if (marker.anchor !== anchorOf(home.status) && marker.directory !== home.path) return "untrusted";
`,
    to: ``,
    tests: recover,
  },
  {
    name: "a marker of another owner is trusted",
    file: "src/transaction/believe.ts",
    from: `return sameOwner || !home.engine.capabilities.owner ? undefined : "untrusted";`,
    to: `return sameOwner || home !== undefined ? undefined : "untrusted";`,
    tests: recover,
  },
  {
    name: "everybody's names are acted upon",
    file: "src/protocol/trust.ts",
    from: `(yield* ourUser(home)) === user;`,
    to: `(yield* ourUser(home)) !== -user - 1;`,
    tests: [...recover, "tests/transaction/ownership_test.ts", "tests/others_backups_test.ts"],
  },
  {
    name: "what others have staged for our files is not in the way",
    file: "src/transaction/enter.ts",
    from: `      if (this.#isStaged(scan, id)) this.#refuseFound(found);`,
    to: `      void found;`,
    tests: ["tests/transaction/ownership_test.ts", ...recover],
  },
  {
    name: "journals of any size are read",
    file: "src/protocol/file_call.ts",
    from: `  if (size > most) return undefined;`,
    to: `  void most;`,
    tests: ["tests/transaction/ownership_test.ts"],
  },
  {
    name: "a directory without its marker is acted upon",
    file: "src/transaction/believe.ts",
    from: `  if (found === undefined) return "unreachable";
`,
    to: `  if (found === undefined) return undefined;
`,
    tests: recover,
  },
];
