/**
 * That what is published has taken effect is known when `activate` has returned. A process that is killed before owes
 * it, and a symlink beside the published path says so:
 *
 * 1. `oweActivation`, durable before the switch, where an `activate` is to follow.
 * 2. It goes when one has returned: everything owed before has been made up for by the same call (activate_publication.ts).
 *
 * A process that is killed between the two, before the switch, owes nothing: the symlink that was to be the next one is
 * there still (`isSwitched`). After the switch the debt stays, whatever is published without an `activate` in the
 * meantime, until a publication, a roll-back or a recovery has activated. One too many does no harm.
 */
import { type Operation, wait } from "../core/operation.ts";
import type { ParentDirectory } from "../protocol/directories.ts";
import {
  type GenerationName,
  generationName,
  generationTarget,
  parseGenerationName,
} from "../protocol/names/generation.ts";

/** A name of a publication, as it was found. */
interface Named {
  readonly name: string;
  readonly parsed: GenerationName;
}

/** The name that says that the switch of this name is to be followed by an activation. */
export const activationName = (name: GenerationName): string => generationName({ ...name, kind: "activation" });

/** Says so of the switch to `text`. Durable with the next sync of the directory. */
export function* oweActivation(home: ParentDirectory, name: GenerationName, text: string): Operation<void> {
  yield* wait(home.names.symbolicLink(text, activationName(name)));
}

/** Whether the switch that a debt is about has happened, as far as the names beside it tell. */
export const isSwitched = (debt: Named, found: readonly Named[]): boolean =>
  !found.some(({ parsed: { id, kind } }) => id === debt.parsed.id && (kind === "publication" || kind === "switch"));

/** Debts of publications in a directory, by what is published: names only, whosever they are. */
export function* activationsIn(home: ParentDirectory): Operation<Map<string, Named[]>> {
  const found: Named[] = [];
  for (const { name, kind } of (yield* wait(home.names.readDirectory())) ?? []) {
    const parsed = parseGenerationName(name, kind);
    if (parsed !== undefined) found.push({ name, parsed });
  }
  const owed = new Map<string, Named[]>();
  for (const each of found) {
    if (each.parsed.kind !== "activation" || !isSwitched(each, found)) continue;
    const target = generationTarget(each.parsed.target);
    const others = owed.get(target);
    if (others === undefined) owed.set(target, [each]);
    else others.push(each);
  }
  return owed;
}
