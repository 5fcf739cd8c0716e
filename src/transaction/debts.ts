/**
 * Transactions whose files are settled, but whose activation nobody has seen succeed: their journals stay, as `.settled`,
 * until a transaction over all of these files has activated, or a recovery has. One that
 * owes an activation itself takes over those whose files are all among its own: attempt after attempt, one journal stays.
 */
import { type Operation, wait } from "../core/operation.ts";
import type { ParentDirectory } from "../protocol/directories.ts";
import type { Engine } from "../protocol/engine.ts";
import type { Attempt } from "../protocol/failure.ts";
import type { SyncRules } from "../protocol/sync.ts";
import { endTransaction } from "./end_transaction.ts";
import type { Examined } from "./examine.ts";
import { Journal } from "./journal.ts";
import { fileKey, type Lockable } from "../lock/lock_files.ts";
import { Homes } from "../protocol/homes.ts";

/** The files that a transaction concerns, and what earlier ones over some of them owe. */
interface Indebted {
  readonly participants: readonly Pick<Lockable, "home" | "name">[];
  readonly debts: readonly Examined[];
}

/**
 * What was owed for these files, and for no others, has been activated by now, or is owed by the transaction that takes
 * it over. What concerns further files stays: nobody knows whether they have taken effect.
 */
export function* payDebts(
  engine: Engine,
  indebted: Indebted,
  rules: SyncRules,
  attempt: Attempt,
): Operation<void> {
  const homes = new Homes(engine, rules, attempt);
  try {
    for (const { id, home: { path, status: known }, name, status, record } of yield* coveredDebts(engine, indebted)) {
      const home = yield* homes.open(path);
      if (home.status.identity !== known.identity) continue;
      const parts = { id, proof: name.proof, state: name.state, identity: status.identity };
      const others: ParentDirectory[] = [];
      for (const directory of record?.directories ?? []) {
        const other = directory === "." ? undefined : yield* homes.find(directory);
        if (other !== undefined) others.push(other);
      }
      yield* endTransaction(Journal.adopt(engine, home, parts), others, rules, attempt);
    }
  } catch {
    // Activating once more than needed does no harm.
  } finally {
    yield* homes.close();
  }
}

/** The keys of the files that a transaction names, where their directories are there. */
export function* keysOf(engine: Engine, { record, home }: Examined): Operation<Set<string>> {
  const keys = new Set<string>();
  const identities = new Map<number, string | undefined>();
  for (const { directory, name } of record?.files ?? []) {
    if (!identities.has(directory)) {
      const path = record?.directories[directory] ?? ".";
      const status = path === "." ? home.status : yield* wait(engine.fileSystem.stat(path));
      identities.set(directory, status?.identity);
    }
    keys.add(`${identities.get(directory)}/${name}`);
  }
  return keys;
}

function* coveredDebts(engine: Engine, { debts, participants }: Indebted): Operation<Examined[]> {
  const ours = new Set(participants.map(fileKey));
  const covered: Examined[] = [];
  for (const debt of debts) {
    if ([...yield* keysOf(engine, debt)].every((key) => ours.has(key))) covered.push(debt);
  }
  return covered;
}
