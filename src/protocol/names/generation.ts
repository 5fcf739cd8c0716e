/**
 * The names that publishing directories puts on disk, all beside the published one.
 *
 *     .NAME.TIME.RANDOM.building      a generation that is being built; nobody's once its lock is free
 *     .NAME.TIME.RANDOM.generation    one that is or was published; the symlink NAME says which is now
 *     .NAME.TIME.RANDOM.discarded     one that is being removed
 *     .NAME.TIME.RANDOM.withdrawn     a symlink: the generation with the same RANDOM was gone back from at TIME
 *     .NAME.TIME.RANDOM.publication   a symlink to the generation that is about to be published: the next NAME
 *     .NAME.TIME.RANDOM.switch        a symlink to one that was published before: the next NAME
 *     .NAME.TIME.RANDOM.adoption      a symlink to what a plain directory NAME is going to be called: the next NAME
 *     .NAME.TIME.RANDOM.activation    a symlink: the switch of the same RANDOM is to be followed by an activation
 *     .NAME.generations.lock          the lock of all of these
 *
 * TIME of a generation is when it was published: later than that of every one before.
 */
import type { EntryKind } from "../../runtime/runtime.ts";
import { randomGrammar, shortenName, temporaryTargetLimit, timeOf, timePart } from "./names.ts";

const directories = ["building", "generation", "discarded"] as const;
const links = ["withdrawn", "publication", "switch", "adoption", "activation"] as const;

/** What one of these names says. */
export interface GenerationName {
  /** The published name, perhaps shortened. */
  readonly target: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly id: string;
  readonly kind: typeof directories[number] | typeof links[number];
}

/** How these names name what is published. */
export const generationTarget = (name: string): string => shortenName(name, temporaryTargetLimit);

/** One of these names. */
export const generationName = ({ target, time, id, kind }: GenerationName): string =>
  `.${generationTarget(target)}.${timePart(time)}.${id}.${kind}`;

const pattern = new RegExp(`^\\.(.+)\\.([^.]+)\\.(${randomGrammar})\\.(${[...directories, ...links].join("|")})$`, "s");

/** Reads one of these names; undefined for every other name, and for what is not the right kind of thing. */
export function parseGenerationName(name: string, entry: EntryKind): GenerationName | undefined {
  const [, target = "", part = "", id = "", word] = pattern.exec(name) ?? [];
  const time = timeOf(part);
  if (time === undefined) return undefined;
  const kind = word as GenerationName["kind"];
  const isDirectory = directories.some((each) => each === kind);
  return entry === (isDirectory ? "directory" : "symlink") ? { target, time, id, kind } : undefined;
}

/** The name whose lock is that of everything that is published under `target`. */
export const generationsName = (target: string): string => `.${generationTarget(target)}.generations`;
