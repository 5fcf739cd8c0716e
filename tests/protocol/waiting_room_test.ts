/**
 * Waiting rooms, in every order of enter, rest, work, leave, abort and the clock: every entry ends, nobody waits while
 * there is room, nobody is let in beyond the bound while somebody inside works, and in the end nothing is used any more.
 */
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { run, wait } from "../../src/core/operation.ts";
import { type Engine, makeEngine } from "../../src/protocol/engine.ts";
import { idly, inRoom, keepPlace, outside, takeLockShare } from "../../src/protocol/room.ts";
import { Budget, WaitingRoom } from "../../src/protocol/waiting_room.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { memoryRuntime } from "../../src/testing/mod.ts";
import { overlaid } from "../support/hooked_runtime.ts";
import { notEmpty } from "../support/tally.ts";
import { everyOrder, SteppedClock, type Turn } from "./every_order.ts";

/** What one who enters does: a row says how. */
interface Visit {
  /** Default: the first room. */
  readonly room?: number;
  readonly weight?: number;
  /** Waits inside for its turn, resting. */
  readonly rests?: true;
  /** Waits inside, resting, for another one: who enters this room meanwhile, as a callback's call does. */
  readonly inner?: Visit;
  /** Goes in, however much is inside. */
  readonly beyond?: true;
  /** Gives up when its turn comes, if it is not inside by then. */
  readonly givesUp?: true;
}

interface Rooms {
  /** How much may be inside, of each room. */
  readonly most: readonly number[];
  /** What all of them share. */
  readonly budget: number;
  readonly visits: readonly Visit[];
  readonly hurried?: number;
}

/** What is known of one room from outside. */
interface Known {
  readonly room: WaitingRoom;
  readonly most: number;
  /** Those who wait, in their order. */
  waiting: { readonly weight: number }[];
  inside: number;
  resting: number;
  /** Somebody has come in who need not ask, or the room was empty. */
  mayBeBeyond: boolean;
  /** When it was looked at last. */
  before: { readonly inside: number; readonly resting: number };
}

/** Whether nobody in an empty room is taken for one who rests, or the other way round; the room is of no use afterwards. */
function assertNobodyRests(room: WaitingRoom, clock: SteppedClock): void {
  const weight = 100;
  assert(room.tryEnter(weight), "somebody waits forever");
  void room.enter(1, {});
  room.rest(weight - 1);
  assertEquals(clock.next, undefined, "something rests forever");
  room.rest(1);
  assert(clock.next !== undefined, "something works forever");
}

/** Rooms, and what has happened in them by what was called and has answered. */
class Watched {
  readonly clock = new SteppedClock();
  readonly #budget: Budget;
  readonly #rules: Rooms;
  readonly #known: Known[];

