/** Exploration of schedules is worth something only if it finds what goes wrong in one order alone: every old rule is caught. */
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import {
  describeScheduleReport,
  exploreSchedules,
  type ScheduleOptions,
  type ScheduleReport,
  type TogetherOperation,
} from "../../src/testing/mod.ts";
import * as rules from "./together/old_rules.ts";

const disk = { journal: "silent" } as const;

/** Acknowledged names lead to their content after every power cut. */
function writing(
  make: () => rules.DirectorySyncs,
  faults: NonNullable<ScheduleOptions["faults"]>,
): Promise<ScheduleReport> {
  // What is shared is shared by the operations of one order.
  const shared = new WeakMap<object, rules.DirectorySyncs>();
  const named = (name: string): TogetherOperation => (runtime, acknowledge) => {
    const sync = shared.get(runtime) ?? make();
    shared.set(runtime, sync);
    return rules.plainWrite(name, sync)(runtime, acknowledge);
  };
  return exploreSchedules({
    machine: { disk, files: { "/d": { kind: "directory" } } },
    together: [named("a"), named("b")],
    samples: 0,
    faults,
    check: (machine, facts) => {
      // check-tests: allow -- a crash before the first acknowledgement leaves nothing to compare
      for (const fact of facts) assertEquals(machine.readText(`/d/${fact}`), fact, `${fact} was acknowledged`);
    },
  });
}

function serial(): Promise<ScheduleReport> {
  const shared = new WeakMap<object, ReturnType<typeof rules.oneAfterTheOther>>();
  const named = (name: string): TogetherOperation => (runtime, acknowledge) => {
    const turns = shared.get(runtime) ?? rules.oneAfterTheOther();
    shared.set(runtime, turns);
    const sync: rules.DirectorySyncs = async (directory) => void await directory.sync("full");
    return turns(async () => void await rules.plainWrite(name, sync)(runtime, acknowledge));
  };
  return exploreSchedules({
    machine: { disk, files: { "/d": { kind: "directory" } } },
    together: [named("a"), named("b")],
    samples: 0,
    check: (machine, facts) => {
      // check-tests: allow -- a crash before the first acknowledgement leaves nothing to compare
      for (const fact of facts) assertEquals(machine.readText(`/d/${fact}`), fact, `${fact} was acknowledged`);
    },
  });
}

function counting(givenBack: "too early" | "at the end"): Promise<ScheduleReport> {
  const operation = rules.counting(givenBack);
  return exploreSchedules({
    machine: { disk, files: { "/d/counter": "0" } },
    together: [operation, operation],
    faults: "none",
    samples: 0,
    ended: ({ machine }) => assertEquals(machine.readText("/d/counter"), "2"),
  });
}

const controls: Record<string, () => Promise<ScheduleReport>> = {
  "the old sharing of directory syncs: a failure is known to those alone who share it": () =>
    writing(rules.nextSync, "syncs"),
  "a sync shared with the one in flight": () => writing(rules.syncInFlight, "none"),
  "an error told to the leader only": () => writing(rules.errorForLeader, "syncs"),
  "the old equal no-op": () =>
    exploreSchedules({
      machine: { disk, files: { "/d/a": "old" } },
      together: [rules.inPlace, rules.equalNoOp],
      processes: "each",
      samples: 0,
      check: (machine, facts) => {
        if (facts.includes("new")) assertEquals(machine.readText("/d/a"), "new");
      },
    }),
  "the old reopening of a log": () =>
    exploreSchedules({
      machine: { disk, files: { "/d/log": "1" } },
      together: [rules.appending, rules.oldReopening],
      processes: "each",
      samples: 0,
      check: (machine, facts) => {
        // check-tests: allow -- a crash before the first acknowledgement leaves nothing to compare
        for (const fact of facts) assert(machine.readText("/d/log")?.includes(String(fact)), `${fact} is lost`);
      },
    }),
  "a turn given back too early": () => counting("too early"),
};

describe("exploration of schedules", () => {
  for (const [name, explore] of Object.entries(controls)) {
    it(`catches: ${name}`, async () => {
      const report = await explore();
      assert(report.violations.length > 0, `${name} was not caught: ${describeScheduleReport(report)}`);
      console.log(`${name}: ${report.violations[0]?.schedule}`);
    });
  }

  it("has nothing to say against one write after the other, none of them after a failure", async () => {
    const report = await serial();
    assertEquals(report.violations, [], describeScheduleReport(report));
    assert(report.exhaustive);
  });

  it("has nothing to say against a turn that is given back at the end", async () => {
    assertEquals((await counting("at the end")).violations, []);
  });
});
