/**
 * A directory that is published again and again, and seen through its symlink: after a cut it is whole, no older than what
 * was acknowledged, and what may not have taken effect is known and made up for.
 */
import * as fs from "node:fs";
import { dirname, join } from "node:path";
import { publishDirectory, recoverTransactionsSync } from "../../src/transaction/mod.ts";
import { recoverAfterCut } from "./groups.ts";
import { lanes, newVersion, recorded, type Workload } from "./workload.ts";

/** Publications of one directory for each process. */
export const publications: Workload = {
  run: (around) =>
    lanes(1, async () => {
      const { content, data } = newVersion(around, 3000);
      await recorded(around, `site-${around.process}/index`, content, undefined, (path) => {
        const build = (directory: string) => fs.writeFileSync(join(directory, "index"), data);
        return publishDirectory(dirname(path), build, { keep: 1, grace: 0, activate: () => {} });
      });
    }),
  recover: recoverAfterCut,
  check: (root) => recoverTransactionsSync(root).needsActivation.map((path) => `${path} is owed still`),
};
