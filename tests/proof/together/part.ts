/**
 * What operations that meet have in common: an operation is a part, done at a place, with a word of its own.
 *
 * A part says what is there before, what it does, and what readers see of it: `keys`, each of which has one version at a
 * time. It tells what it may be held to: `done(key, version)`, this version is durable from now on; `overtaken(key)`, whatever
 * is there is durable from now on; `found(key)`, something that was there while it was at work is; `fact`, anything that its own `check` knows. Everything else is the meeting's to check
 * (meeting.ts), the same for all.
 */
import type { Runtime } from "../../../src/runtime/runtime.ts";
import type { WriteResult } from "../../../mod.ts";
import type { InitialEntry, MemoryRuntime } from "../../../src/testing/mod.ts";

/** What a name leads to where it leads to nothing. */
export const absent = "(none)";

/** What a part may be held to. */
export interface Tell {
  /** That version, which is its own, is durable from now on, or a later one. */
  done(key: string, version: string): void;
  /** Whatever is seen at this moment, which a later call has brought there, is durable from now on. */
  overtaken(key: string): void;
  /** What was seen at some moment since it began, and was as it should be, is durable from now on, or a later version. */
  found(key: string): void;
  /** The call is made now: before it there were steps of the part's own. */
  calls(): void;
  /** Something that the part's own check knows, and that is durable from now on. */
  durable(fact: string): void;
  /** Something that the part's own check knows. */
  fact(fact: string): void;
}

/** What a part's own check may know. */
export interface Found {
  readonly facts: readonly string[];
  /** Whether another process's sync failed while the operation was at work, which nobody can tell it. */
  readonly inDoubt: boolean;
  /** What readers have seen of a key since the beginning. */
  readonly seen: (key: string) => readonly string[];
  /** What recovery has called neither the old file nor the new one, and has left alone. */
  readonly conflicts: readonly string[];
}

/** An operation at a place. */
export interface Part {
  readonly files?: Readonly<Record<string, string | InitialEntry>>;
  readonly setup?: (machine: MemoryRuntime) => unknown;
  /** Answers what says whether it was superseded, if that is said. */
  readonly run: (runtime: Runtime, tell: Tell, signal: AbortSignal) => Promise<WriteResult | void>;
  /** What readers see, by key. */
  readonly keys?: Readonly<Record<string, (machine: MemoryRuntime) => string>>;
  /** Versions that only this operation leads to, by key: what `targetState` is about. */
  readonly writes?: Readonly<Record<string, (version: string) => boolean>>;
  /** Versions that recovery may bring although nobody has seen them before the power cut. */
  readonly plans?: Readonly<Record<string, string>>;
  /** Whether it changes its target under the target's lock, as transactions do. */
  readonly locked?: boolean;
  /** Whether it may find that nothing is to be done, and say so by `found`. */
  readonly finds?: boolean;
  /** Whether what it calls durable may rely on what others have put there. */
  readonly rests?: boolean;
  /** The version it leads to, where calls of one process take effect in the order they were made. */
  readonly ordered?: string;
  /** Names of errors that are no failure where somebody else has changed the target without its lock. */
  readonly refusals?: readonly string[];
  /** Throws when the disk is not as the facts oblige. */
  readonly check?: (machine: MemoryRuntime, found: Found) => void;
  /** What the program does when it starts again, beside recovering transactions. */
  readonly recover?: (machine: MemoryRuntime) => void;
}

/** A kind of operation. */
export interface Kind {
  readonly name: string;
  /** Operations of one family can have one target. */
  readonly family: "file" | "directory" | "publication" | "store" | "reference" | "log";
  /** Whether it must find nothing at its target. */
  readonly onlyNew?: boolean;
  readonly at: (path: string, word: string) => Part;
}

/** What a file is to readers. */
export const textAt = (path: string) => (machine: MemoryRuntime): string => machine.readText(path) ?? absent;
