/**
 * What the copies of this module in one process share, for simulated processes of their own.
 *
 * Turns and the like hang on `globalThis` under names that begin alike, so that two copies of the module share them. Two
 * simulated processes in one real one must not: while one of them runs, its own values hang there.
 */
import { withRuntime } from "../../runtime/current.ts";
import type { Runtime } from "../../runtime/runtime.ts";

const prefix = "@durable/atomic-write/";
/** Which operation a call belongs to, and which machine is its own, must be known to all of them. */
const exempt = [`${prefix}schedule-operation/`, `${prefix}ambient-runtime/`];

type Holder = Record<symbol, unknown>;

function sharedSymbols(): symbol[] {
  return Object.getOwnPropertySymbols(globalThis).filter((symbol) => {
    const { description = "" } = symbol;
    return description.startsWith(prefix) && !exempt.some((name) => description.startsWith(name));
  });
}

/** The values of one simulated process. */
type Realm = Map<symbol, unknown>;

/** Takes what hangs on `globalThis` off it. */
export function leaveRealm(): Realm {
  const holder = globalThis as unknown as Holder;
  const realm: Realm = new Map();
  for (const symbol of sharedSymbols()) {
    realm.set(symbol, holder[symbol]);
    delete holder[symbol];
  }
  return realm;
}

/** Hangs the values of a process there. */
export function enterRealm(realm: Realm): void {
  const holder = globalThis as unknown as Holder;
  for (const [symbol, value] of realm) holder[symbol] = value;
}

/** A process whose values hang on `globalThis` while it runs. */
export interface RealmOwner {
  /** Its values, when it does not run. */
  values: Realm;
  /** The same as text, after its last step. */
  text: string;
}

/** Which of several processes runs. */
export class RealmSwitch {
  #inside: RealmOwner | undefined;

  /** Lets a process run, instead of the last one. */
  enter(owner: RealmOwner): void {
    if (owner === this.#inside) return;
    this.leave();
    leaveRealm();
    enterRealm(owner.values);
    this.#inside = owner;
  }

  /** Lets none run any more. */
  leave(): void {
    if (this.#inside !== undefined) this.#inside.values = leaveRealm();
    this.#inside = undefined;
  }

  /** Whether the process that runs has changed what its operations share, since this was asked for the last time. */
  isChanged(): boolean {
    const text = realmText();
    const changed = this.#inside !== undefined && this.#inside.text !== text;
    if (this.#inside !== undefined) this.#inside.text = text;
    return changed;
  }
}

/** Runs something as a process of its own, on this machine. */
export async function inNewRealm<T>(runtime: Runtime, body: () => T | PromiseLike<T>): Promise<T> {
  const before = leaveRealm();
  try {
    return await withRuntime(runtime, body);
  } finally {
    leaveRealm();
    enterRealm(before);
  }
}

/** What of the values of a process is still taken or waited for: nothing, when all its operations have ended. */
export function takenIn(realm: Realm): string[] {
  const taken: string[] = [];
  for (const [symbol, value] of realm) {
    const tables = value instanceof Map ? [value] : isTable(value) ? Object.values(value as object) : [];
    for (const table of tables) {
      if (!(table instanceof Map) || table.size === 0) continue;
      taken.push(`${symbol.description}: ${JSON.stringify(table, plain)}`);
    }
  }
  return taken;
}

const plain = (_key: string, value: unknown): unknown =>
  value instanceof Map || value instanceof Set ? [...value] : typeof value === "function" ? "" : value;

/** What hangs there now, as text: differs when a turn was taken, given back, or waited for. */
function realmText(): string {
  const holder = globalThis as unknown as Holder;
  return sharedSymbols().map((symbol) => {
    const value = holder[symbol];
    return value instanceof Map || isTable(value) ? JSON.stringify(value, plain) : "";
  }).join();
}

/** Plain objects that hold maps; not, say, an AsyncLocalStorage. */
function isTable(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.values(value).some((part) => part instanceof Map);
}
