/**
 * Exploration of schedules: that it runs every order that makes a difference and no other, that it repeats, and that it
 * sees what goes wrong in one order alone. Over raw calls, whose orders can be counted by hand.
 */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { describe, it } from "node:test";
import { writeFile } from "../../mod.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import {
  describeScheduleReport,
  exploreCrashes,
  exploreSchedules,
  memoryRuntime,
  type ScheduleOptions,
  sweepFaults,
  sweepFaultsSync,
  type TogetherOperation,
} from "../../src/testing/mod.ts";
import { SeededRandom } from "../../src/testing/random.ts";
import { encode } from "./support.ts";
import { notEmpty } from "../support/tally.ts";

type FileSystem = Runtime["fileSystem"];
type Call = (files: FileSystem) => unknown;

const make = (path: string): Call => async (files) => (await files.create(path, 0o644)).close();
const drop = (path: string): Call => (files) => files.remove(path);
const look = (path: string): Call => (files) => files.linkStat(path);

/** An operation that makes these calls, one after the other, and answers what they answered. */
const calling = (...calls: Call[]): TogetherOperation => async ({ fileSystem }) => {
  const answers: string[] = [];
  for (const call of calls) {
    try {
      const answer = await call(fileSystem);
      answers.push(typeof answer === "boolean" ? String(answer) : answer === undefined ? "none" : "some");
    } catch (error) {
      answers.push((error as { code: string }).code);
    }
  }
  return answers.join(" ");
};

interface Found {
  readonly outcomes: string[];
  readonly orders: number;
}

/** Every end that operations came to, and in how many orders. */
async function ends(together: TogetherOperation[], options: Partial<ScheduleOptions> = {}): Promise<Found> {
  const outcomes = new Set<string>();
  const report = await exploreSchedules({
    together,
    faults: "none",
    samples: 0,
    machine: { files: { "/d/a": "old" } },
    ended: ({ results, machine }) => {
      const values = results.map((result) => "value" in result ? result.value : result.error);
      outcomes.add(`${values.join(" | ")} | ${Object.keys(machine.files()).join(" ")}`);
    },
    ...options,
  });
  assertEquals(report.violations, []);
  return { outcomes: [...outcomes].sort(), orders: report.orders };
}

