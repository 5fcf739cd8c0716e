/**
 * How many calls of one process have files open at once: the others wait their turn, so that thousands of writes started
 * together need no more descriptors than the process may have.
 *
 * 1. `inRoom` around everything of a call that opens files. There are three rooms for calls: `"calls"` for those that wait
 *    for nothing but the disk, `"callers"` for those that may wait for a lock, a callback or a source, and `"sets"` for
 *    those that do that with many files. A call is in one of them once; a call that waits within one room for another
 *    call in it could wait forever.
 * 2. `idly` around what a call in the other two rooms waits for and the disk does not owe. When all in a room only wait
 *    so, they may wait for somebody outside: after a while the newest outside (a call of one of them, most likely) is
 *    let in beyond the bound. So a queue never stands still.
 * 3. `keepPlace` before something is opened that stays open after the call, until its owner closes it: a file that is
 *    written piece by piece, a lock. That is the room of the `"holders"`, who are idle as long as they hold.
 * 4. What works on many files at once works on `lanesFor` of them, and has no more of their directories open; each lock
 *    that it holds meanwhile takes its share of the descriptors that are left (`takeLockShare`), or is of a kind that
 *    needs none. A round of puts has `putsFor` objects.
 *
 * How many that are is asked of the system when a third call comes, or a set: one alone costs nothing. A synchronous call has
 * nobody beside it. The rooms hang on `globalThis`, so that two copies of the module share them.
 */
import { onAbort } from "../core/abort.ts";
import { type Awaitable, type Operation, wait } from "../core/operation.ts";
import type { Clock, Runtime } from "../runtime/runtime.ts";
import type { Engine } from "./engine.ts";

/** Which room. */
type RoomName = "calls" | "callers" | "sets" | "holders";

interface Room {
  /** Unknown before it matters. */
  most: number | undefined;
  inside: number;
  /** How many of those wait for something that the disk does not owe. */
  idle: number;
  readonly waiting: (() => void)[];
  /** Somebody looks already whether the room stands still. */
  watched: boolean;
}

/** All rooms of a process. */
interface Rooms extends Record<RoomName, Room> {
  /** Unknown before it matters. */
  shares: Shares | undefined;
  /** Locks that hold a descriptor each. */
  locks: number;
}

const tableName = Symbol.for("@durable/atomic-write/rooms/3");

function roomsOf({ process }: Runtime): Rooms {
  const holder = globalThis as { [tableName]?: WeakMap<object, Rooms> };
  const table = holder[tableName] ??= new WeakMap();
  let rooms = table.get(process.isolate);
  if (rooms === undefined) {
    const [calls, callers, sets, holders] = [emptyRoom(), emptyRoom(), emptyRoom(), emptyRoom()];
    rooms = { calls, callers, sets, holders, shares: undefined, locks: 0 };
    table.set(process.isolate, rooms);
  }
  return rooms;
}

const emptyRoom = (): Room => ({ most: undefined, inside: 0, idle: 0, waiting: [], watched: false });

/** What a runtime has open for itself, and what the program may have besides. */
const reserved = 36;
/** What one call in each of the rooms opens at most, with second descriptors: 4 and 6. */
const perPair = 10;
/** macOS gives a program 256, and where nothing is known that may be so. */
const usualLimit = 256;
const fewest = 2;
/** More at once make nothing faster. */
const highest = 64;
const mostLanes = 16;
/** For each lane of a set: a file, its second descriptor, and a directory. */
const perLane = 3;
/** Beside its lanes and locks: the journal, twice while it is moved, and a directory or two. */
const perSet = 4;
/** What a holder has open: a file, its directory, its lock. */
const perHolder = 3;
/** Objects that are put together: more does not make it faster. */
const mostPuts = 32;
/** From so many descriptors on two sets of files are worked on at once. */
const enoughForTwo = 200;

const between = (least: number, value: number, most: number): number =>
  Math.max(least, Math.min(most, Math.floor(value)));

/** How the descriptors that a process may have are shared out. */
interface Shares extends Readonly<Record<RoomName, number>> {
  /** Files that one set works on at once. */
  readonly lanes: number;
  /** Locks that all sets hold; and what holders have open. */
  readonly locks: number;
  /** Objects that one round of puts stages at once, each with its directory; there are two rounds at a time. */
  readonly puts: number;
}

/** Half of them for calls; of the rest, first come the lanes of sets, then locks and what else stays open. */
export function sharesFor({ process }: Pick<Runtime, "process">): Shares {
  const free = (process.openFileLimit?.() ?? usualLimit) - reserved;
  const calls = between(fewest, free / (2 * perPair), highest);
  const sets = free < enoughForTwo ? 1 : 2;
  const lanes = between(fewest, free / (16 * sets), mostLanes);
  const locks = Math.max(fewest, free - calls * perPair - sets * (perLane * lanes + perSet));
  const holders = between(fewest, locks / (2 * perHolder), highest);
  return { calls, callers: calls, sets, holders, lanes, locks, puts: between(fewest, free / 16, mostPuts) };
}

