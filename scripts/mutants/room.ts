/** Mistakes in how many calls have files open at once. */
import type { Mutant } from "./mutant.ts";

const tests = ["tests/protocol/room_test.ts"];

export const roomMutants: readonly Mutant[] = [
  {
    name: "every lock of a transaction has a descriptor, be there enough or not",
    file: "src/lock/lock_files.ts",
    from: `  if (giveShare === undefined) {`,
    to: `  if (giveShare === null) {`,
    tests,
  },
  {
    name: "a lock keeps its share of the descriptors when it is given back",
    file: "src/lock/lock_hold.ts",
    from: `      this.giveShare?.();
`,
    to: ``,
    tests,
  },
  {
    name: "what stays open takes no place",
    file: "src/protocol/room.ts",
    from: `  if (engine.synchronous || places.has(engine)) return noPlace;`,
    to: `  if (engine.runtime !== undefined) return noPlace;`,
    tests,
  },
  {
    name: "who waits for a lock keeps his place",
    file: "src/protocol/room.ts",
    from: `  if (here === undefined || (here.room !== holders && here.room !== innerHolders)) return`,
    to: `  if (holders !== innerHolders) return`,
    tests,
  },
  {
    name: "all that a callback starts is let in at once",
    file: "src/lock/room_for.ts",
    from: `{ signal, beyond: joins(lock) }, () =>`,
    to: `{ signal, beyond: joins(lock) || name === "inner" }, () =>`,
    tests,
  },
  {
    name: "what is held keeps others waiting while nobody uses the descriptors",
    file: "src/protocol/waiting_room.ts",
    from: `    return beyond <= 0 ? patience :`,
    to: `    return beyond <= 0 ? longestPatience :`,
    tests,
  },
  {
    name: "the drop-in waits for no room",
    file: "src/compat/write_file_atomic.ts",
    from: `inRoomFor({ engine }, asks, () => replaceFile(replacement, filling))`,
    to: `replaceFile(replacement, filling)`,
    tests,
  },
  {
    name: "publications wait for no room",
    file: "src/publication/with_publication.ts",
    from:
      `  return yield* inRoom(engine, "sets", { signal }, () => withPublicationIn(request, attempt, body, refuse));`,
    to: `  return yield* withPublicationIn(request, attempt, body, refuse);`,
    tests,
  },
];
