/** Mistakes in recovery, roll-back and publications. */
import type { Mutant } from "./mutant.ts";

const apply = ["tests/transaction/apply_test.ts"];
const crash = ["tests/transaction/crash_test.ts", "tests/transaction/crash_across_test.ts"];
const across = ["tests/transaction/crash_across_test.ts"];
const recover = ["tests/transaction/recover_test.ts"];
const exchanged = ["tests/transaction/recover_test.ts", "tests/transaction/faults_test.ts"];
const faults = ["tests/transaction/faults_test.ts"];
const publish = ["tests/transaction/publish_test.ts"];

export const recoveryMutants: readonly Mutant[] = [
  {
    name: "a journal that was exchanged is recovered",
    file: "src/transaction/recover_one.ts",
    from: `    if ((yield* wait(file.stat())).identity !== status.identity) return "again";
`,
    to: ``,
    tests: exchanged,
    survives:
      "the name is checked again once the lock is held, with the same outcome: this check only saves the wait for a stranger's lock",
  },
  {
    name: "a journal is recovered without its lock",
    file: "src/transaction/recover_one.ts",
    from: `      if (had !== true) return "again";
`,
    to: `      void had;
`,
    tests: exchanged,
  },
  {
    name: "a journal that has changed its state is recovered by its old one",
    file: "src/transaction/recover_one.ts",
    from: `    if ((yield* wait(home.names.linkStat(journalName(name))))?.identity !== status.identity) return "again";
`,
    to: ``,
    tests: exchanged,
  },
  {
    name: "a recovery does not make the decision durable that it follows",
    file: "src/transaction/recover_one.ts",
    from: `    yield* journal.sync(rules.sync, attempt);
    return yield* body(journal);`,
    to: `    return yield* body(journal);`,
    tests: crash,
  },
  {
    name: "what a recovery has renamed is not synced",
    file: "src/transaction/recover_one.ts",
    from: `  yield* syncHomes(engine, [home, ...others], rules.sync, attempt);
`,
    to: ``,
    tests: crash,
  },
  {
    name: "stages that nobody needs stay",
    file: "src/transaction/recover_one.ts",
    from: `  for (const each of [home, ...others]) yield* discardStages(each, found.id);
  if`,
    to: `  if`,
    tests: recover,
  },
  {
    name: "an activation that is owed is forgotten",
    file: "src/transaction/recover_one.ts",
    from: `    report.needsActivation.push(journal.path);
    return "kept";`,
    to: `    report.needsActivation.push(journal.path);
    yield* endTransaction(engine, journal, others, rules.sync, attempt);
    return "done";`,
    tests: recover,
  },
  {
    name: "names that a power cut left of an older state stay",
    file: "src/transaction/recover_one.ts",
    from: `    for (const stale of found.stale) yield* wait(home.names.remove(journalName(stale)));
`,
    to: ``,
    tests: recover,
  },
  {
    name: "somebody else's identical file is removed when a new one is taken back",
    file: "src/transaction/settle.ts",
    from: `if (untouched || !changed) return "conflict";`,
    to: `if (!changed) return "conflict";`,
    tests: recover,
  },
  {
    name: "what somebody else has written since is overwritten by a recovery",
    file: "src/transaction/settle.ts",
    from: `  if (!done && !isOld(target, record)) return "conflict";
  yield* publishStage`,
    to: `  yield* publishStage`,
    tests: recover,
  },
  {
    name: "what somebody else has written since is overwritten by a roll-back",
    file: "src/transaction/settle.ts",
    from: `    if (!changed) return "conflict";
    yield* inTurn(engine, file, () => renameIn(home, backup`,
    to: `    yield* inTurn(engine, file, () => renameIn(home, backup`,
    tests: recover,
  },
  {
    name: "the decision to roll back is not synced",
    file: "src/transaction/roll_back.ts",
    from: `    yield* journal.sync(rules, attempt);
  } catch (error) {
    return yield* failed([error]`,
    to: `  } catch (error) {
    return yield* failed([error]`,
    tests: crash,
  },
  {
    name: "what was rolled back is not synced",
    file: "src/transaction/roll_back.ts",
    from: `    yield* syncHomes(engine, transaction.homes, rules, attempt);
`,
    to: ``,
    tests: crash,
  },
  {
    name: "what was rolled back is not activated",
    file: "src/transaction/roll_back.ts",
    from: `    yield* activateInTime(transaction.request, entered.holds);
  } catch (error) {
    if (!(`,
    to: `  } catch (error) {
    if (!(`,
    tests: apply,
  },
  {
    name: "without backups a transaction is said to be rolled back",
    file: "src/transaction/roll_back.ts",
    from: `!published || backup !== undefined || before.status === undefined);`,
    to: `!published || backup !== undefined || before !== undefined);`,
    tests: apply,
  },
  {
    name: "markers go before the journal has said that it is over",
    file: "src/transaction/end_transaction.ts",
    from: `      yield* journal.sync(rules, attempt);
    }
    for`,
    to: `    }
    for`,
    tests: across,
  },
  {
    name: "that the journal cannot be removed is no witness",
    file: "src/transaction/after_commit.ts",
    from: `  if (decided && synced) synced = stillHolds(`,
    to: `  if (decided && !synced) synced = stillHolds(`,
    tests: faults,
  },
  {
    name: "the renames of a transaction are not synced",
    file: "src/transaction/after_commit.ts",
    from: `    synced = yield* syncHomes(engine, transaction.homes, rules, attempt);
`,
    to: `    synced = true;
`,
    tests: crash,
  },
  {
    name: "files are not locked any more while a dead transaction is looked for",
    file: "src/transaction/enter.ts",
    from: `      if (!clear) yield* releaseLocks(holds);
`,
    to: `      if (clear) yield* releaseLocks(holds);
`,
    tests: apply,
  },
  {
    name: "a living transaction over the same files is not waited for",
    file: "src/transaction/enter.ts",
    from: `    if (verdict === "alive") return { kind: "busy" };
`,
    to: ``,
    tests: recover,
  },
  {
    name: "a transaction over other files is waited for",
    file: "src/transaction/enter.ts",
    from: `    if (!(yield* this.#isShared(found))) return undefined;
`,
    to: ``,
    tests: recover,
  },
  {
    name: "a living transaction counts as dead",
    file: "src/transaction/examine.ts",
    from: `return (yield* wait(file.tryLock(true))) ? "dead" : "alive";`,
    to: `return (yield* wait(file.tryLock(true))) ? "dead" : "dead";`,
    tests: recover,
    hangs: true,
  },
  {
    name: "a journal that is a symlink or another user's is trusted",
    file: "src/transaction/examine.ts",
    from: `    if (!counts) return { ...examined, status, record, verdict: "untrusted" };
`,
    to: ``,
    tests: recover,
  },
  {
    name: "a journal without content finishes",
    file: "src/transaction/examine.ts",
    from: `    if (isDecided(name) && record === undefined) return { ...examined, status, record, verdict: "corrupt" };
`,
    to: ``,
    tests: recover,
  },
  {
    name: "a directory that is read while names change is read once",
    file: "src/transaction/examine.ts",
    from: `const enoughLooks = journalStates.length;`,
    to: `const enoughLooks = Math.min(1, journalStates.length);`,
    tests: recover,
  },
  {
    name: "a publication claims a durability that it has not",
    file: "src/publication/tree.ts",
    from: `    synced = results.every((each) => each);
`,
    to: `    synced = results.length >= 0;
`,
    tests: publish,
  },
  {
    name: "the files of a publication are not synced",
    file: "src/publication/tree.ts",
    from: `    return yield* syncFile(home.engine, { file, place: home }, rules, about);
`,
    to: `    return about !== undefined;
`,
    tests: publish,
  },
  {
    name: "the switch of a publication is not synced",
    file: "src/publication/publish_directory.ts",
    from: `    const durable = yield* publication.sync();
    yield* activated`,
    to: `    const durable = true;
    yield* activated`,
    tests: publish,
  },
  {
    name: "a generation gets its name before its publication is known",
    file: "src/publication/publication.ts",
    from: `    yield* wait(this.home.names.symbolicLink(name, link));
    // Durable before the final name is: else what was never published could be taken for what was.
    yield* this.sync();
`,
    to: `    yield* wait(this.home.names.symbolicLink(name, link));
`,
    tests: publish,
  },
  {
    name: "an activation is owed before the switch that it follows is known",
    file: "src/publication/publication.ts",
    from: `      if (from === undefined) yield* this.sync();
      yield* oweActivation`,
    to: `      yield* oweActivation`,
    tests: publish,
  },
  {
    name: "a publication does not say that an activation is to follow",
    file: "src/publication/publication.ts",
    from: `    if (owes) yield* oweActivation(this.home, generation, name);
`,
    to: ``,
    tests: publish,
  },
  {
    name: "what says that nothing is owed goes before what says that something is",
    file: "src/publication/with_publication.ts",
    from: `  if (unowed.length > 0) yield* publication.sync();
`,
    to: ``,
    tests: publish,
  },
  {
    name: "an activation pays for its own switch only",
    file: "src/publication/activate_publication.ts",
    from: `    if (kind !== "activation" || name === own) continue;
`,
    to: `    if (name !== own || kind !== "activation") continue;
`,
    tests: publish,
  },
  {
    name: "a callback that answers to its signal has succeeded, though its time is up",
    file: "src/lock/timed_callback.ts",
    from: `    if (ending.signal.reason !== late) throw error;
`,
    to: `    throw error;
`,
    tests: ["tests/transaction/apply_test.ts"],
  },
  {
    name: "a recovery activates what is just being activated",
    file: "src/transaction/recover_activations.ts",
    from: `      report.kept.push({ path: home.pathOf(name), reason: "alive" });
`,
    to: `      if (recovery.rules.activate !== undefined) yield* recovery.rules.activate(home.pathOf(name), []);
`,
    tests: publish,
  },
  {
    name: "an adopted directory may be under no name",
    file: "src/publication/publication.ts",
    from: `    // A disk that kept only the second rename would have the directory under no name at all.
    yield* this.sync();
`,
    to: ``,
    tests: publish,
  },
  {
    name: "what is published is removed when its publication is reported to have failed",
    file: "src/publication/publish_directory.ts",
    from: `if (name !== building && (yield* publication.mayLeadTo(name))) {`,
    to: `if (name === building && (yield* publication.mayLeadTo(name))) {`,
    tests: publish,
  },
];
