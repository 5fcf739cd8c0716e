/**
 * `fsck`: is everything there, whole and consistent? Reads only.
 *
 * A problem is something that must not be, whatever was killed and whenever. A note is what a kill may leave, and the
 * next command tidies up.
 */
import { CorruptionError, sweep } from "../../mod.ts";
import type { Digest } from "../../src/store/mod.ts";
import { reachableFrom } from "./commits.ts";
import { readMerge } from "./merge_state.ts";
import { allReferences, isDigest, readOperations } from "./operations.ts";
import { readRebase } from "./rebase.ts";
import type { Repository } from "./repository.ts";

/** What was found. */
export interface Findings {
  readonly problems: string[];
  readonly notes: string[];
  /** Objects looked at. */
  readonly objects: number;
}

const messageOf = (error: unknown): string => error instanceof Error ? error.message : String(error);

/** The commits that somebody relies on: of all branches, of HEAD, of what is under way. */
export async function roots(repository: Repository): Promise<Digest[]> {
  const found: Digest[] = [];
  for await (const { digest } of repository.references.list()) found.push(digest);
  const [head, merge, rebase] = await Promise.all([
    repository.references.readHead(),
    readMerge(repository),
    readRebase(repository),
  ]);
  found.push(...[head?.digest, merge?.theirs].filter((digest) => digest !== undefined));
  if (rebase !== undefined) found.push(rebase.original, rebase.tip, ...rebase.remaining);
  // A change that is recorded is going to be made.
  const last = (await readOperations(repository)).operations.at(-1)?.after ?? "";
  if (isDigest(last)) found.push(last);
  return found;
}

/** Looks at everything. */
export async function check(repository: Repository): Promise<Findings> {
  const problems: string[] = [];
  const notes: string[] = [];
  const { checked, corrupt } = await repository.objects.verify();
  for (const digest of corrupt) problems.push(`object ${digest} is damaged`);
  try {
    for await (const digest of reachableFrom(repository, await roots(repository))) {
      if (!await repository.objects.has(digest)) problems.push(`object ${digest} is missing`);
    }
  } catch (error) {
    // Damage is told already.
    if (!CorruptionError.is(error) || error.digest === undefined) problems.push(messageOf(error));
  }
  await checkOperations(repository, problems, notes);
  const { runtime } = repository.options;
  const { removed } = await sweep(repository.directory, {
    recursive: true,
    dryRun: true,
    ...(runtime === undefined ? {} : { runtime }),
  });
  for (const path of removed) notes.push(`${path} was left by a process that is dead`);
  return { problems, notes, objects: checked };
}

/** The references must be where the log says they are; only the last change may not have been made yet. */
async function checkOperations(repository: Repository, problems: string[], notes: string[]): Promise<void> {
  try {
    const { checkpoint, operations } = await readOperations(repository);
    const expected = new Map<string, string | null>(Object.entries(checkpoint));
    for (const { reference, before, after } of operations) {
      if ((expected.get(reference) ?? null) !== before) problems.push(`the log contradicts itself about ${reference}`);
      expected.set(reference, after);
    }
    const actual = new Map(Object.entries(await allReferences(repository)));
    const last = operations.at(-1);
    for (const name of new Set([...expected.keys(), ...actual.keys()])) {
      const now = actual.get(name) ?? null;
      if (now === (expected.get(name) ?? null)) continue;
      if (name === last?.reference && now === last.before) notes.push(`the last change, of ${name}, is not made yet`);
      else problems.push(`${name} leads to ${now}, and the log says to ${expected.get(name) ?? null}`);
    }
  } catch (error) {
    problems.push(messageOf(error));
  }
}
