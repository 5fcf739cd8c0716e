/**
 * What must be there after a disk has failed and the power has gone: everything that was acknowledged, or what was
 * written over it later; whole; groups of files all new or all old; every log readable, with all that was acknowledged.
 */
import { join } from "node:path";
import { recoverTransactionsSync } from "../../../src/transaction/mod.ts";
import { TornContent } from "../../support/versions.ts";
import { contentAt, readLogs } from "../found.ts";
import { byPath, type Complaint, judgeFound } from "../judge.ts";
import type { History } from "../record.ts";

const torn = (text: string): Complaint => ({ kind: "torn", text });

/** Finishes or undoes what a crash has cut off. */
function recover(root: string): Complaint[] {
  return ["one", "two"].flatMap((folder) => {
    const { conflicts, kept } = recoverTransactionsSync(join(root, folder), { activate: () => {} });
    return [
      ...conflicts.map((file) => torn(`${file} is neither old nor new`)),
      ...kept.map(({ path, reason }) => torn(`${path} was not recovered: ${reason}`)),
    ];
  });
}

/** Members of a group: NAME-PROCESS-LANE, in two directories. */
const groupOf = (path: string): string | undefined => /^(?:one\/[xy]|two\/z)-(.*)$/.exec(path)?.[1];

function judgeGroups(found: ReadonlyMap<string, string | null>): Complaint[] {
  const groups = new Map<string, Set<string | null>>();
  for (const [path, content] of found) {
    const group = groupOf(path);
    if (group !== undefined) groups.set(group, new Set([...groups.get(group) ?? [], content]));
  }
  return [...groups].filter(([, contents]) => contents.size > 1)
    .map(([group, contents]) => torn(`a part of group ${group}: ${[...contents].join(", ")}`));
}

/** Everything that is wrong. */
export function judgeFailing(root: string, history: History): Complaint[] {
  const complaints = recover(root);
  const records = readLogs(root, (text) => complaints.push(torn(text)));
  const found = new Map<string, string | null>();
  for (const [path, operations] of byPath(history)) {
    try {
      const content = path.startsWith("logs/") ? records.get(path) ?? null : contentAt(root, path);
      found.set(path, content);
      complaints.push(...judgeFound(path, content, operations));
    } catch (error) {
      if (!(error instanceof TornContent)) throw error;
      complaints.push(torn(`${path}: ${error.message}`));
    }
  }
  return [...complaints, ...judgeGroups(found)];
}
