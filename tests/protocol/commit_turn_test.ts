/** The order among the commits of one process, without any file. */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { test } from "node:test";
import { type Awaitable, type Operation, run, runSync, wait } from "../../src/core/operation.ts";
import {
  type Committed,
  commitTurn,
  enterTarget,
  returnTicket,
  takeTicket,
  type Ticket,
} from "../../src/protocol/commit_turn.ts";
import { failuresKnown } from "../../src/protocol/sync_ledger.ts";
import { commitTurnsInUse } from "../support/commit_turns.ts";

function ticketFor(key: string): Ticket {
  const ticket = takeTicket();
  enterTarget(ticket, key);
  return ticket;
}

/** A promise, and how to settle it. */
function deferred(): { promise: Promise<void>; resolve: () => void; reject: (error: unknown) => void } {
  let resolve = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<void>((yes, no) => [resolve, reject] = [yes, no]);
  return { promise, resolve, reject };
}

const turns = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

/** A commit that says when it ran, after waiting for `before`. */
function commitOf(events: string[], name: string, before: Awaitable<unknown> = undefined, synced = true) {
  return function* (): Operation<boolean> {
    events.push(`${name} begins`);
    yield* wait(before);
    events.push(`${name} ends`);
    return synced;
  };
}

/** A commit that is at once over. */
function quick(events: string[], name: string, synced = true): () => Operation<boolean> {
  // deno-lint-ignore require-yield -- nothing to wait for
  return function* () {
    events.push(name);
    return synced;
  };
}

test("commitTurn runs the commits of one target one after another", async () => {
  const events: string[] = [];
  const gate = deferred();
  const [first, second] = [ticketFor("k"), ticketFor("k")];
  const both = [
    run(() => commitTurn(first, false, commitOf(events, "first", gate.promise))),
    run(() => commitTurn(second, false, commitOf(events, "second"))),
  ];
  await turns();
  assertEquals(events, ["first begins"]);
  gate.resolve();
  assertEquals(await Promise.all(both), [undefined, undefined]);
  assertEquals(events, ["first begins", "first ends", "second begins", "second ends"]);
  [first, second].forEach(returnTicket);
});

test("commitTurn lets different targets commit at once", async () => {
  const events: string[] = [];
  const gate = deferred();
  const [first, second] = [ticketFor("a"), ticketFor("b")];
  const slow = run(() => commitTurn(first, false, commitOf(events, "first", gate.promise)));
  await run(() => commitTurn(second, false, commitOf(events, "second")));
  assertEquals(events, ["first begins", "second begins", "second ends"]);
  gate.resolve();
  await slow;
  [first, second].forEach(returnTicket);
});

test("commitTurn does not let an earlier call commit after a later one, and says what that one committed", () => {
  for (const synced of [true, false]) {
    const events: string[] = [];
    const [first, second] = [ticketFor("k"), ticketFor("k")];
    assertEquals(runSync(() => commitTurn(second, true, quick(events, "second", synced))), undefined);
    const overtaken = runSync(() => commitTurn(first, true, quick(events, "first")));
    assertEquals(overtaken, { order: second.order, fileSynced: synced, since: failuresKnown() });
    assertEquals(events, ["second"]);
    [first, second].forEach(returnTicket);
  }
});

test("commitTurn lets a synchronous call overtake one that is in its turn, which then learns of it", async () => {
  const events: string[] = [];
  const gate = deferred();
  const [first, second, third] = [ticketFor("k"), ticketFor("k"), ticketFor("k")];
  let seen: Committed | undefined;
  const slow = run(() =>
    commitTurn(first, false, function* (overtaken) {
      yield* wait(gate.promise);
      seen = overtaken();
      return true;
    })
  );
  assertEquals(runSync(() => commitTurn(second, true, quick(events, "second"))), undefined);
  gate.resolve();
  await slow;
  assertEquals(seen, { order: second.order, fileSynced: true, since: failuresKnown() });
  // The slower, older one must not have become the latest.
  const late = ticketFor("k");
  assertEquals(runSync(() => commitTurn(first, true, quick(events, "first again")))?.order, second.order);
  assertEquals(runSync(() => commitTurn(third, true, quick(events, "third"))), undefined);
  [first, second, third, late].forEach(returnTicket);
});

