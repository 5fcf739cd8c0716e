/**
 * How many calls of one process have files open at once: the others wait their turn, so that thousands of writes started
 * together need no more descriptors than the process may have.
 *
 * 1. `inRoom` around everything of a call that opens files. There are four rooms for calls: `"calls"` for those that wait
 *    for nothing but the disk, `"callers"` for those that may wait for a lock, a callback or a source, `"inner"` for those
 *    that a callback of a caller waits for, and `"sets"` for those that do that with many files. A call is in one of them
 *    once; a call that waits within one room for another call in it could wait forever.
 * 2. `idly` around what a call waits for and the disk does not owe. When all in a room only wait so, the newest outside is
 *    let in after a while (waiting_room.ts).
 * 3. `keepPlace` before something is opened that stays open after the call, until its owner closes it: a lock, a log, a
 *    file that is written piece by piece. `settle` says how much of it stays; from then on it rests, but for what is done
 *    `busily`. What is opened inside a lock's callback has a room of its own: those outside wait for it.
 * 4. What works on many files at once works on `lanesFor` of them, and has no more of their directories open; each lock
 *    that it holds during that time takes its share of what may stay open (`takeLockShare`), or is of a kind that needs
 *    none. A round of puts has `putsFor` objects.
 *
 * How many that are (room_shares.ts) is asked of the system when a third call comes, or a set: one alone costs nothing. A
 * synchronous call has nobody beside it. The rooms hang on `globalThis`, so that two copies of the module share them.
 */
import { type Awaitable, type Operation, wait } from "../core/operation.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { type Engine, makeEngine } from "./engine.ts";
import { costs, fewestHeld, perReader, type RoomName, type Shares, sharesFor, sure } from "./room_shares.ts";
import { Budget, type RoomEntry, WaitingRoom } from "./waiting_room.ts";

/** All rooms of a process. */
interface Rooms extends Record<RoomName, WaitingRoom> {
  readonly shares: () => Shares;
}

const tableName = Symbol.for("@durable/atomic-write/rooms/4");

/** Two calls, or one set, are let in before the system is asked how many there may be. */
const least: Readonly<Record<RoomName, number>> = {
  calls: 2,
  callers: 2,
  inner: 2,
  sets: 1,
  holders: fewestHeld,
  innerHolders: fewestHeld,
};

function roomsOf(runtime: Runtime): Rooms {
  const holder = globalThis as { [tableName]?: WeakMap<object, Rooms> };
  const table = holder[tableName] ??= new WeakMap();
  let rooms = table.get(runtime.process.isolate);
  if (rooms === undefined) table.set(runtime.process.isolate, rooms = emptyRooms(runtime));
  return rooms;
}

function emptyRooms(runtime: Runtime): Rooms {
  const { clock } = runtime;
  let known: Shares | undefined;
  const shares = () => known ??= sharesFor(runtime);
  const budget = new Budget(sure, () => shares().free);
  const room = (name: RoomName) =>
    new WaitingRoom({
      clock,
      least: least[name],
      budget,
      cost: costs[name],
      most: () => shares()[name],
    });
  return {
    calls: room("calls"),
    callers: room("callers"),
    inner: room("inner"),
    sets: room("sets"),
    holders: room("holders"),
    innerHolders: room("innerHolders"),
    shares,
  };
}

/** How many files of a set are worked on at once. */
export const lanesFor = ({ runtime }: Engine): number => roomsOf(runtime).shares().lanes;

/** How many objects a round of puts has at most. */
export const putsFor = ({ runtime }: Engine): number => roomsOf(runtime).shares().puts;

/** A share of what may stay open for one more lock; answers how to give it back. Undefined: there is none. */
export function takeLockShare({ runtime }: Engine): (() => void) | undefined {
  const { holders, shares } = roomsOf(runtime);
  if (holders.inside >= shares().holders || !holders.tryEnter(1)) return undefined;
  holders.rest(1);
  return () => {
    holders.work(1);
    holders.leave(1);
  };
}

/** Where a call is that may wait, by its engine; and how many calls that is, where they share an engine. */
interface Whereabouts {
  readonly room: WaitingRoom;
  readonly weight: number;
  calls: number;
}

const places = new WeakMap<Engine, Whereabouts>();