const sharesOf = (runtime: Runtime): Shares => roomsOf(runtime).shares ??= sharesFor(runtime);

/** How many files of a set are worked on at once. */
export const lanesFor = ({ runtime }: Engine): number => sharesOf(runtime).lanes;

/** How many objects a round of puts has at most. */
export const putsFor = ({ runtime }: Engine): number => sharesOf(runtime).puts;

/** Whether one more lock may have a descriptor. `giveLockShare` when it is given back. */
export function takeLockShare({ runtime }: Engine): boolean {
  const rooms = roomsOf(runtime);
  if (rooms.locks >= sharesOf(runtime).locks) return false;
  rooms.locks++;
  return true;
}

/** One less. */
export function giveLockShare({ runtime }: Engine): void {
  roomsOf(runtime).locks--;
}

/** The room that calls are in, by their engines; and how many calls that is, where they share an engine. */
const places = new WeakMap<Engine, { readonly room: Room; calls: number }>();

/** How a room is entered. */
interface Entering {
  readonly signal?: AbortSignal | undefined;
  /** The call that waits for this one is inside already. */
  readonly beyond?: boolean;
}

/** Runs `body` when there is room for it. */
export function* inRoom<T>(
  engine: Engine,
  name: Exclude<RoomName, "holders">,
  entering: Entering,
  body: () => Operation<T>,
): Operation<T> {
  if (engine.synchronous) return yield* body();
  const room = yield* enterRoom(engine, name, entering);
  const place = name === "calls" ? undefined : places.get(engine) ?? { room, calls: 0 };
  if (place !== undefined) {
    place.calls++;
    places.set(engine, place);
  }
  try {
    return yield* body();
  } finally {
    if (place !== undefined && --place.calls === 0) places.delete(engine);
    leaveRoom(room);
  }
}

/** Takes a place, before it is opened, for what stays open until its owner closes it; answers how to give it back. */
export function* keepPlace(engine: Engine, entering: Entering): Operation<() => void> {
  // A synchronous call cannot wait for others: what it opens is not counted.
  if (engine.synchronous) return () => {};
  const rooms = roomsOf(engine.runtime);
  const room = yield* enterRoom(engine, "holders", entering);
  rooms.locks += perHolder;
  room.idle++;
  watch(room, engine.runtime.clock);
  let isKept = true;
  return () => {
    if (!isKept) return;
    isKept = false;
    rooms.locks -= perHolder;
    room.idle--;
    leaveRoom(room);
  };
}

function* enterRoom(engine: Engine, name: RoomName, { signal, beyond = false }: Entering): Operation<Room> {
  const room = roomsOf(engine.runtime)[name];
  const least = name === "sets" ? 1 : fewest;
  if (beyond || room.inside < least || room.inside < (room.most ??= sharesOf(engine.runtime)[name])) room.inside++;
  else yield* wait(letIn(room, signal, engine.runtime.clock));
  return room;
}

function leaveRoom(room: Room): void {
  room.inside--;
  // Where nobody has asked how many there may be, nobody waits.
  while (room.waiting.length > 0 && room.inside < (room.most ?? 1)) admit(room, room.waiting.shift());
}

function admit(room: Room, enter: (() => void) | undefined): void {
  if (enter === undefined) return;
  room.inside++;
  enter();
}

async function letIn(room: Room, signal: AbortSignal | undefined, clock: Clock): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const stopListening = onAbort(signal, () => {
      room.waiting.splice(room.waiting.indexOf(enter), 1);
      reject(signal?.reason);
    });
    const enter = () => {
      stopListening();
      resolve();
    };
    room.waiting.push(enter);
    watch(room, clock);
  });
}

/** How long a room stands still before somebody is let in beyond the bound, in milliseconds; then longer and longer. */
const patience = 20;
const longestPatience = 1000;

const standsStill = (room: Room): boolean => room.waiting.length > 0 && room.idle >= room.inside;

function watch(room: Room, clock: Clock): void {
  if (room.watched || !standsStill(room)) return;
  room.watched = true;
  watchOver(room, clock).finally(() => room.watched = false);
}

async function watchOver(room: Room, clock: Clock): Promise<void> {
  for (let pause = patience; standsStill(room); pause = Math.min(pause * 1.5, longestPatience)) {
    await clock.sleep(pause);
    if (standsStill(room)) admit(room, room.waiting.pop());
    // A call that was let in needs a turn of the event loop to do something.
    await clock.sleep(1);
  }
}

/** Waits for what the disk does not owe. */
export function* idly<T>(engine: Engine, value: Awaitable<T>): Operation<T> {
  const room = places.get(engine)?.room;
  if (room === undefined || typeof value !== "object" || value === null || !("then" in value)) {
    return yield* wait(value);
  }
  room.idle++;
  watch(room, engine.runtime.clock);
  try {
    return yield* wait(value);
  } finally {
    room.idle--;
  }
}
