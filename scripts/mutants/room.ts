/** Mistakes in how many calls have files open at once. */
import type { Mutant } from "./mutant.ts";

const tests = ["tests/protocol/room_test.ts"];
const orders = ["tests/protocol/waiting_room_test.ts"];

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
    name: "a waiter for a lock keeps its place in the room",
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
  {
    name: "waiters after a large one that gives up are not woken",
    file: "src/protocol/waiting_room.ts",
    from: `        this.#admitWaiting();
      });`,
    to: `      });`,
    tests: orders,
  },
  {
    name: "a waiter that gives up stays in the queue",
    file: "src/protocol/waiting_room.ts",
    from: `        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
`,
    to: ``,
    tests: orders,
  },
  {
    name: "a task that pauses as the watch ends is watched by nobody",
    file: "src/protocol/waiting_room.ts",
    from: `    // At once: a call that rests from now on must find that nobody watches.
    this.#watched = false;`,
    to: `    void Promise.resolve().then(() => this.#watched = false);`,
    tests: orders,
  },
  {
    name: "leaving one room admits nobody to the others",
    file: "src/protocol/waiting_room.ts",
    from: `    for (const room of this.#rules.budget.rooms) if (room.#waiting.length > 0) room.#admitWaiting();`,
    to: `    this.#admitWaiting();`,
    tests: orders,
  },
  {
    name: "nobody is admitted to a room any more once a task inside pauses",
    file: "src/protocol/waiting_room.ts",
    from: `    if (this.#waiting.length > 0) this.#watch();
  }

  /** It goes on`,
    to: `  }

  /** It goes on`,
    tests: orders,
  },
  {
    name: "somebody is let in beyond the bound while somebody inside works",
    file: "src/protocol/waiting_room.ts",
    from: `this.#waiting.length > 0 && this.#resting >= this.inside;`,
    to: `this.#waiting.length > 0 && this.#resting > 0;`,
    tests: orders,
  },
  {
    name: "a task that gives up as it comes back leaves its room twice",
    file: "src/protocol/room.ts",
    from: `    if (!isBack) yield* wait(here.room.enter(here.weight, { beyond: true }));`,
    to: `    if (!isBack) here.weight.toString();`,
    tests: orders,
  },
  {
    name: "closing something that is in use never ends",
    file: "src/protocol/room.ts",
    from: `        if (kept > 0) {
          rests += resting;`,
    to: `        if (kept >= 0) {
          rests += resting;`,
    tests: orders,
  },
];
