/** How many calls and targets the order of commits still remembers: nothing may pile up there. */

interface TurnTable {
  undecided: number;
  targets: Map<string, unknown>;
  idle: Set<string>;
}

/** What the table that all copies of the module share holds at this moment. */
export function commitTurnsInUse(): { undecided: number; targets: number; idle: number } {
  const table = Reflect.get(globalThis, Symbol.for("@durable/atomic-write/commit-turns/2")) as TurnTable | undefined;
  return { undecided: table?.undecided ?? 0, targets: table?.targets.size ?? 0, idle: table?.idle.size ?? 0 };
}
