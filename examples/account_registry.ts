/**
 * A registry of accounts with their secrets, changed by any number of programs at once.
 *
 * - Nobody else can read a secret, not for an instant: files are made with mode 0600, not changed to it.
 * - No account is lost: every writer takes the lock, reads what is there now, adds its own, and only then writes.
 * - A reader never waits and never sees half a registry: `current` names a complete snapshot.
 * - A program that dies holding the lock leaves it free; one that lives is waited for, in the same process, too.
 *
 * The registry is a directory: `current` (one line, the name of a snapshot) and `accounts.N.json`.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import {
  type LockOptions,
  readJsonFile,
  readTextFile,
  removeFile,
  withLock,
  writeFile,
  writeJsonFile,
} from "../mod.ts";

/** What is known of an account. */
export interface Account {
  readonly email: string;
  readonly secret: string;
}

/** Accounts by their key. */
export type Accounts = Readonly<Record<string, Account>>;

const secret = { mode: 0o600 } as const;
const keptSnapshots = 3;
const snapshotName = (number: number): string => `accounts.${number}.json`;

interface Snapshot {
  readonly number: number;
  readonly accounts: Accounts;
}

/** Throws when `current` or the snapshot it names is damaged: an unreadable registry is not an empty one. */
async function readCurrent(directory: string): Promise<Snapshot> {
  const pointer = await readTextFile(join(directory, "current"));
  if (pointer === undefined) return { number: 0, accounts: {} };
  const number = Number(/^accounts\.(\d+)\.json\n$/.exec(pointer)?.[1] ?? NaN);
  if (Number.isNaN(number)) throw new Error(`${directory}/current says ${JSON.stringify(pointer)}`);
  const accounts = await readJsonFile<Accounts>(join(directory, snapshotName(number)));
  if (accounts === undefined) throw new Error(`${directory}/current names a snapshot that is not there`);
  return { number, accounts };
}

/** All accounts. A snapshot that a writer removed meanwhile is looked up anew. */
export async function readAccounts(directory: string): Promise<Accounts> {
  for (let tries = 1;; tries++) {
    try {
      return (await readCurrent(directory)).accounts;
    } catch (error) {
      if (tries === 3) throw error;
    }
  }
}

/** Adds accounts, or changes those with the same key; answers all of them. Waits for other writers. */
export async function putAccounts(directory: string, accounts: Accounts, lock: LockOptions = {}): Promise<Accounts> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const pointer = join(directory, "current");
  return await withLock(pointer, async (held) => {
    const { number, accounts: known } = await readCurrent(directory);
    const all = { ...known, ...accounts };
    // A writer that died here left a snapshot that nothing points to; it is replaced.
    await writeJsonFile(join(directory, snapshotName(number + 1)), all, { ...secret, space: 2 });
    await writeFile(pointer, `${snapshotName(number + 1)}\n`, { ...secret, lock: held });
    await removeFile(join(directory, snapshotName(number + 1 - keptSnapshots)));
    return all;
  }, lock);
}
