/**
 * No sync is there for nothing, and none may be tried again: for every sync of every story it is either left out, or
 * fails and is made a second time, unseen by the engine; each time a power cut must show what is lost.
 */
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import type { Awaitable } from "../../src/core/operation.ts";
import { interceptRuntime } from "../../src/testing/faults/intercept.ts";
import {
  exploreCrashesSync,
  type Fault,
  faultRuntime,
  type MemoryRuntime,
  type SeamCall,
} from "../../src/testing/mod.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { byEffort, mostlyOnDeno } from "../support/effort.ts";
import { notEmpty, tally } from "../support/tally.ts";
import { stories } from "./stories.ts";
import { checkStory, type Fact, isOfLock, machineOf, type Story, tell } from "./story.ts";

const isSync = (call: SeamCall): boolean => call.method === "sync" && !isOfLock(call);

/** The syncs of a story, as `STEP sync PATH (NUMBER)`. */
function syncsOf(story: Story): string[] {
  const syncs: string[] = [];
  const machine = machineOf(story);
  let step = "";
  const watched = faultRuntime(machine, {
    at: (call) => {
      if (!isSync(call)) return false;
      const sync = `${step} sync ${call.path}`;
      syncs.push(`${sync} (${syncs.filter((other) => other.startsWith(`${sync} (`)).length + 1})`);
      return false;
    },
    error: "EIO",
  });
  tell(story, watched.runtime, (fact) => {
    if ("begun" in fact) step = story.steps[fact.begun - 1]?.name ?? "";
  });
  return syncs;
}

/** The sync of that number is not made. */
function leftOut(machine: MemoryRuntime, number: number): Runtime {
  let seen = 0;
  return interceptRuntime(
    machine,
    <T>(call: SeamCall, proceed: () => Awaitable<T>): Awaitable<T> =>
      isSync(call) && seen++ === number ? undefined as Awaitable<T> : proceed(),
  );
}

/** The sync of that number fails, and is made once more. */
function triedAgain(machine: MemoryRuntime, number: number): Runtime {
  let seen = 0;
  const fault: Fault = { at: (call) => isSync(call) && seen++ === number, error: "EIO" };
  return interceptRuntime(faultRuntime(machine, fault).runtime, (call, proceed) => {
    if (!isSync(call)) return proceed();
    try {
      return proceed();
    } catch {
      return proceed();
    }
  });
}

const limit = byEffort({ quick: 300, normal: 600, long: 20_000 });
const stride = mostlyOnDeno({ quick: 7, normal: 1, long: 1 });

/** Whether a power cut shows that something is wrong. */
function isCaught(story: Story, broken: (machine: MemoryRuntime) => Runtime): boolean {
  const { violations } = exploreCrashesSync({
    ...story.machine === undefined ? {} : { machine: story.machine },
    ...story.setup === undefined ? {} : { setup: (machine: MemoryRuntime) => story.setup?.(machine) },
    run: (machine, acknowledge) => tell(story, broken(machine), acknowledge),
    check: (machine, facts) => checkStory(story, machine, facts as readonly Fact[]),
    volatile: (path) => path.endsWith(".lock"),
    limit,
    stopAfter: 1,
  });
  return violations.length > 0;
}

const ways = { "left out": leftOut, "tried again": triedAgain } as const;

describe("a sync that is not what it seems is noticed:", () => {
  for (const [at, story] of notEmpty(stories).entries()) {
    it(story.name, () => {
      assert(!isCaught(story, (machine) => machine), "the story itself is sound");
      const syncs = notEmpty(syncsOf(story));
      const spare = story.spare ?? [];
      // check-tests: allow -- a story may need all of its syncs
      for (const { call } of spare) assert(syncs.some((sync) => call.test(sync)), `${call} is no sync of this story`);
      const happened = tally(`syncs of "${story.name}"`, ["left out", "tried again"]);
      const missed: string[] = [];
      for (const [number, sync] of syncs.entries()) {
        if ((number + at) % stride !== 0) continue;
        const spared = spare.find(({ call }) => call.test(sync));
        for (const way of ["left out", "tried again"] as const) {
          if (spared !== undefined && (spared.only ?? way) === way) continue;
          happened.count(way);
          if (!isCaught(story, (machine) => ways[way](machine, number))) missed.push(`${sync}, ${way}`);
        }
      }
      happened.enough(stride === 1 ? {} : { "left out": 0, "tried again": 0 });
      assertEquals(missed, []);
    });
  }
});
