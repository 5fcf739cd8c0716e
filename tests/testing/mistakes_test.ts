/**
 * Mistakes in a test of one's own: each is an error that says what is wrong, and none is a proof. The same mistakes are made
 * with every tool in which they can be made.
 */
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import {
  assertSurvives,
  exploreCrashes,
  exploreSchedules,
  simulatedFs,
  type TogetherOperation,
} from "../../src/testing/mod.ts";
import {
  changing,
  crash,
  crashSync,
  files,
  lookLater,
  machine,
  nothing,
  orders,
  refusals,
  sweep,
  sweepSync,
  write,
} from "./mistaken.ts";

describe("a verdict that is returned, and not thrown, is an error of", () => {
  const verdicts: readonly (readonly [what: string, verdict: unknown, shown: string])[] = [
    ["false", false, "false"],
    ["true", true, "true"],
    ["null", null, "null"],
    ["an error", new Error("lost"), "an object"],
    ["a text", "lost", '"lost"'],
  ];
  for (const [what, verdict, shown] of verdicts) {
    const message = (who: string) => new RegExp(`What ${who} returns must be undefined, not ${shown}: return nothing`);
    const later = () => Promise.resolve(verdict);
    const now = () => verdict;
    refusals([
      [`exploreCrashes: ${what}`, crash({ check: later }), TypeError, message("check")],
      [`exploreCrashesSync: ${what}`, crashSync({ check: now }), TypeError, message("check")],
      [
        `exploreCrashes after a recovery: ${what}`,
        crash({ check: now, recover: nothing }),
        TypeError,
        message("check"),
      ],
      [`sweepFaults: ${what}`, sweep({ check: later }), TypeError, message("check")],
      [`sweepFaultsSync: ${what}`, sweepSync({ check: now }), TypeError, message("check")],
      [`exploreSchedules, check: ${what}`, changing({ check: later }), TypeError, message("check")],
      [`exploreSchedules, ended: ${what}`, orders({ ended: later }), TypeError, message("ended")],
      [`exploreSchedules, watch: ${what}`, changing({ watch: now }), TypeError, message("watch")],
    ]);
  }
  refusals([[
    "exploreSchedules, a watch that is a promise",
    changing({ watch: () => Promise.resolve() }),
    TypeError,
    /watch/,
  ]]);
});

describe("what is not awaited is an error", () => {
  const fs = simulatedFs<typeof import("node:fs")>();
  const twice = async () => {
    await fs.promises.writeFile("/a.tmp", "new");
    await fs.promises.rename("/a.tmp", "/a");
  };
  const ended = (who: string) => new RegExp(`${who} has ended while calls were pending: was something not awaited\\?`);
  const late = ended("run");
  const slow = { files, delay: "every" };
  const unawaited: TogetherOperation = async ({ fileSystem }) => {
    await fileSystem.stat("/a");
    fileSystem.stat("/a");
  };
  /** Whatever is refused too late for anybody to catch it. */
  const leave = (start: () => Promise<unknown>) => () => void start().catch(nothing);
  refusals([
    ["of run", crash({ run: leave(twice) }), Error, late],
    ["of run, on a machine whose calls take time", crash({ machine: slow, run: leave(twice) }), Error, late],
    ["of run, after some that was", crash({ run: async () => (await twice(), leave(twice)()) }), Error, late],
    [
      "of run, through callbacks",
      crash({
        run: () => fs.writeFile("/a.tmp", "new", () => fs.rename("/a.tmp", "/a", nothing)),
      }),
      Error,
      late,
    ],
    [
      "of run, even if a check fails as well",
      crash({
        run: leave(twice),
        check: () => {
          throw new Error("found");
        },
      }),
      Error,
      late,
    ],
    ["of setup", crash({ setup: leave(twice) }), Error, ended("setup")],
    [
      "of check",
      crash({ check: leave(async () => (await fs.promises.stat("/a"), await twice())) }),
      Error,
      ended("check"),
    ],
    ["of a sweep's operation", sweep({ operation: leave(twice) }), Error, ended("the operation")],
    ["of one of several operations", orders({ together: [unawaited, lookLater] }), Error, ended("operation A")],
    ["of the last of several operations", orders({ together: [lookLater, unawaited] }), Error, ended("operation B")],
    ["of setup before several operations", orders({ setup: leave(twice) }), Error, ended("setup")],
    [
      "an acknowledgement of what comes late",
      crash({
        run: async (_: unknown, acknowledge: (fact: unknown) => void) => {
          await write();
          leave(async () => {
            await null;
            await null;
            acknowledge("saved");
          })();
        },
      }),
      Error,
      late,
    ],
  ]);

  it("where it comes when the exploration is over, by what the simulated fs says", async () => {
    let comes: Promise<unknown> = Promise.resolve();
    const run = async () => {
      await twice();
      comes = new Promise((resolve) => setTimeout(resolve, 50)).then(() => fs.promises.stat("/a")).catch((error) =>
        error
      );
    };
    assertSurvives(await exploreCrashes({ machine, run, check: nothing }));
    assertMatch(String(await comes), /calls were pending/);
    assertThrows(() => fs.statSync("/a"), Error, "run has ended while calls were pending, was something not awaited?");
  });

  it("and what has failed may leave others behind", async () => {
    const failing: TogetherOperation = async ({ fileSystem }) => {
      await Promise.all([fileSystem.remove("/none/a"), fileSystem.readLink("/a"), fileSystem.open("/", "read-write")]);
    };
    const report = await exploreSchedules({ machine, together: [failing, lookLater], samples: 0, faults: "none" });
    assertEquals(report.violations, []);
  });
});

