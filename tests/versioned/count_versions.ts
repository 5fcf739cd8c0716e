/** What a storm of versions has counted, without @std/assert, because `deno task storm:versions` runs it as it is. */
import * as fs from "node:fs";
import { dirname } from "node:path";
import { readVersionedJsonSync } from "../../src/versioned/mod.ts";

/** The count in the newest version, which is its number, for each change makes one of it. `kills`: how many there were at most. */
export function countVersionsIn(path: string, kills: number): number {
  const found = readVersionedJsonSync<{ count: number }>(path);
  if (found?.content.count !== found?.version) {
    throw new Error(`${found?.content.count} is counted in version ${found?.version}`);
  }
  // The newest ones, the cleared first one, and what those that were killed have kept from being cleaned away.
  const versions = fs.readdirSync(dirname(path)).filter((name) => /\.v\d+$/.test(name));
  if (versions.length > 4 + 4 * kills) throw new Error(`${versions.length} versions are left`);
  return found?.version ?? 0;
}
