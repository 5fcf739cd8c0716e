/**
 * Groups of five files in two directories, replaced by transactions: after a cut and a recovery all five are of one
 * version, and nothing of a transaction is left.
 */
import * as fs from "node:fs";
import { join } from "node:path";
import { type ApplyPlanSync, type ApplyResult, recoverTransactionsSync } from "../../src/transaction/mod.ts";
import { readVersion } from "../support/versions.ts";
import { lanes, modeFor, newVersion, type Workload } from "./workload.ts";

const directories = ["", "many"];
const paths = [0, 1, 2, 3, 4].map((index) => join(directories[index % 2] ?? "", `group-${index}`));

const isSign = (name: string): boolean => /\.(stage|marker)$|\.journal/.test(name);

/** Recovers what the power cut has interrupted in a directory; complaints. */
export function recoverAfterCut(path: string): string[] {
  const { conflicts, kept } = recoverTransactionsSync(path, { activate: () => {} });
  return [
    ...conflicts.map((file) => `${file} is neither old nor new`),
    ...kept.map((each) => `${each.path} was not recovered: ${each.reason}`),
  ];
}

/** Versions of one group, which all processes share. */
export function groups(apply: (plan: ApplyPlanSync) => ApplyResult | Promise<ApplyResult>): Workload {
  return {
    run: (around) =>
      lanes(1, async (_, round) => {
        const { root, record } = around;
        const { content, data } = newVersion(around, 20_000);
        const mode = modeFor(round);
        const names = paths.map((path) => record.begin(path, content, mode));
        try {
          await apply({ files: paths.map((path) => ({ path: join(root, path), data, mode })), activate: () => {} });
          for (const name of names) record.done(name);
        } catch (error) {
          for (const name of names) record.failed(name, error);
          throw error;
        }
      }),
    recover: (root) => directories.flatMap((directory) => recoverAfterCut(join(root, directory))),
    check: (root) => {
      const found = paths.map((path) => join(root, path)).map((path) => {
        if (!fs.existsSync(path)) return "nothing";
        const { writer, version } = readVersion(fs.readFileSync(path));
        return `${writer} ${version}`;
      });
      const complaints = directories.flatMap((directory) => fs.readdirSync(join(root, directory)).filter(isSign));
      if (found.some((each) => each !== found[0])) complaints.push(`a part of a group: ${found.join(", ")}`);
      return complaints;
    },
  };
}
