/**
 * A call fails, the operation is gone on with, and then the power goes: what was acknowledged is there, before the
 * failure or after it, what was refused with `"unchanged"` is not, and everything is whole.
 */
import { assert } from "@std/assert";
import { describe, it } from "node:test";
import {
  exploreCrashesSync,
  type Fault,
  faultRuntime,
  type MemoryRuntime,
  type SeamCall,
} from "../../src/testing/mod.ts";
import { byEffort, mostlyOnDeno } from "../support/effort.ts";
import { notEmpty } from "../support/tally.ts";
import { stories } from "./stories.ts";
import { checkStory, type Fact, isOfLock, machineOf, type Story, tell } from "./story.ts";

/** How many disks are looked at after each fault, and how many calls of a story fail. */
const limit = byEffort({ quick: 20, normal: 25, long: 1_500 });
const most = mostlyOnDeno({ quick: 3, normal: 20, long: Infinity });

/** Calls that change something, or that decide whether something was changed. */
const isTried = ({ method }: SeamCall): boolean =>
  ["sync", "write", "rename", "link", "remove", "truncate", "create", "makeDirectory", "symbolicLink", "linkStat"]
    .includes(method);

/** File systems whose journal tells whoever asks a witness that it has failed; where nothing tells, nothing is promised. */
const journals = ["ext4", "xfs"] as const;

function callsOf(story: Story): SeamCall[] {
  const calls: SeamCall[] = [];
  const { runtime } = faultRuntime(machineOf(story), { at: (call) => calls.push(call) < 0, error: "EIO" });
  tell(story, runtime, () => {});
  return calls;
}

function faultsOf(calls: readonly SeamCall[], from: number): Fault[] {
  const tried = calls.flatMap((call, at) => isTried(call) && !isOfLock(call) ? [{ call, at }] : []);
  const stride = Math.max(1, Math.floor(tried.length / most));
  return tried.filter((_, index) => index % stride === from % stride).flatMap(({ call, at }): Fault[] =>
    call.method === "write"
      ? [{ at, error: "ENOSPC" }, { at, short: 300, error: "ENOSPC" }]
      : [{ at, error: "EIO" }, ...call.method === "sync" ? [{ at, error: "EIO", times: "always" } as const] : []]
  );
}

function survive(story: Story, fault: Fault, journal: typeof journals[number]): number {
  const report = exploreCrashesSync({
    machine: { ...story.machine, disk: { journal } },
    ...story.setup === undefined ? {} : { setup: (machine: MemoryRuntime) => story.setup?.(machine) },
    run: (machine, acknowledge) => tell(story, faultRuntime(machine, fault).runtime, acknowledge),
    check: (machine, facts) => checkStory(story, machine, facts as readonly Fact[]),
    volatile: (path) => path.endsWith(".lock"),
    limit,
    stopAfter: 1,
  });
  const [first] = report.violations;
  assert(
    first === undefined,
    first && `${JSON.stringify(fault)}: ${first.error}\n${first.trace.join("\n")}\n${first.state}`,
  );
  return report.states;
}

describe("a call fails, and then the power goes:", () => {
  for (const [index, story] of notEmpty(stories).entries()) {
    it(story.name, () => {
      const faults = notEmpty(faultsOf(callsOf(story), index));
      let states = 0;
      for (const [number, fault] of faults.entries()) {
        states += survive(story, fault, journals[number % 2 === 0 ? 0 : 1]);
      }
      console.log(`# EXPLORED ${story.name}: ${faults.length} faults, ${states} disks, no violations`);
    });
  }
});