  constructor(rules: Rooms) {
    this.#rules = rules;
    this.#budget = new Budget(1, () => rules.budget);
    this.#known = rules.most.map((most) => ({
      room: new WaitingRoom({ clock: this.clock, least: 1, budget: this.#budget, cost: 1, most: () => most }),
      most,
      waiting: [],
      inside: 0,
      resting: 0,
      mayBeBeyond: false,
      before: { inside: 0, resting: 0 },
    }));
  }

  async visit(turn: Turn, visit: Visit, signal?: AbortSignal): Promise<void> {
    const { room: number = 0, weight = 1, rests, inner, beyond } = visit;
    const known = this.#known[number] as Known;
    const waiter = { weight };
    const entering = known.room.enter(weight, { signal, ...beyond ? { beyond } : {} });
    if (entering !== undefined) known.waiting.push(waiter);
    try {
      await entering;
    } finally {
      known.waiting = known.waiting.filter((each) => each !== waiter);
    }
    known.inside += weight;
    known.mayBeBeyond ||= beyond === true;
    if (rests === true || inner !== undefined) {
      known.room.rest(weight);
      known.resting += weight;
      if (inner === undefined) await turn("works");
      else await this.visit(turn, inner);
      known.room.work(weight);
      known.resting -= weight;
    }
    await turn("leaves");
    known.inside -= weight;
    known.mayBeBeyond ||= known.inside === 0;
    known.room.leave(weight);
  }

  check(over: boolean): void {
    const used = this.#known.reduce((sum, { inside }) => sum + inside, 0);
    assertEquals(this.#budget.used, over ? 0 : used, "what is used is counted");
    for (const known of notEmpty(this.#known)) {
      const { room, most, waiting, inside, resting, mayBeBeyond, before } = known;
      assertEquals(room.inside, inside, "what is inside is counted");
      const [next] = waiting;
      const fits = next !== undefined &&
        (inside === 0 || (inside + next.weight <= most && used + next.weight <= this.#rules.budget));
      assert(!fits, "somebody waits while there is room");
      const isBeyond = inside > most && inside > before.inside && before.inside > 0 && !mayBeBeyond;
      const stoodStill = before.resting >= before.inside;
      assert(!isBeyond || stoodStill || this.#rules.hurried !== undefined, "let in beside somebody who works");
      known.mayBeBeyond = false;
      known.before = { inside, resting };
    }
    const [first] = this.#known;
    if (over && first !== undefined) assertNobodyRests(first.room, this.clock);
  }
}

/** A signal whose abort is a step of its own. */
function givingUp(enters: (turn: Turn, signal: AbortSignal) => Promise<void>): ((turn: Turn) => Promise<void>)[] {
  const stop = new AbortController();
  const reason = new Error("enough");
  return [
    (turn) => enters(turn, stop.signal).catch((error) => assertEquals(error, reason)),
    async (turn) => {
      await turn("gives up");
      stop.abort(reason);
    },
  ];
}

function world(rules: Rooms) {
  const watched = new Watched(rules);
  const actors = rules.visits.flatMap((visit) => {
    const enters = async (turn: Turn, signal?: AbortSignal) => {
      await turn("enters");
      await watched.visit(turn, visit, signal);
    };
    return visit.givesUp ? givingUp(enters) : [(turn: Turn) => enters(turn)];
  });
  return { clock: watched.clock, actors, check: (over: boolean) => watched.check(over) };
}

/** The orders that there are at least: fewer, and something is not tried any more. */
const rows: readonly (readonly [what: string, rooms: Rooms, orders: number])[] = [
  ["visitors of different weight", { most: [2], budget: 9, visits: [{ weight: 2 }, {}, {}, { weight: 2 }] }, 448],
  ["one who is too heavy for the room", { most: [2], budget: 9, visits: [{ weight: 5 }, {}, { rests: true }] }, 380],
  [
    "a heavy one who gives up, and light ones behind",
    { most: [2], budget: 9, visits: [{}, { weight: 2, givesUp: true }, {}] },
    296,
  ],
  ["two who give up", { most: [1], budget: 9, visits: [{}, { givesUp: true }, { givesUp: true }] }, 1496],
  ["those inside who wait for somebody outside", { most: [1], budget: 9, visits: [{ inner: {} }, { inner: {} }] }, 126],
  [
    "those inside who wait for somebody who waits for a third one",
    { most: [1], budget: 9, visits: [{ inner: { inner: {} } }, { rests: true }] },
    490,
  ],
  [
    "those who rest, and somebody who gives up",
    { most: [1], budget: 9, visits: [{ inner: {} }, { givesUp: true, rests: true }] },
    1271,
  ],
  ["somebody beyond the bound", { most: [1], budget: 9, visits: [{ rests: true }, { beyond: true }, {}] }, 489],
  [
    "two rooms with one budget",
    { most: [2, 2], budget: 2, visits: [{}, { room: 1 }, { room: 1, weight: 2 }, {}] },
    1492,
  ],
  [
    "two rooms with one budget, and those inside one wait for the other",
    { most: [2, 2], budget: 2, visits: [{ inner: { room: 1 } }, { inner: { room: 1 } }] },
    98,
  ],
  [
    "steps in the middle of others' steps",
    { most: [1], budget: 9, visits: [{ inner: {} }, { rests: true }], hurried: 1 },
    5412,
  ],
  [
    "giving up in the middle of others' steps",
    { most: [1], budget: 9, visits: [{}, { givesUp: true }], hurried: 2 },
    3180,
  ],
];

async function everyOrderOf(exploration: Parameters<typeof everyOrder>[0], least: number): Promise<void> {
  const { orders } = await everyOrder(exploration);
  assert(orders >= least, `${orders} orders`);
}

describe("a waiting room, in every order, with", () => {
  for (const [what, rules, least] of notEmpty(rows)) {
    const { hurried = 0 } = rules;
    it(what, () => everyOrderOf({ start: () => world(rules), hurried }, least));
  }
});

const mistake = new Error("it fails");

/** What calls, locks and logs do with their rooms: two callers, and twelve descriptors of what stays open. */
type Caller = (engine: Engine, turn: Turn, signal?: AbortSignal) => Promise<void>;

const calls = (how: "asks" | "fails" | "asks nobody"): Caller => (engine, turn, signal) =>
  run(() =>
    inRoom(engine, "callers", { signal }, function* () {
      if (how === "asks") yield* idly(engine, turn("answers"));
      yield* wait(turn("ends"));
      if (how === "fails") throw mistake;
    })
  );

/** A call whose callback makes another one. */
const nests: Caller = (engine, turn) =>
  run(() =>
    inRoom(engine, "callers", {}, function* () {
      yield* idly(engine, calls("asks nobody")(makeEngine(engine.runtime, false), turn));
      yield* wait(turn("ends"));
    })
  );

/** What is opened, stays open, and is closed, perhaps while something is done with it. */
const opens = (end: "closed" | "closed by then" | "not opened"): Caller => async (engine, turn, signal) => {
  const place = await run(() => keepPlace(engine, 6, { signal, inside: false }));
  if (end === "not opened") {
    await turn("fails");
    return place.leave();
  }
  await turn("is open");
  place.settle(2);
  const busy = run(() => place.busily(() => wait(turn("is written to"))));
  if (end === "closed") await busy;
  else await turn("is closed");
  place.leave();
  await busy;
  // A second time does nothing.
  if (end === "closed") place.leave();
};

/** Waits for its turn outside of the room, and comes back. */
const waitsOutside: Caller = async (engine, turn, signal) => {
  const place = await run(() => keepPlace(engine, 6, { signal, inside: false }));
  try {
    await run(() => outside(engine, { signal }, turn("has the lock")));
    await turn("is open");
  } finally {
    place.leave();
  }
};

/** A share for a lock, if there is one. */
const takesShare: Caller = async (engine, turn) => {
  const giveBack = takeLockShare(engine);
  await turn("gives back");
  giveBack?.();
};

interface Group {
  readonly room: "callers" | "holders";
  readonly callers: readonly Caller[];
  /** The number of the one who gives up when its turn comes, if it waits then. */
  readonly givesUp?: number;
}

const groups: readonly (readonly [what: string, group: Group, orders: number])[] = [
  ["calls that end and fail", { room: "callers", callers: [calls("asks"), calls("fails"), calls("asks")] }, 1130],
  ["calls of which one gives up", {
    room: "callers",
    callers: [calls("asks"), calls("fails"), calls("asks nobody")],
    givesUp: 2,
  }, 1262],
  ["calls in callbacks", { room: "callers", callers: [nests, nests, calls("asks nobody")] }, 448],
  [
    "what stays open, is closed by then, or cannot be opened",
    { room: "holders", callers: [opens("closed"), opens("closed by then"), opens("not opened")] },
    1859,
  ],
  [
    "what waits outside for a lock",
    { room: "holders", callers: [waitsOutside, waitsOutside, opens("not opened")] },
    476,
  ],
  ["what gives up as it comes back", {
    room: "holders",
    callers: [waitsOutside, opens("not opened"), waitsOutside],
    givesUp: 0,
  }, 4116],
  ["shares for locks", { room: "holders", callers: [takesShare, opens("closed"), opens("not opened")] }, 192],
];

/** All rooms of a machine, which hang on the isolate of its process. */
function roomsOf(isolate: object): Record<string, WaitingRoom> {
  const table = Reflect.get(globalThis, Symbol.for("@durable/atomic-write/rooms/4")) as WeakMap<object, object>;
  return Object.fromEntries(Object.entries(table.get(isolate) ?? {}).filter(([, room]) => room instanceof WaitingRoom));
}

function machine({ callers, givesUp, room }: Group) {
  const clock = new SteppedClock();
  const memory = memoryRuntime({ openFileLimit: 50 });
  const runtime = overlaid<Runtime>(memory, (key) => key === "clock" ? clock : undefined);
  const actors = callers.flatMap((call, number) => {
    const enters = async (turn: Turn, signal?: AbortSignal) => {
      await turn("begins");
      try {
        await call(makeEngine(runtime, false), turn, signal);
      } catch (error) {
        if (error !== mistake) throw error;
      }
    };
    return number === givesUp ? givingUp(enters) : [(turn: Turn) => enters(turn)];
  });
  const check = (over: boolean) => {
    const rooms = roomsOf(memory.process.isolate);
    const inside = Object.values(rooms).map((room) => room.inside);
    assert(inside.every((each) => each >= 0), "less than nothing is inside");
    if (!over) return;
    assertEquals(new Set(inside), new Set([0]), "something is inside forever");
    assertNobodyRests(rooms[room] as WaitingRoom, clock);
  };
  return { clock, actors, check };
}

describe("the rooms of a process, in every order, with", () => {
  for (const [what, group, least] of notEmpty(groups)) {
    it(what, () => everyOrderOf({ start: () => machine(group) }, least));
  }
});
