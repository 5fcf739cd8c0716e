/**
 * What must be there after a disk has failed and the power has gone: everything that was acknowledged, or what was
 * written over it later; whole; groups of files all new or all old; every log readable, with all that was acknowledged.
 */
import * as fs from "node:fs";
import { join } from "node:path";
import { openLogSync } from "../../../src/log/mod.ts";
import { recoverTransactionsSync } from "../../../src/transaction/mod.ts";
import { readVersion, TornContent } from "../../support/versions.ts";
import { byPath, type Complaint, judgeFound } from "../judge.ts";
import type { History } from "../record.ts";
import { labelOf } from "./log_lane.ts";

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

/** The paths, as the record names them, of all records in all logs; damage is a complaint. */
function readLogs(root: string, complaints: Complaint[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const name of fs.readdirSync(join(root, "logs")).filter((each) => /^[a-z]+(-\d+)?$/.test(each))) {
    try {
      const log = openLogSync(join(root, "logs", name));
      for (const { data } of log.read()) {
        const label = labelOf(data);
        found.set(`logs/${name}/${label.replace(" ", "-")}`, label);
      }
      log.close();
    } catch (error) {
      complaints.push(torn(`logs/${name}: ${String(error)}`));
    }
  }
  return found;
}

/** The digest that a reference's file holds. */
const isReference = (path: string) => path.startsWith("refs/");

function contentAt(root: string, path: string): string | null {
  const place = join(root, path);
  if (!fs.existsSync(place)) return null;
  const bytes = fs.readFileSync(place);
  if (isReference(path)) {
    const text = new TextDecoder().decode(bytes);
    if (!/^[0-9a-f]{64}\n$/.test(text)) throw new TornContent(JSON.stringify(text.slice(0, 100)));
    return text.trim();
  }
  const { writer, version } = readVersion(bytes);
  return `${writer} ${version}`;
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
  const records = readLogs(root, complaints);
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