test("commitTurn tells a commit that nobody has overtaken so", () => {
  const ticket = ticketFor("k");
  let seen: unknown = "not called";
  runSync(() =>
    // deno-lint-ignore require-yield -- nothing to wait for
    commitTurn(ticket, true, function* (overtaken) {
      seen = overtaken();
      return true;
    })
  );
  assertEquals(seen, undefined);
  returnTicket(ticket);
});

test("commitTurn hands an error on, ends the turn, and does not count the failed commit", async () => {
  const events: string[] = [];
  const [first, second] = [ticketFor("k"), ticketFor("k")];
  const failing = run(() => commitTurn(second, false, commitOf(events, "second", Promise.reject(new Error("no")))));
  const waiting = run(() => commitTurn(first, false, commitOf(events, "first")));
  await assertRejects(() => failing, Error, "no");
  assertEquals(await waiting, undefined);
  assertEquals(events, ["second begins", "first begins", "first ends"]);
  [first, second].forEach(returnTicket);
});

test("commitTurn refuses a ticket that has not entered a target", () => {
  const ticket = takeTicket();
  assertThrows(() => runSync(() => commitTurn(ticket, true, quick([], "never"))), Error, "must enter");
  returnTicket(ticket);
});

test("returnTicket forgets a target as soon as nobody can need it", () => {
  const before = commitTurnsInUse();
  const ticket = ticketFor("k");
  runSync(() => commitTurn(ticket, true, quick([], "only")));
  assertEquals(commitTurnsInUse().targets, before.targets + 1);
  returnTicket(ticket);
  returnTicket(ticket);
  assertEquals(commitTurnsInUse(), before);
});

test("returnTicket remembers a target while an earlier call has not said where it goes", () => {
  const before = commitTurnsInUse();
  const events: string[] = [];
  const early = takeTicket();
  const late = ticketFor("k");
  runSync(() => commitTurn(late, true, quick(events, "late")));
  returnTicket(late);
  enterTarget(early, "k");
  assertEquals(runSync(() => commitTurn(early, true, quick(events, "early")))?.order, late.order);
  returnTicket(early);
  assertEquals(events, ["late"]);
  assertEquals(commitTurnsInUse(), before);
});

test("returnTicket of a call that never had a target leaves nothing", () => {
  const before = commitTurnsInUse();
  const never = takeTicket();
  for (let round = 0; round < 10; round++) {
    const ticket = ticketFor(`k${round}`);
    runSync(() => commitTurn(ticket, true, quick([], "one")));
    returnTicket(ticket);
  }
  assertEquals(commitTurnsInUse().targets, before.targets + 10);
  returnTicket(never);
  assertEquals(commitTurnsInUse(), before);
});

test("enterTarget moves a ticket to another target", () => {
  const before = commitTurnsInUse();
  const ticket = ticketFor("a");
  enterTarget(ticket, "a");
  enterTarget(ticket, "b");
  assertEquals(commitTurnsInUse().targets, before.targets + 1);
  returnTicket(ticket);
  assertEquals(commitTurnsInUse(), before);
});

test("commitTurn lets one of several who have waited for a turn begin at a time", async () => {
  const events: string[] = [];
  const gates = [deferred(), deferred(), deferred()];
  const tickets = gates.map(() => ticketFor("k"));
  const all = gates.map(({ promise }, index) =>
    run(() => commitTurn(tickets[index] ?? ticketFor("k"), false, commitOf(events, `${index}`, promise)))
  );
  for (const { resolve } of gates) {
    await turns();
    resolve();
  }
  await Promise.all(all);
  assertEquals(events, ["0 begins", "0 ends", "1 begins", "1 ends", "2 begins", "2 ends"]);
  tickets.forEach(returnTicket);
});

test("commitTurn keeps its turn when a synchronous call has committed in the middle of it", async () => {
  const events: string[] = [];
  const gate = deferred();
  const [first, nested, last] = [ticketFor("k"), ticketFor("k"), ticketFor("k")];
  const slow = run(() => commitTurn(first, false, commitOf(events, "first", gate.promise)));
  runSync(() => commitTurn(nested, true, quick(events, "nested")));
  const waiting = run(() => commitTurn(last, false, commitOf(events, "last")));
  await turns();
  gate.resolve();
  await Promise.all([slow, waiting]);
  assertEquals(events, ["first begins", "nested", "first ends", "last begins", "last ends"]);
  [first, nested, last].forEach(returnTicket);
});
