/**
 * Several writes that go side by side: the content of all is written before the first sync waits for the disk, and each
 * directory is synced once for all that were renamed in it.
 *
 * 1. `join`, for each write before any of them begins: what it gets goes into its plan. 2. The write waits at two places:
 * with `staged` before it syncs its file, and in `shareSync` before it syncs its directory, until all others have come
 * as far. 3. `leave`, however it ends.
 *
 * A write that fails, is superseded or finds equal content leaves early, so nobody waits for it. A write waits for
 * others of its round alone, and only where it holds nothing that they could need: not within its turn (commit_turn.ts).
 */
import type { Awaitable } from "../core/operation.ts";
import type { OpenFile } from "../runtime/runtime.ts";
import type { WholeSync } from "./whole_sync.ts";

/** How far a write has come: its content is complete but not synced, or its name is in place but not durable. */
type Milestone = "staged" | "committed";

/** The writes of a round that have not come to a milestone. */
class Gate {
  #missing = 0;
  #waiting: (() => void)[] = [];

  expect(): void {
    this.#missing++;
  }

  pass(): void {
    if (--this.#missing > 0) return;
    for (const resume of this.#waiting.splice(0)) resume();
  }

  /** Undefined when all have passed. */
  opened(): Promise<void> | undefined {
    return this.#missing === 0 ? undefined : new Promise((resume) => this.#waiting.push(resume));
  }
}

/** What of a round its writes share. */
interface RoundState {
  readonly writes: number;
  readonly gates: Readonly<Record<Milestone, Gate>>;
  /** Instead of a sync for each file. */
  readonly whole: WholeSync | undefined;
  /** The sync of each directory, from its beginning. */
  readonly syncs: Map<string, Awaitable<number>>;
}

/** A write's part in its round. */
export class RoundPart {
  readonly #shared: RoundState;
  readonly #passed = new Set<Milestone>();
  #isTaken = false;

  /** All of a round share one object. */
  constructor(shared: RoundState) {
    this.#shared = shared;
    for (const gate of Object.values(shared.gates)) gate.expect();
  }

  /** What syncs all of the round at once. */
  get whole(): WholeSync | undefined {
    return this.#shared.whole;
  }

  /** The same, for content that is complete; undefined from the second time on, for it covers what was there before. */
  takeWhole(): WholeSync | undefined {
    const whole = this.#isTaken ? undefined : this.#shared.whole;
    this.#isTaken = true;
    return whole;
  }

  /**
   * Waits until the content of all others is complete, too. Until then the medium gets what it can of this one's: if a
   * journaling file system knows the blocks of all when the first is synced, that sync is nearly the last that waits.
   */
  staged(file: Pick<OpenFile, "startWriteBack">): Awaitable<void> {
    const started = this.#shared.writes > 1 ? file.startWriteBack?.() : undefined;
    return started === undefined ? this.#reach("staged") : started.then(() => this.#reach("staged"));
  }

  /**
   * The sync of the directory `key` for all of the round: begun by the first who asks, once all have been renamed. After
   * one that failed the next who asks begins another.
   */
  async shareSync(key: string, begin: () => Awaitable<number>): Promise<number> {
    await this.#reach("committed");
    const { syncs } = this.#shared;
    let sync = syncs.get(key);
    if (sync === undefined) syncs.set(key, sync = begin());
    try {
      return await sync;
    } catch (error) {
      if (syncs.get(key) === sync) syncs.delete(key);
      throw error;
    }
  }

  /** Nobody needs to wait for it any more. */
  leave(): void {
    this.#pass("committed");
  }

  #reach(milestone: Milestone): Promise<void> | undefined {
    this.#pass(milestone);
    return this.#shared.gates[milestone].opened();
  }

  /** A file that has reached the second milestone has reached the first. */
  #pass(milestone: Milestone): void {
    const passed: readonly Milestone[] = milestone === "staged" ? ["staged"] : ["staged", "committed"];
    for (const each of passed) {
      if (this.#passed.has(each)) continue;
      this.#passed.add(each);
      this.#shared.gates[each].pass();
    }
  }
}

/** Parts in a round of so many writes. */
export function makeRound(writes: number, whole?: WholeSync): RoundPart[] {
  const shared: RoundState = { writes, whole, gates: { staged: new Gate(), committed: new Gate() }, syncs: new Map() };
  return Array.from({ length: writes }, () => new RoundPart(shared));
}
