/** What is given to the tools of the testing kit in the place of something else: a TypeError that shows the way to that. */
import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { currentRuntime, writeFile } from "../../mod.ts";
import {
  assertSurvives,
  describeCrashReport,
  describeScheduleReport,
  exploreSchedules,
  faultRuntime,
  memoryRuntime,
  simulatedFs,
  traceRuntime,
  withRuntime,
} from "../../src/testing/mod.ts";
import {
  call,
  crash,
  crashSync,
  files,
  look,
  lookLater,
  machine,
  make,
  nothing,
  orders,
  refusals,
  sweep,
  sweepSync,
} from "./mistaken.ts";

describe("what is no report", () => {
  const awaited =
    /expects a report, not (?:a promise|undefined|null|another object): was exploreCrashes or exploreSchedules awaited\?/;
  const promise = Promise.resolve();
  const readers = { assertSurvives, describeCrashReport, describeScheduleReport };
  for (const [name, reader] of Object.entries(readers)) {
    for (const [what, value] of Object.entries({ "a promise": promise, undefined, null: null, "another object": {} })) {
      it(`is refused by ${name}: ${what}`, () => {
        assertMatch(assertThrows(() => call(reader, value), TypeError).message, awaited);
      });
    }
  }
  it("because it is one of a sweep, is distinguished from others", () => {
    assertThrows(() => call(assertSurvives, { calls: 1, runs: 1 }), TypeError, "sweepFaults throws by itself");
  });
});

describe("what is no runtime is refused, and the way to one is shown, by", () => {
  const own = memoryRuntime();
  const notOne = /must be a runtime, such as memoryRuntime\(\) returns/;
  const swapped = /not a function: are the arguments swapped\?/;
  const inside = /that is the property `runtime` of the object given here/;
  const [traced, faulty] = [traceRuntime(own), faultRuntime(own, { at: 0, error: "EIO" })];
  const fault = { at: 0, error: "EIO" };
  refusals([
    ["withRuntime: an object", () => call(withRuntime, {}, nothing), TypeError, notOne],
    ["withRuntime: nothing", () => call(withRuntime), TypeError, /not undefined/],
    ["withRuntime: a trace", () => call(withRuntime, traced, nothing), TypeError, inside],
    ["withRuntime: a fault", () => call(withRuntime, faulty, nothing), TypeError, inside],
    ["withRuntime: swapped arguments", () => call(withRuntime, nothing, own), TypeError, swapped],
    [
      "withRuntime: no body",
      () => call(withRuntime, own),
      TypeError,
      /second argument of withRuntime must be a function/,
    ],
    ["traceRuntime: an object", () => call(traceRuntime, {}), TypeError, notOne],
    ["traceRuntime: a fault", () => call(traceRuntime, faulty), TypeError, inside],
    ["traceRuntime: swapped arguments", () => call(traceRuntime, { base: "/" }, own), TypeError, notOne],
    ["faultRuntime: a trace", () => call(faultRuntime, traced, fault), TypeError, inside],
    ["faultRuntime: swapped arguments", () => call(faultRuntime, fault, own), TypeError, notOne],
    ["simulatedFs: an object", () => call(simulatedFs, {}), TypeError, notOne],
    ["simulatedFs: what a machine is made of", () => call(simulatedFs, machine), TypeError, notOne],
    ["simulatedFs: a trace", () => call(simulatedFs, traced), TypeError, inside],
    ["a write: a trace", () => call(writeFile, "/a", "new", { runtime: traced }), TypeError, inside],
    ["a write: an object", () => call(writeFile, "/a", "new", { runtime: {} }), TypeError, notOne],
    ["sweepFaults: an object", sweep({ make: () => ({ files }) }), TypeError, /What make returns must be a runtime/],
    ["sweepFaults: a promise", sweep({ make: async () => await make() }), TypeError, /not a promise/],
    ["sweepFaults: nothing", sweepSync({ make: nothing }), TypeError, /What make returns .* not undefined/],
  ]);
});

describe("a machine for every run of a sweep", () => {
  const shared = memoryRuntime(machine);
  const again = /make must return a new machine each time/;
  refusals([
    ["is not one for all", sweep({ make: () => shared }), TypeError, again],
    ["is not one for all, synchronous", sweepSync({ make: () => shared }), TypeError, again],
    ["is not another process on one machine", sweep({ make: () => shared.fork() }), TypeError, again],
    ["is not the real one", sweepSync({ make: currentRuntime, operation: look }), TypeError, again],
  ]);
});

