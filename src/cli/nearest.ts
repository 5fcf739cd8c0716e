/** "Did you mean": the name that differs least from what was typed, if it differs little. */

/** Insertions, deletions and replacements that make `from` into `to`. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [line, letter] of [...from].entries()) {
    const next = [line + 1];
    for (let column = 1; column <= to.length; column++) {
      const replaced = (row[column - 1] ?? 0) + (letter === to[column - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}

/** The nearest of some names, or undefined when none is near. */
export function nearest(typed: string, names: readonly string[]): string | undefined {
  const ranked = names.map((name) => ({ name, distance: distance(typed, name) }));
  const [first] = ranked.sort((a, b) => a.distance - b.distance);
  return first !== undefined && first.distance <= Math.max(typed.length < 4 ? 1 : 2, typed.length * 0.4)
    ? first.name
    : undefined;
}
