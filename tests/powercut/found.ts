/**
 * What is there after a cut, by the paths that the record has: files and objects, each one version; references, each a
 * digest; and the records of logs, of which each has a path of its own below the name of its log.
 */
import * as fs from "node:fs";
import { join } from "node:path";
import { openLogReaderSync, openLogSync } from "../../src/log/mod.ts";
import { readVersion, TornContent } from "../support/versions.ts";

/** The folders that stores, references and logs are in. */
export const KEPT_FOLDERS = ["store", "refs", "logs"] as const;

/** Which content this is, in the words of the record. */
export const labelOf = (data: Uint8Array): string => {
  const { writer, version } = readVersion(data);
  return `${writer.split(":")[0]} ${version}`;
};

/** Where a record is, for the record of what was done: below the name of its log. */
export const pathOfRecord = (log: string, content: string): string => `logs/${log}/${content.replace(" ", "-")}`;

/** Logs that are damaged on purpose, and repaired, have such a name. */
export const damagedLog = (process: string, lane: number): string => `${process}damaged-${lane}`;

/** The records of all logs, by their paths; `tell` hears of what cannot be read. */
export function readLogs(root: string, tell: (complaint: string) => void): Map<string, string> {
  const found = new Map<string, string>();
  if (!fs.existsSync(join(root, "logs"))) return found;
  for (const name of fs.readdirSync(join(root, "logs")).filter((each) => /^[a-z]+(-\d+)?$/.test(each))) {
    const path = join(root, "logs", name);
    try {
      for (const data of /damaged-/.test(name) ? readBehindDamage(path) : readAll(path)) {
        const label = labelOf(data);
        found.set(pathOfRecord(name, label), label);
      }
    } catch (error) {
      tell(`logs/${name}: ${String(error)}`);
    }
  }
  return found;
}

function readAll(path: string): Uint8Array[] {
  const log = openLogSync(path);
  const records = [...log.read()].map(({ data }) => data);
  log.close();
  return records;
}

const readBehindDamage = (path: string): Uint8Array[] =>
  [...openLogReaderSync(path).read({ whenDamaged: "skip" })].map(({ data }) => data);

/** What is in a file, in the words of the record; null when there is none. Throws a TornContent. */
export function contentAt(root: string, path: string): string | null {
  const place = join(root, path);
  if (!fs.existsSync(place)) return null;
  const bytes = fs.readFileSync(place);
  if (!path.startsWith("refs/")) return labelOf(bytes);
  const text = new TextDecoder().decode(bytes);
  if (!/^[0-9a-f]{64}\n$/.test(text)) throw new TornContent(JSON.stringify(text.slice(0, 100)));
  return text.trim();
}
