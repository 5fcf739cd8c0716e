/**
 * Steps that count as independent are: in any order of random calls, two neighbours that may change places are exchanged, and
 * everything is as before: the answers, what readers see at the end, and every disk that a power cut may leave on the way.
 */
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import type { OpenFile, Runtime } from "../../src/runtime/runtime.ts";
import { startMachine } from "../../src/testing/machine/memory_file_system.ts";
import { picture } from "../../src/testing/machine/picture.ts";
import { partsOf } from "../../src/testing/machine/simulated_process.ts";
import { Mistakes } from "../../src/testing/mistakes.ts";
import { SeededRandom } from "../../src/testing/random.ts";
import type { TogetherOperation } from "../../src/testing/schedules/order_run_parts.ts";
import { OrderTrials } from "../../src/testing/schedules/order_trials.ts";
import { separate, type TouchGroups } from "../../src/testing/schedules/order_hash.ts";

type Call = (runtime: Runtime) => Promise<unknown>;

const bytes = new TextEncoder().encode("longer");

/** Something done with an open file, which is closed in any case. */
function using(path: string, body: (file: OpenFile) => Promise<unknown>): Call {
  return async ({ fileSystem }) => {
    const file = await fileSystem.open(path, "read-write");
    try {
      return file === undefined ? "none" : await body(file);
    } finally {
      await file?.close();
    }
  };
}

/** Calls of every kind on a few names. */
function anyCall(random: SeededRandom): Call {
  const directory = () => `/${["d", "e"][random.below(2)]}`;
  const path = () => ["/d/a", "/d/b", "/e/a"][random.below(3)] ?? "/d/a";
  const [one, other, place] = [path(), path(), directory()];
  const calls: readonly Call[] = [
    async ({ fileSystem }) => await (await fileSystem.create(one, 0o644)).close(),
    using(one, async (file) => await file.write(bytes)),
    using(one, async (file) => await file.sync("full")),
    using(one, async (file) => [await file.write(bytes), await file.sync("full")]),
    using(one, async (file) => await file.setMode(0o600)),
    using(one, async (file) => [(await file.stat()).links, await file.read(new Uint8Array(8))]),
    using(one, async (file) => await file.tryLock(false)),
    async ({ fileSystem }) => await fileSystem.remove(one),
    async ({ fileSystem }) => await fileSystem.rename(one, other),
    async ({ fileSystem }) => await fileSystem.link(one, other),
    async ({ fileSystem }) => {
      const status = await fileSystem.linkStat(one);
      return [status?.size, status?.links, status?.mode];
    },
    async ({ fileSystem }) => (await fileSystem.readDirectory(place))?.map(({ name }) => name).sort(),
    async ({ fileSystem }) => {
      const opened = await fileSystem.openDirectory(place);
      await opened?.sync("full");
      await opened?.close();
    },
  ];
  return calls[random.below(calls.length)] ?? calls[0] as Call;
}

/** Calls one after the other; each promises something when it has ended. */
function operation(calls: readonly Call[], name: string): TogetherOperation {
  return async (runtime, acknowledge) => {
    const answers: unknown[] = [];
    for (const call of calls) {
      answers.push(await call(runtime).catch((error) => String((error as { code?: unknown }).code)));
    }
    acknowledge(name);
    return answers;
  };
}

/** One order, and what came of it. */
interface Ran {
  readonly choices: readonly number[];
  readonly steps: readonly TouchGroups[];
  readonly hash: string;
  readonly answers: string;
  readonly disks: readonly string[];
}

async function run(seed: number, processes: "one" | "each", choices?: readonly number[]): Promise<Ran> {
  const random = new SeededRandom(seed);
  const operations = ["a", "b"].map((name) => operation(Array.from({ length: 4 }, () => anyCall(random)), name));
  const first = startMachine({ files: { "/d/a": "old", "/e/a": "old" } });
  first.syncAll();
  const { machine, record } = partsOf(first);
  const disks = new Set<string>();
  let answers = "";
  const trials = new OrderTrials(
    {
      together: operations,
      processes,
      disks: 4_000,
      pieces: 1,
      recoveryDisks: 0,
      ended: ({ results, machine }) => {
        answers = `${JSON.stringify(results)}\n${picture(partsOf(machine).machine)}`;
      },
      check: (machine, facts) => {
        disks.add(`${picture(partsOf(machine).machine)}\n${facts.join()}`);
      },
    },
    { plan: machine.plan, image: machine.disk.snapshot(), record, now: machine.scheduler.now() },
    new Mistakes(),
  );
  const steps: TouchGroups[] = [];
  let taken: readonly number[] = [];
  let learn = () => {};
  await trials.run(undefined, (possible, current) => {
    learn();
    learn = () => {
      const known = new Map<string, TouchGroups>();
      current.interruptions.learn(known);
      steps.push(...known.values());
    };
    taken = current.choices;
    const given = choices?.[current.choices.length];
    if (choices !== undefined) return given;
    return possible[random.below(possible.length)]?.operation;
  });
  learn();
  assertEquals(trials.violations, []);
  return { choices: taken, steps, hash: trials.lastOrder, answers, disks: [...disks].sort() };
}

describe("independent steps", () => {
  for (const processes of ["one", "each"] as const) {
    it(`change places without a difference, ${processes === "one" ? "in one process" : "in a process each"}`, async () => {
      let exchanged = 0;
      for (let seed = 1; seed <= 40; seed++) {
        const { choices, steps, ...expected } = await run(seed, processes);
        for (let index = 0; index + 1 < steps.length; index++) {
          const [one, other] = [steps[index], steps[index + 1]];
          const [who, next] = [choices[index], choices[index + 1]];
          if (who === undefined || next === undefined || who === next) continue;
          if (one === undefined || other === undefined || !separate(one, other)) continue;
          const order = [...choices.slice(0, index), next, who, ...choices.slice(index + 2)];
          const { choices: _, steps: __, ...found } = await run(seed, processes, order);
          assertEquals(found, expected, `seed ${seed}, steps ${index + 1} and ${index + 2}`);
          exchanged++;
        }
      }
      console.log(`${exchanged} exchanged`);
      assert(exchanged > 100, `${exchanged} steps were exchanged`);
    });
  }
});
