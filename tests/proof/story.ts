/**
 * Operations as stories: some steps, each of which brings what they are about from one state to the next. What the
 * caller is told of a step decides which states a disk may show from then on:
 *
 * - a step has begun: its state, or one before it; it has succeeded: its state, or a later one;
 * - it was refused with `targetState: "unchanged"`: not its state.
 *
 * Three proofs run over all stories: whatever sync is left out or tried again is missed (sync_controls_test.ts), a call
 * fails and then the power goes (fault_then_cut_test.ts), and the lock is lost at every call (lock_lost_test.ts).
 */
import { FileError } from "../../mod.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import {
  type MemoryOptions,
  type MemoryRuntime,
  memoryRuntime,
  type SeamCall,
  SystemError,
} from "../../src/testing/mod.ts";

/** One step: what is called, and what takes which lock. */
export interface Step {
  readonly name: string;
  run(runtime: Runtime): unknown;
  /** What is locked while it changes something, if anything is. */
  readonly lock?: string;
  /** The call that changes something (`METHOD PATH → PATH`); default: the first that changes a name that is not ours. */
  readonly commit?: RegExp;
  /** How many calls of the commit there are after the last look at the lock, where they are more than usual. */
  readonly window?: number;
  /** That the lock was lost between the last look at it and the change is told by nobody: what follows is not undone. */
  readonly untold?: true;
  /** What the lock keeps away can only be told from what it was afterwards: then it is looked at, before anybody is told. */
  readonly looksAfter?: true;
}

/** Some steps. */
export interface Story {
  readonly name: string;
  readonly machine?: MemoryOptions;
  /** The directory that it is about. */
  readonly home: string;
  /** What is done before, and is durable. */
  setup?(machine: MemoryRuntime): void;
  readonly steps: readonly Step[];
  /** Whether this is a whole disk on which exactly the first `done` steps have been made. Throws for what is damaged. */
  shows(machine: MemoryRuntime, done: number): boolean;
  /** What a program does when it starts again. */
  recover?(machine: MemoryRuntime): void;
  /** Syncs that this story cannot miss. */
  readonly spare?: readonly SpareSync[];
}

/** A sync that can be left out of a story, or fail and be made again, without anything being lost in it. */
export interface SpareSync {
  /** Which: `STEP sync PATH`, with the number of the sync of that path in that step. */
  readonly call: RegExp;
  /** Only left out: when it fails, what another one would have made durable is lost. */
  readonly only?: "left out";
  readonly because: string;
}

/** What the caller of a step is told. */
export type Fact = { readonly begun: number } | { readonly done: number } | { readonly refused: number };

/** What a step returns that has found nothing to do, and so promises nothing of what an attempt before it has done. */
export const NOTHING_DONE: unique symbol = Symbol("nothing done");

/** Runs the steps, each once more when it has failed; stops at one that fails twice. */
export function tell({ steps }: Story, runtime: Runtime, acknowledge: (fact: Fact) => void): void {
  for (const [index, step] of steps.entries()) {
    // What one attempt may have left is there, whatever the next one says of itself.
    let isCertain = true;
    for (let tries = 1;; tries++) {
      acknowledge({ begun: index + 1 });
      try {
        if (step.run(runtime) === NOTHING_DONE) return;
        acknowledge({ done: index + 1 });
        break;
      } catch (error) {
        // What fails in a callback of the caller's own comes as it is.
        if (!FileError.is(error) && !(error instanceof SystemError)) throw error;
        isCertain &&= FileError.is(error) && error.targetState === "unchanged";
        if (isCertain) acknowledge({ refused: index + 1 });
        if (tries === 2) return;
      }
    }
  }
}

/** Throws unless the disk shows a state that may be there, after all that was told. */
export function checkStory(story: Story, machine: MemoryRuntime, facts: readonly Fact[]): void {
  let least = 0;
  let most = 0;
  // check-tests: allow -- before the first step nothing was told
  for (const fact of facts) {
    if ("begun" in fact) most = Math.max(most, fact.begun);
    else if ("done" in fact) least = fact.done;
    else most = fact.refused - 1;
  }
  story.recover?.(machine);
  for (let done = least; done <= most; done++) if (story.shows(machine, done)) return;
  const files = JSON.stringify(machine.files());
  throw new Error(`neither of the states ${least} to ${most} is there: ${files}; told: ${JSON.stringify(facts)}`);
}

/** A machine for a story, with what was done before and the first `done` steps. */
export function machineOf(story: Story, done = 0): MemoryRuntime {
  const machine = memoryRuntime(story.machine);
  story.setup?.(machine);
  for (const step of story.steps.slice(0, done)) step.run(machine);
  machine.syncAll();
  return machine;
}

/** Whether a call is about a lock file, whose content and fate make no difference to what is kept. */
export const isOfLock = ({ path }: SeamCall): boolean => /\.lock(\/|$)|\.lock\.[a-z2-7]{26}\./.test(path);
