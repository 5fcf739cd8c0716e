/** Mistakes in the engine: the order of commits in a process, what is said of a failed one, what is kept of the old file. */
import type { Mutant } from "./mutant.ts";

const turns = ["tests/protocol/commit_turn_test.ts"];
const commits = ["tests/protocol/commit_test.ts"];
const witnesses = ["tests/protocol/removal_witness_test.ts"];
const late = ["tests/late_metadata_test.ts"];

export const protocolMutants: readonly Mutant[] = [
  {
    name: "whether a write was overtaken is asked before its last look",
    file: "src/protocol/commit.ts",
    from: `      yield* lookOnceMore(write);
      checkAbort(plan.signal);
      checkSyncs(engine, parent.status.device, plan, attempt);
      const newer = turn.overtaken;
`,
    to: `      const newer = turn.overtaken;
      yield* lookOnceMore(write);
      checkAbort(plan.signal);
      checkSyncs(engine, parent.status.device, plan, attempt);
`,
    tests: commits,
  },
  {
    name: "a superseded write reports a directory sync that it has not made",
    file: "src/protocol/commit.ts",
    from: `  const named = yield* syncParentNames(write);
`,
    to: `  const named = parent.handle !== undefined;
`,
    tests: commits,
  },
  {
    name: "a failed rename is unchanged where nothing could be looked at",
    file: "src/protocol/judge_commit.ts",
    from: `} else if (removed === false || landed === undefined) {`,
    to: `} else if (removed === false) {`,
    tests: commits,
  },
  {
    name: "a failed link is unchanged where nothing could be looked at",
    file: "src/protocol/judge_commit.ts",
    from: `  if (landed === undefined) attempt.targetState = "unknown";
`,
    to: ``,
    tests: commits,
  },
  {
    name: "all waiters for a turn start at once",
    file: "src/protocol/commit_turn.ts",
    from: `while (!synchronous && turns.busy !== undefined) {`,
    to: `if (!synchronous && turns.busy !== undefined) {`,
    tests: turns,
  },
  {
    name: "a synchronous commit ends the turn that it is made in",
    file: "src/protocol/commit_turn.ts",
    from: `    this.#turns.busy = this.#before;`,
    to: `    this.#turns.busy = undefined;`,
    tests: turns,
  },
  {
    name: "a synchronous commit leaves a rename that is on its way",
    file: "src/protocol/commit.ts",
    from: `    if (engine.synchronous) yield* takeAwayLanding(engine, ticket);
    else noteLanding`,
    to: `    if (!engine.synchronous) noteLanding`,
    tests: ["tests/proof/schedule_turns_test.ts"],
  },
  {
    name: "mode and owner set while a write is staged are undone",
    file: "src/protocol/late_metadata.ts",
    from: `corrections < mostCorrections && keepsOld(engine, plan) &&`,
    to: `corrections > mostCorrections && keepsOld(engine, plan) &&`,
    tests: late,
  },
  {
    name: "mode and owner set while a transaction is staged are undone",
    file: "src/transaction/commit_transaction.ts",
    from: `if (!corrects || staged === undefined || !keepsOld(engine, staged.plan)) continue;`,
    to: `if (corrects || staged === undefined || !keepsOld(engine, staged.plan)) continue;`,
    tests: late,
  },
  {
    name: "a corrected mode is not synced",
    file: "src/protocol/late_metadata.ts",
    from: `if (syncsFile(plan.durability)) {`,
    to: `if (!syncsFile(plan.durability)) {`,
    tests: late,
  },
  {
    name: "a mode that changes during its correction is not looked at again",
    file: "src/protocol/late_metadata.ts",
    from: `  return true;\n}\n\n/** Sees the attributes`,
    to: `  return false;\n}\n\n/** Sees the attributes`,
    tests: late,
  },
  {
    name: "attributes are looked for by name where others may put another file in its place",
    file: "src/protocol/attributes.ts",
    from: `if (way === "loose" || !isKept(engine, status, file)) return false;`,
    to: `if (way === "loose" && !isKept(engine, status, file)) return false;`,
    tests: ["tests/attributes_test.ts"],
  },
  {
    name: "attributes that are not known without opening the file are none",
    file: "src/protocol/attributes.ts",
    from: `return (yield* wait(names.hasAttributes?.(name))) === false;`,
    to: `return (yield* wait(names.hasAttributes?.(name))) !== true;`,
    tests: ["tests/attributes_test.ts"],
  },
  {
    name: "whatever call fails, the mask of a list that could not be set becomes the group's rights",
    file: "src/protocol/attributes.ts",
    from: `old === undefined || has.has(accessList) ? mode & ~0o070 : modeWithoutList(old, mode);`,
    to: `mode;`,
    tests: ["tests/proof/attributes_test.ts"],
  },
  {
    name: "where times say nothing, another mode is no reason to look at attributes once more",
    file: "src/protocol/late_metadata.ts",
    from: `const isUntouched = isSame(previous, now) && previous?.changed`,
    to: `const isUntouched = previous !== undefined && previous.changed`,
    tests: ["tests/proof/schedule_attributes_test.ts"],
  },
  {
    name: "attributes are seen once more only when nothing keeps sweepers away any more",
    file: "src/protocol/commit.ts",
    from: `    if (engine.capabilities.attributes) yield* lookAtAttributes(write);
    yield* closeStaged(write);
`,
    to: `    yield* closeStaged(write);
    if (engine.capabilities.attributes) yield* lookAtAttributes(write);
`,
    tests: ["tests/real/living_writer_test.ts"],
  },
  {
    name: "what a refused removal says of the syncs is not heard",
    file: "src/protocol/removal_witness.ts",
    from: `if (witness === undefined || rules.durability === "none") return true;`,
    to: `if (witness === undefined || rules.durability !== "none") return true;`,
    tests: witnesses,
  },
  {
    name: "the temporary name of a created file goes before the sync that it could witness",
    file: "src/protocol/commit.ts",
    from: `  return true;\n}\n\n/** A file that was linked`,
    to: `  yield* removeSecondName(staged, failures);\n  return true;\n}\n\n/** A file that was linked`,
    tests: witnesses,
  },
  {
    name: "outdated backups that cannot be removed say nothing of the syncs",
    file: "src/protocol/backups.ts",
    from: `      yield* tidy(leftovers, removeIn(home, name), path);`,
    to: `      yield* tidy([], removeIn(home, name), path);`,
    tests: witnesses,
  },
];