describe("exploreSchedules", () => {
  it("runs orders once that differ only in steps that have nothing to do with each other", async () => {
    const looking = calling(look("/d/a"), look("/d/a"), look("/d/a"));
    assertEquals((await ends([looking, looking], { preemptions: 9 })).orders, 1);
  });

  it("runs every order of steps that change what the others see", async () => {
    const { outcomes } = await ends([calling(drop("/d/a")), calling(look("/d/a")), calling(look("/d/a"))]);
    assertEquals(outcomes, [
      "true | none | none | /d/",
      "true | none | some | /d/",
      "true | some | none | /d/",
      "true | some | some | /d/",
    ]);
  });

  it("interrupts no more often than asked for", async () => {
    const twice = [calling(drop("/d/a"), make("/d/a"), drop("/d/a")), calling(look("/d/a"), look("/d/a"))];
    const counts = [];
    for (const preemptions of [0, 1, 2, 3]) counts.push((await ends(twice, { preemptions })).outcomes.length);
    // There, there | none, none; there, none; and, with each look between two of the other's steps, none, there.
    assertEquals(counts, [2, 3, 3, 4]);
  });

  it("finds every end that chance finds, for any calls on the same few names", async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const random = new SeededRandom(seed);
      const path = () => `/d/${["a", "b"][random.below(2)]}`;
      const any = (): Call => {
        const [one, other] = [path(), path()];
        const kinds: Call[] = [
          make(one),
          drop(one),
          look(one),
          (files) => files.rename(one, other),
          (files) => files.readDirectory("/d"),
          async (files) => {
            const file = await files.open(one, "read-write");
            await file?.write(encode("x"));
            const { size } = await file?.stat() ?? { size: 0 };
            await file?.close();
            return size === 1;
          },
        ];
        return kinds[random.below(kinds.length)] ?? look(one);
      };
      const together = [calling(any(), any(), any()), calling(any(), any(), any())];
      const explored = await ends(together, { preemptions: 20 });
      const drawn = await ends(together, { preemptions: 0, samples: 150, seed });
      for (const outcome of notEmpty(drawn.outcomes)) {
        assert(explored.outcomes.includes(outcome), `seed ${seed}: ${outcome}`);
      }
    }
  });

  it("cuts the power only if somebody judges what that leaves", async () => {
    const together = [calling(make("/d/b")), calling(make("/d/c"))];
    const counts = [];
    for (const judge of [{}, { check: () => {} }, { recover: () => {} }]) {
      const { states, exhaustive } = await exploreSchedules({
        ...{ together, machine: { files: { "/d/a": "old" } }, disks: 1, ...judge },
        faults: "none",
      });
      counts.push([states > 0, exhaustive]);
    }
    assertEquals(counts, [[false, true], [true, false], [true, false]]);
  });

  it("cuts the power after every step, with every disk that is left then", async () => {
    const states = new Set<string>();
    const writing = (path: string): TogetherOperation => async ({ fileSystem }, acknowledge) => {
      const file = await fileSystem.create(path, 0o644);
      await file.close();
      const directory = await fileSystem.openDirectory("/");
      await directory?.sync("full");
      await directory?.close();
      acknowledge(path);
    };
    const report = await exploreSchedules({
      together: [writing("/a"), writing("/b")],
      preemptions: 9,
      samples: 0,
      faults: "none",
      check: (machine, facts) => {
        const files = Object.keys(machine.files());
        // check-tests: allow -- a cut may come before the first acknowledgement
        for (const fact of facts) assert(files.includes(String(fact)));
        states.add(`${files} after ${[...facts].sort()}`);
      },
    });
    assertEquals(report.violations, []);
    assert(report.exhaustive);
    assertEquals([...states].sort(), [
      " after ",
      "/a after ",
      "/a after /a",
      "/a,/b after ",
      "/a,/b after /a",
      "/a,/b after /a,/b",
      "/a,/b after /b",
      "/b after ",
      "/b after /b",
    ]);
  });

  it("loses what was pending when the sync of another fails, and tells of the failure as late as may be", async () => {
    const writing = (path: string): TogetherOperation => async ({ fileSystem }, acknowledge) => {
      const file = await fileSystem.create(path, 0o644);
      await file.close();
      const directory = await fileSystem.openDirectory("/");
      await directory?.sync("full");
      acknowledge(path);
    };
    const explore = (journal: "silent" | undefined, schedule?: string) =>
      exploreSchedules({
        machine: { disk: journal === undefined ? {} : { journal } },
        together: [writing("/a"), writing("/b")],
        samples: 0,
        check: (machine, facts) => {
          // check-tests: allow -- a cut may come before the first acknowledgement
          for (const fact of facts) assert(machine.readText(String(fact)) !== undefined, `${fact} is lost`);
        },
        ...schedule === undefined ? {} : { schedule },
      });
    const [violation] = (await explore("silent")).violations;
    assert(violation !== undefined);
    assertEquals(violation.kind, "power cut");
    assertMatch(violation.schedule, /; [AB] sync 1 EIO$/);
    // The same order again, alone.
    const again = await explore("silent", violation.schedule);
    assertEquals(again.violations[0]?.trace, violation.trace);
    assertEquals(again.violations[0]?.acknowledged, violation.acknowledged);
    assertMatch(describeScheduleReport(again), /is lost/);
  });

  it("says which operation waits forever", async () => {
    let wake = (): void => {};
    const waiting: TogetherOperation = async ({ fileSystem }) => {
      const woken = new Promise<void>((resolve) => wake = resolve);
      await fileSystem.stat("/");
      await woken;
    };
    // Whoever calls too early calls nobody.
    const waking: TogetherOperation = async ({ fileSystem }) => {
      await fileSystem.stat("/");
      wake();
      wake = () => {};
    };
    const report = await exploreSchedules({ together: [waking, waiting], samples: 0, preemptions: 0 });
    assertEquals(report.violations.map(({ kind }) => kind), ["stuck"]);
    assertMatch(String(report.violations[0]?.error), /B wait forever/);
  });

  it("lets time pass whenever somebody sleeps", async () => {
    const sleeping: TogetherOperation = async ({ fileSystem, clock }) => {
      await clock.sleep(1_000);
      return await fileSystem.linkStat("/d/a") === undefined ? "late" : "early";
    };
    const { outcomes } = await ends([sleeping, calling(look("/d/b"), drop("/d/a"))]);
    assertEquals(outcomes.map((outcome) => outcome.split(" ")[0]), ["early", "late"]);
  });

  it("gives operations one process, or each its own", async () => {
    const pid: TogetherOperation = async (runtime) => {
      await runtime.fileSystem.stat("/");
      return runtime.process.pid;
    };
    for (const [processes, count] of [["one", 1], ["each", 2]] as const) {
      const { outcomes } = await ends([pid, pid], { processes });
      assertEquals(new Set(outcomes[0]?.split(" | ").slice(0, 2)).size, count);
    }
  });

  it("runs explorations that are begun at once one after another: each sees what it sees alone", async () => {
    const explore = (path: string) =>
      exploreSchedules({
        together: ["one", "other"].map((text) => async (runtime, acknowledge) => {
          acknowledge({ text, length: BigInt(text.length) });
          await writeFile(path, text, { runtime });
        }),
        faults: "none",
        preemptions: 1,
        samples: 0,
        disks: 2,
      });
    const alone = await explore("/first");
    const [first, second] = await Promise.all([explore("/first"), explore("/other")]);
    assert(alone.orders > 2);
    assertEquals([first.orders, first.violations], [alone.orders, []]);
    assertEquals([second.orders, second.violations], [alone.orders, []]);
  });

  it("goes on after an exploration that was refused", async () => {
    const together = [calling(make("/a")), calling(make("/b"))];
    const refused = exploreSchedules({ together: [() => {}, () => {}] });
    const explored = exploreSchedules({ together });
    await assertRejects(() => refused, Error, "Nothing was explored");
    assertEquals((await explored).violations, []);
  });

  it("refuses what it does not understand", async () => {
    const one = calling(look("/"));
    const wrong: object[] = [
      { together: [one] },
      { together: [one, one], preemption: 1 },
      { together: [one, one], faults: "some" },
      { together: [one, one], schedule: "once" },
      { together: [one, one], machine: { delay: "every" } },
    ];
    for (const options of wrong) {
      await assertRejects(async () => {
        await exploreSchedules(options as ScheduleOptions);
      });
    }
  });
});

describe("a run that explored nothing is an error", () => {
  const idle = () => {};
  const expected = "Nothing was explored";

  it("of exploreCrashes", async () => {
    await assertRejects(() => exploreCrashes({ run: idle, check: idle }), Error, expected);
  });

  it("of sweepFaults", async () => {
    const sweep = { make: () => memoryRuntime(), operation: idle, check: idle };
    await assertRejects(() => sweepFaults(sweep), Error, expected);
    await assertRejects(async () => void await sweepFaultsSync(sweep), Error, expected);
  });

  it("of exploreSchedules, be it of one operation alone", async () => {
    const together = [calling(look("/")), idle];
    await assertRejects(() => exploreSchedules({ together }), Error, `${expected}: operation B`);
  });
});
