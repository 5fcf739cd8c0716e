/**
 * What a power cut may leave of one directory.
 *
 * Every change of its entries since its last sync is kept or lost as a whole, whatever became of the others; those kept
 * are done in the order in which they were made. So a rename within the directory never happens by half; a file renamed
 * to another directory may be found under both names, or under neither; a name given twice may lead to the first, the
 * second, or the old. A change that was made later may be kept where an earlier one of the same name was lost: what it
 * says of its names then simply holds.
 *
 * Changes of mode and owner are kept or lost likewise.
 */
import {
  applyAssignments,
  applyAttributes,
  type Attributes,
  type DirectoryChange,
  type DirectoryNode,
  fateAt,
  inOrder,
} from "../machine/disk_node.ts";
import type { SeededRandom } from "../random.ts";

/** A state, and what tells it from others. */
export interface DirectoryOutcome {
  readonly attributes: Attributes;
  readonly entries: ReadonlyMap<string, number>;
  readonly key: string;
}

interface State {
  readonly attributes: Attributes;
  readonly entries: ReadonlyMap<string, number>;
}

function applied(state: State, change: DirectoryChange): State {
  if (change.kind !== "entries") return { ...state, attributes: applyAttributes(state.attributes, change) };
  const entries = new Map(state.entries);
  applyAssignments(entries, change.assignments);
  return { entries, attributes: { ...state.attributes, modified: change.modified } };
}

/** Tells states apart by the names that changed. */
function changedKey(state: State, names: readonly string[]): string {
  const { mode, user, group } = state.attributes;
  return `${mode} ${user} ${group} ${names.map((name) => state.entries.get(name) ?? "").join(",")}`;
}

/** Tells states of any directory apart. */
function wholeKey(state: State): string {
  const { mode, user, group } = state.attributes;
  const names = [...state.entries.keys()].sort();
  return `${mode} ${user} ${group} ${names.map((name) => `${name}/${state.entries.get(name)}`).join("/")}`;
}

const outcome = (state: State): DirectoryOutcome => ({ ...state, key: wholeKey(state) });

/** Every distinct outcome behind `level` barriers, all lost first; undefined when there are more than `limit`. */
export function directoryOutcomes(node: DirectoryNode, level: number, limit: number): DirectoryOutcome[] | undefined {
  const links = inOrder(node.changes);
  const names = new Set<string>();
  for (const { change } of links) {
    if (change.kind === "entries") { for (const [name] of change.assignments) names.add(name); }
  }
  const changed = [...names];
  const start: State = { attributes: node.durable, entries: node.durableEntries };
  let states = new Map([[changedKey(start, changed), start]]);
  for (const link of links) {
    const { change } = link;
    const fate = fateAt(link, level);
    if (fate === "lost") continue;
    const next = fate === "kept" ? new Map<string, State>() : new Map(states);
    for (const state of states.values()) {
      const after = applied(state, change);
      const key = changedKey(after, changed);
      if (!next.has(key)) next.set(key, after);
    }
    if (next.size > limit) return undefined;
    states = next;
  }
  return [...states.values()].map(outcome);
}

/** One outcome by chance behind `level` barriers: each change is lost with probability `loss`. */
export function chanceDirectoryOutcome(
  node: DirectoryNode,
  level: number,
  random: SeededRandom,
  loss: number,
): DirectoryOutcome {
  let state: State = { attributes: node.durable, entries: node.durableEntries };
  for (const link of inOrder(node.changes)) {
    const fate = fateAt(link, level);
    if (fate === "kept" || (fate !== "lost" && !random.chance(loss))) state = applied(state, link.change);
  }
  return outcome(state);
}
