/**
 * What a machine did, and every instant at which losing power would make a difference.
 *
 * An instant is kept after each call that changed the disk, and after each fact that was acknowledged: facts oblige from
 * the moment they are known. Between two instants nothing happens that a power cut could interrupt: a sync that is cut
 * short is one that has not happened yet, for of what is pending any part may have arrived at any time.
 */
import type { DiskImage } from "../machine/disk_node.ts";
import { observed } from "../faults/awaited.ts";
import type { Around, SeamCall } from "../faults/intercept.ts";
import type { Machine } from "../machine/machine.ts";
import { type CallResult, pathShower, TraceWriter } from "../trace_lines.ts";

/** An instant at which the power may be cut. */
export interface Instant {
  readonly image: DiskImage;
  /** How many facts had been acknowledged. */
  readonly facts: number;
  /** How many calls had ended. */
  readonly calls: number;
  /** What the clock showed. */
  readonly now: number;
}

/** Watches one life of a machine. */
export class CrashRecorder {
  readonly instants: Instant[] = [];
  readonly facts: unknown[];
  readonly #events: { readonly call: SeamCall; readonly result: CallResult }[] = [];
  #machine: Machine | undefined;
  #version = -1;

  /** A recorder that goes on from facts known before. */
  constructor(facts: readonly unknown[] = []) {
    this.facts = [...facts];
  }

  /** How many calls have ended. */
  get calls(): number {
    return this.#events.length;
  }

  /** Hand this to the machine. */
  readonly around: Around = (call, proceed) =>
    observed(proceed, (result) => {
      if (this.#machine === undefined) return;
      this.#events.push({ call, result });
      if (this.#machine.disk.version !== this.#version) this.#mark(this.#machine);
    });

  /** From here on, watches. */
  start(machine: Machine): void {
    this.#machine = machine;
    this.#mark(machine);
  }

  /** From here on, does not watch. */
  stop(): void {
    this.#machine = undefined;
  }

  /** Something is promised to hold from now on. */
  readonly acknowledge = (fact: unknown): void => {
    this.facts.push(fact);
    if (this.#machine !== undefined) this.#mark(this.#machine);
  };

  /** The first `count` calls as lines. */
  trace(count = this.#events.length): string[] {
    const writer = new TraceWriter(pathShower(undefined, undefined));
    return this.#events.slice(0, count).map(({ call, result }) => writer.line(call, result));
  }

  #mark(machine: Machine): void {
    this.#version = machine.disk.version;
    this.instants.push({
      image: machine.disk.snapshot(),
      facts: this.facts.length,
      calls: this.#events.length,
      now: machine.scheduler.now(),
    });
  }
}