describe("options that would explore something else say", () => {
  const promise = Promise.resolve();
  refusals([
    ["that a machine is no options", crash({ machine: make() }), TypeError, /machine takes the options of a machine/],
    ["so to exploreSchedules", orders({ machine: make() }), TypeError, /machine takes the options of a machine/],
    [
      "which tool has which",
      orders({ run: nothing }),
      TypeError,
      /exploreSchedules: there is no option "run"; .*together/,
    ],
    [
      "which option of it has which",
      crash({ machine: { file: {} } }),
      TypeError,
      /machine: there is no option "file"; .*files/,
    ],
    [
      "which file",
      crash({ machine: { files: { "/a": { a: 1 } } } }),
      TypeError,
      /files: \/a: there is no option "a"; .*mode/,
    ],
    [
      "which file it is of",
      crash({ machine: { files: { "/a": { mode: "x" } } } }),
      TypeError,
      /files: \/a: mode must be/,
    ],
    [
      "which operation",
      orders({ together: [lookLater, promise] }),
      TypeError,
      /together\[1\] must be a function, not a promise: was it called/,
    ],
    ["that run was called", crash({ run: promise }), TypeError, /run must be a function, not a promise/],
    [
      "that a Map has no names",
      crash({ machine: { files: new Map([["/a", ""]]) } }),
      TypeError,
      /files must be a plain object.*fromEntries/,
    ],
    ["so of mounts", () => call(memoryRuntime, { mounts: new Map() }), TypeError, /mounts must be a plain object/],
    [
      "so of users",
      () => call(memoryRuntime, { userNumbers: new Map() }),
      TypeError,
      /userNumbers must be a plain object/,
    ],
    [
      "so of attributes",
      () => call(memoryRuntime, { files: { "/a": { attributes: new Map() } } }),
      TypeError,
      /attributes must be a plain/,
    ],
    ["so of a list", () => call(memoryRuntime, { files: [] }), TypeError, /files must be a plain object/],
    [
      "that files were not awaited",
      () => call(memoryRuntime, { files: promise }),
      TypeError,
      /files must be an object, not a promise/,
    ],
    [
      "that a machine was not awaited",
      crash({ machine: promise }),
      TypeError,
      /machine must be an object, not a promise/,
    ],
    ["that nobody can stop what is synchronous", crashSync({ signal: AbortSignal.abort() }), TypeError, /signal/],
    ["so of a sweep", sweepSync({ signal: AbortSignal.abort() }), TypeError, /signal/],
  ]);
});

describe("a schedule", () => {
  const doesNotFit = /schedule does not fit these operations/;
  refusals([
    ["names operations that there are", orders({ schedule: "C5" }), RangeError, /no operation C, only A to B/],
    ["names them in its failing call, too", orders({ schedule: "A1; C stat 1 EIO" }), RangeError, /no operation C/],
    ["is not empty", orders({ schedule: "" }), RangeError, /no order of steps/],
    ["has one failing call", orders({ schedule: "A1; A stat 1 EIO; B stat 1 EIO" }), RangeError, /no order of steps/],
    ["lets a call fail that there is", orders({ schedule: "A1; A look 1 EIO" }), RangeError, /no failing call/],
    ["lets it fail with what there is", orders({ schedule: "A1; A stat 1 EWHAT" }), RangeError, /no failing call/],
    ["takes steps", orders({ schedule: "A0 B1" }), RangeError, /no letter and count/],
    ["has no more steps than there are", orders({ schedule: "A2 B3" }), Error, doesNotFit],
    ["lets nobody continue who has ended", orders({ schedule: "A3 B2" }), Error, doesNotFit],
    ["lets no call fail that is not made", orders({ schedule: "A2 B2; B stat 2 EIO" }), Error, doesNotFit],
  ]);

  for (const schedule of ["A2 B2", "B1 A2", "A2 B2; B stat 1 EIO"]) {
    it(`that fits is run: ${schedule}`, async () => {
      const { orders } = await exploreSchedules({ machine, together: [lookLater, lookLater], schedule });
      assertEquals(orders, 1);
    });
  }
});
