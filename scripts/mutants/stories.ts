/** Mistakes that only several calls together show: what the stories of tests/proof are for. */
import type { Mutant } from "./mutant.ts";

export const storyMutants: readonly Mutant[] = [
  {
    name: "a publication does not look at its lock before it switches",
    file: "src/publication/publish_directory.ts",
    from: `      yield* confirmLocks(holds);
      yield* publication.publish(`,
    to: `      yield* publication.publish(`,
    tests: ["tests/proof/lock_lost_test.ts"],
  },
  {
    name: "what was published is acknowledged without a sync",
    file: "src/publication/publish_directory.ts",
    from: `    const durable = yield* publication.sync();`,
    to: `    const durable = true;`,
    tests: ["tests/proof/sync_controls_test.ts"],
  },
  {
    name: "a file whose sync has failed is acknowledged, and then the power goes",
    file: "src/protocol/sync.ts",
    from: `      endSync(syncs, order, error);
      return judge(error, rules, "sync", attempt);`,
    to: `      endSync(syncs, order, error);
      return judge !== undefined;`,
    tests: ["tests/proof/fault_then_cut_test.ts"],
  },
  {
    name: "a checkpoint in a directory that was exchanged says that nothing was changed",
    file: "src/log/log_body.ts",
    from: `  if (!FileError.is(error) || error.targetState !== "unchanged") return translate(error, replaced);`,
    to: `  if (FileError.is(error)) return error;`,
    tests: ["tests/proof/exchanged_test.ts"],
  },
];
