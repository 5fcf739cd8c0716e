/**
 * Writers, a cleaner and a reader on one file server, in a bounded number of orders of their calls: names and listings
 * come from caches, replies are lost, what was removed is ESTALE, and there are no locks. Whatever the order: versions
 * are consecutive, each made from the one before, none is lost and none is there twice; and a reader reads one of them.
 *
 * Every meeting has a bound, how often somebody is interrupted who could have gone on, and `--long` runs all orders within
 * it, to the end. A normal run does so for the smallest meeting, and takes a sample of the others.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { describe, it } from "node:test";
import {
  describeScheduleReport,
  exploreSchedules,
  type LosableCall,
  type MountOptions,
  type ScheduleReport,
  type TogetherOperation,
} from "../../src/testing/mod.ts";
import { readVersionedText, updateVersionedText } from "../../src/versioned/mod.ts";
import { byEffort, mostlyOnDeno } from "../support/effort.ts";
import { notEmpty } from "../support/tally.ts";
import { append, appendAsync, type Change, checkHistory, leftovers, newest, path } from "./support.ts";

/** Without what takes steps and decides nothing: the file itself, and the sync of the directory. */
const quick = { refresh: false, durability: "file" } as const;

const read = (runtime: Parameters<TogetherOperation>[0]) => readVersionedText(path, { runtime });

/** Compares nothing: the mistake that all this is there to prevent. */
const blindWriter: TogetherOperation = async (runtime) => {
  const { content: before } = await read(runtime) ?? { content: "" };
  const { version } = await updateVersionedText(path, () => `${before}b`, { ...quick, runtime });
  return { version, before, after: `${before}b`, leftBehind: [] };
};

/** Who takes part: each letter that is added says whose it is. */
const operations: Readonly<Record<string, TogetherOperation>> = {
  "a writer": (runtime) => appendAsync(runtime, "w", quick),
  "a writer whose listing may be old": async (runtime) => {
    await read(runtime);
    return await appendAsync(runtime, "o", quick);
  },
  "a writer that cleans away all but the newest": (runtime) => appendAsync(runtime, "c", { ...quick, keep: 1 }),
  "a reader": read,
  "a writer that compares nothing": blindWriter,
};

interface Meeting {
  readonly who: readonly (keyof typeof operations)[];
  /** How often somebody is interrupted who could have gone on, at most. Default 1. */
  readonly preemptions?: number;
  readonly disk?: MountOptions;
  readonly lostReplies?: readonly LosableCall[];
}

const [writer, stale, cleaner, reader, blind] = Object.keys(operations) as [string, string, string, string, string];

const meetings: readonly Meeting[] = [
  { who: [writer, cleaner] },
  { who: [writer, cleaner], preemptions: 2 },
  { who: [stale, cleaner, cleaner] },
  { who: [writer, stale, cleaner, reader], preemptions: 0 },
  { who: [writer, stale, cleaner, reader] },
  { who: [stale, cleaner, cleaner], lostReplies: ["link"] },
  { who: [stale, cleaner, cleaner], lostReplies: ["link", "remove", "rename"] },
  { who: [writer, cleaner, reader], lostReplies: ["remove"] },
  { who: [stale, cleaner, cleaner], disk: { hardLinks: false } },
  { who: [stale, cleaner], disk: { hardLinks: false }, lostReplies: ["rename", "remove", "makeDirectory"] },
];

const bounds = mostlyOnDeno({
  quick: { limit: 3, samples: 1 },
  normal: { limit: 40, samples: 2 },
  long: { limit: Number.MAX_SAFE_INTEGER, samples: 100 },
});
/** What the smallest meeting has room for. */
const smallest = byEffort({ quick: bounds.limit, normal: 100, long: bounds.limit });

function nameOf({ who, preemptions = 1, disk, lostReplies }: Meeting): string {
  const where = disk === undefined ? "" : ", without hard links";
  const lost = lostReplies === undefined ? "" : `, replies lost of ${lostReplies.join(", ")}`;
  return `${who.join(", ")}${where}${lost}, ${preemptions} interrupted`;
}

function explore(
  { who, preemptions = 1, disk = {}, lostReplies = [] }: Meeting,
  limit: number,
): Promise<ScheduleReport> {
  const network = lostReplies.length === 0 ? {} : { lostReplies };
  return exploreSchedules({
    machine: { disk, network, files: { "/d/": { kind: "directory" } } },
    setup: (machine) => {
      for (const letter of "12") append(machine, letter, { ...quick, keep: 2 });
    },
    processes: "each",
    together: who.map((name) => operations[name] as TogetherOperation),
    faults: "none",
    preemptions,
    limit,
    samples: bounds.samples,
    ended: ({ machine, results }) => {
      const values = results.map((result) => {
        if ("error" in result) throw result.error;
        return result.value;
      });
      const changes = values.filter((_, index) => who[index] !== reader) as Change[];
      const final = newest(machine.fork());
      assertEquals(changes.length, who.filter((name) => name !== reader).length);
      checkHistory(changes, final);
      assertEquals(final.version, 2 + changes.length, "a version that nobody was notified of");
      for (const [index, value] of notEmpty(values).entries()) {
        if (who[index] !== reader) continue;
        const { version, content } = value as { version: number; content: string };
        assertEquals(content, final.content.slice(0, version), "a reader has read what was never there");
      }
      assertEquals(leftovers(machine), []);
    },
  });
}

describe("processes that meet at a versioned file", () => {
  for (const meeting of meetings) {
    it(nameOf(meeting), async () => {
      const limit = meeting === meetings[0] ? smallest : bounds.limit;
      const report = await explore(meeting, limit);
      console.log(`${nameOf(meeting)}: ${describeScheduleReport(report)}`);
      assertEquals(report.violations.length, 0, describeScheduleReport(report));
      assert(report.exhaustive || report.orders >= limit);
    });
  }

  it(`${writer}, ${blind}: is found out`, async () => {
    const { violations: [violation] } = await explore({ who: [writer, blind] }, 100);
    assertEquals(violation?.kind, "ended");
    assertMatch(String(violation?.error), /is lost|was made from|has lost/);
  });
});