/** Runs `body` when there is room for it. */
export function* inRoom<T>(
  engine: Engine,
  name: Exclude<RoomName, "holders" | "innerHolders">,
  entering: RoomEntry,
  body: () => Operation<T>,
): Operation<T> {
  if (engine.synchronous) return yield* body();
  const known = name === "calls" ? undefined : places.get(engine);
  const room = known?.room ?? roomsOf(engine.runtime)[name];
  yield* wait(room.enter(1, entering));
  const place = name === "calls" ? undefined : places.get(engine) ?? { room, weight: 1, calls: 0 };
  if (place !== undefined) {
    place.calls++;
    places.set(engine, place);
  }
  try {
    return yield* body();
  } finally {
    if (place !== undefined && --place.calls === 0) places.delete(engine);
    room.leave(1);
  }
}

/** A place for what stays open. */
export interface OpenPlace {
  /** It is open, and needs no more than this until it is closed. */
  settle(weight: number): void;
  /** Its owner does something with it, and waits for nothing but the disk. */
  busily<T>(body: () => Operation<T>): Operation<T>;
  /** It is closed; a second time does nothing. */
  leave(): void;
}

/** That of a synchronous call, which cannot wait for others, or of a call that has a place already. */
const noPlace: OpenPlace = { settle: () => {}, busily: (body) => body(), leave: () => {} };

/** How a place is taken. `inside`: by somebody who has another one, most likely. */
interface Keeping extends RoomEntry {
  readonly inside: boolean;
}

/** Takes a place for what needs `weight` descriptors while it is opened. */
export function* keepPlace(engine: Engine, weight: number, { inside, ...entering }: Keeping): Operation<OpenPlace> {
  if (engine.synchronous || places.has(engine)) return noPlace;
  const room = roomsOf(engine.runtime)[inside ? "innerHolders" : "holders"];
  yield* wait(room.enter(weight, entering));
  const here = { room, weight, calls: 1 };
  places.set(engine, here);
  let rests = 0;
  let kept = weight;
  const forget = () => void (places.get(engine) === here && places.delete(engine));
  return {
    settle(left) {
      forget();
      room.rest(rests = left);
      room.leave(kept - left);
      kept = left;
    },
    *busily(body) {
      const resting = rests;
      room.work(resting);
      rests = 0;
      try {
        return yield* body();
      } finally {
        // Else it was closed in the meantime.
        if (kept > 0) {
          rests += resting;
          room.rest(resting);
        }
      }
    },
    leave() {
      forget();
      room.work(rests);
      room.leave(kept);
      rests = kept = 0;
    },
  };
}

/**
 * Takes a place for what is read piece by piece, as its reader pleases: among what is opened by those who have a place
 * already, because programs that write often read in between.
 */
export function* keepReader({ runtime, synchronous }: Engine): Operation<OpenPlace> {
  // An engine of its own: other calls may share the one that is given, and are where they are.
  const place = yield* keepPlace(makeEngine(runtime, synchronous), perReader, { inside: true });
  place.settle(perReader);
  return place;
}

/** Waits, outside of the room, for a turn: nothing is open in the meantime that would need a place. */
export function* outside<T>(engine: Engine, entering: RoomEntry, value: Awaitable<T>): Operation<T> {
  const here = places.get(engine);
  const { holders, innerHolders } = roomsOf(engine.runtime);
  if (here === undefined || (here.room !== holders && here.room !== innerHolders)) return yield* idly(engine, value);
  here.room.leave(here.weight);
  let isBack = false;
  try {
    const result = yield* wait(value);
    yield* wait(here.room.enter(here.weight, entering));
    isBack = true;
    return result;
  } finally {
    // Whatever ended the call, it leaves once more.
    if (!isBack) yield* wait(here.room.enter(here.weight, { beyond: true }));
  }
}

/** Waits for what the disk does not owe. */
export function* idly<T>(engine: Engine, value: Awaitable<T>): Operation<T> {
  const here = places.get(engine);
  if (here === undefined || typeof value !== "object" || value === null || !("then" in value)) {
    return yield* wait(value);
  }
  here.room.rest(here.weight);
  try {
    return yield* wait(value);
  } finally {
    here.room.work(here.weight);
  }
}
