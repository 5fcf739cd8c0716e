/** What a storm of versions has left, without @std/assert, because `deno task storm:versions` runs it as it is. */
import * as fs from "node:fs";
import { dirname } from "node:path";
import { readVersionedJsonSync } from "../../src/versioned/mod.ts";

/**
 * The property of every history, of the marks that processes have added (scripts/count_versions.ts): each version has one
 * mark more than the one before, what was acknowledged is there in its place, nothing is there twice, and of what was not
 * acknowledged at most one mark for each process that was killed.
 */
export function checkMarks(marks: readonly string[], version: number, told: readonly string[]): void {
  if (marks.length !== version) throw new Error(`version ${version} has ${marks.length} marks`);
  const unconfirmed = new Set(marks);
  if (unconfirmed.size !== marks.length) throw new Error("a mark is there twice");
  for (const line of told) {
    const [number, mark = ""] = line.split(" ");
    if (marks[Number(number) - 1] !== mark) {
      throw new Error(`${mark} was acknowledged as version ${number}, where ${marks[Number(number) - 1]} is`);
    }
    if (!unconfirmed.delete(mark)) throw new Error(`${mark} was acknowledged twice`);
  }
  const makers = new Set([...unconfirmed].map((mark) => mark.split(".")[0]));
  if (makers.size !== unconfirmed.size) throw new Error("a process has made two versions that it has told nobody of");
}

/** How many marks are in the newest version. `kills`: how many processes were killed at most. */
export function countVersionsIn(path: string, told: readonly string[], kills: number): number {
  const { content: marks, version } = readVersionedJsonSync<string[]>(path) ?? { content: [], version: 0 };
  checkMarks(marks, version, told);
  // The newest ones, the cleared first one, and what those that were killed have kept from being cleaned away.
  const versions = fs.readdirSync(dirname(path)).filter((name) => /\.v\d+$/.test(name));
  if (versions.length > 4 + 4 * kills) throw new Error(`${versions.length} versions are left`);
  return marks.length;
}