describe("what nobody can have promised", () => {
  const silent = async (_: unknown, acknowledge: () => void) => {
    await write();
    try {
      acknowledge();
    } catch {
      // As a program does that reports errors of its own and goes on.
    }
  };
  const needed = /acknowledge needs a fact/;
  refusals([
    ["is not acknowledged in exploreCrashes", crash({ run: silent }), TypeError, needed],
    ["is not acknowledged in exploreSchedules", orders({ together: [silent, write], limit: 2 }), TypeError, needed],
    ["is not acknowledged in watch", changing({ watch: (_: unknown, say: () => void) => say() }), TypeError, needed],
  ]);
});

describe("a run that does not reach the machine", () => {
  const broken = () => Promise.reject(new RangeError("EACCES: /a"));
  const brokenNow = () => {
    throw new RangeError("EACCES: /a");
  };
  refusals([
    [
      "says how it is reached",
      crash({ run: nothing }),
      Error,
      /Nothing was explored.*vi\.mock or mock\.module.*mock first, then import/,
    ],
    [
      "says so when it fails",
      crash({ run: broken }),
      Error,
      /EACCES: \/a\nNothing reached the simulated machine: is node:fs mocked/,
    ],
    ["says so at once", crashSync({ run: brokenNow }), Error, /EACCES: \/a\nNothing reached the simulated machine/],
    ["says so in a sweep", sweep({ operation: broken }), Error, /Nothing was explored: the operation/],
    ["says so in an order", orders({ together: [broken, lookLater] }), Error, /Nothing was explored: operation A/],
  ]);

  it("keeps what it has failed with", async () => {
    for (
      const body of [crash({ run: broken }), sweep({ operation: broken }), orders({ together: [broken, lookLater] })]
    ) {
      const error = await assertRejects(async () => await body(), Error);
      assert(error.cause instanceof RangeError);
    }
  });

  it("and one that does fails with its own error", async () => {
    await assertRejects(async () => await crash({ run: async () => (await write(), await broken()) })(), RangeError);
  });
});

describe("an exploration ends when its signal says so:", () => {
  const tools: Record<string, (look: () => void, signal: AbortSignal) => () => unknown> = {
    exploreCrashes: (check, signal) => crash({ check, signal }),
    sweepFaults: (check, signal) => sweep({ check, signal }),
    exploreSchedules: (ended, signal) => changing({ ended, signal, preemptions: 1, limit: 50 }),
  };
  for (const [name, tool] of Object.entries(tools)) {
    it(name, async () => {
      const controller = new AbortController();
      const reason = new Error("enough");
      let checks = 0;
      const check = () => {
        if (++checks === 2) controller.abort(reason);
      };
      const error = await assertRejects(
        async () => await tool(check, controller.signal)(),
        Error,
      );
      assert(error === reason && checks < 10, `${checks} checks`);
    });
  }
});
