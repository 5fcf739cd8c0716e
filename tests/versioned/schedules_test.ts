/**
 * Writers, a cleaner and a reader on one file server, in a bounded number of orders of their calls: names and listings
 * come from caches, replies are lost, what was removed is ESTALE, and there are no locks. Whatever the order: versions
 * are consecutive, each made from the one before, none is lost and none is there twice; and a reader reads one of them.
 *
 * In the suite, orders are a sample on the other runtimes; `--long` interrupts twice, and tries more lost replies.
 */
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import {
  describeScheduleReport,
  exploreSchedules,
  type LosableCall,
  type MountOptions,
  type TogetherOperation,
} from "../../src/testing/mod.ts";
import { readVersionedText } from "../../src/versioned/mod.ts";
import { mostlyOnDeno } from "../support/effort.ts";
import { notEmpty } from "../support/tally.ts";
import { append, appendAsync, type Change, checkHistory, leftovers, newest, path } from "./support.ts";

/** Without what takes steps and decides nothing: the file itself, and the sync of the directory. */
const quick = { refresh: false, durability: "file" } as const;

const read = (runtime: Parameters<TogetherOperation>[0]) => readVersionedText(path, { runtime });

/** Who takes part: each letter that is added says whose it is. */
const operations: Readonly<Record<string, TogetherOperation>> = {
  "a writer": (runtime) => appendAsync(runtime, "w", quick),
  "a writer whose listing may be old": async (runtime) => {
    await read(runtime);
    return await appendAsync(runtime, "o", quick);
  },
  "a writer that cleans away all but the newest": (runtime) => appendAsync(runtime, "c", { ...quick, keep: 1 }),
  "a reader": read,
};

interface Meeting {
  readonly who: readonly (keyof typeof operations)[];
  readonly disk?: MountOptions;
  readonly lostReplies?: readonly LosableCall[];
}

const [writer, stale, cleaner, reader] = Object.keys(operations) as [string, string, string, string];

const meetings: readonly Meeting[] = [
  { who: [writer, cleaner] },
  { who: [stale, cleaner, cleaner] },
  { who: [writer, stale, cleaner, reader] },
  { who: [stale, cleaner, cleaner], lostReplies: ["link"] },
  { who: [stale, cleaner, cleaner], lostReplies: ["link", "remove", "rename"] },
  { who: [writer, cleaner, reader], lostReplies: ["remove"] },
  { who: [stale, cleaner, cleaner], disk: { hardLinks: false } },
  { who: [stale, cleaner], disk: { hardLinks: false }, lostReplies: ["rename", "remove", "makeDirectory"] },
];

const bounds = mostlyOnDeno({
  quick: { preemptions: 1, limit: 3, samples: 1 },
  normal: { preemptions: 1, limit: 25, samples: 5 },
  long: { preemptions: 2, limit: 20_000, samples: 500 },
});

function nameOf({ who, disk, lostReplies }: Meeting): string {
  const where = disk === undefined ? "" : ", without hard links";
  return `${who.join(", ")}${where}${lostReplies === undefined ? "" : `, replies lost of ${lostReplies.join(", ")}`}`;
}

describe("whoever meets at a versioned file", () => {
  for (const meeting of meetings) {
    it(nameOf(meeting), async () => {
      const { who, disk = {}, lostReplies = [] } = meeting;
      const network = lostReplies.length === 0 ? {} : { lostReplies };
      const report = await exploreSchedules({
        machine: { disk, network, files: { "/d/": { kind: "directory" } } },
        setup: (machine) => {
          for (const letter of "12") append(machine, letter, { ...quick, keep: 2 });
        },
        processes: "each",
        together: who.map((name) => operations[name] as TogetherOperation),
        faults: "none",
        disks: 1,
        recoveryDisks: 0,
        ...bounds,
        ended: ({ machine, results }) => {
          const values = results.map((result) => {
            if ("error" in result) throw result.error;
            return result.value;
          });
          const changes = values.filter((_, index) => who[index] !== reader) as Change[];
          const final = newest(machine.fork());
          assertEquals(changes.length, who.filter((name) => name !== reader).length);
          checkHistory(changes, final);
          assertEquals(final.version, 2 + changes.length, "a version that nobody was told of");
          for (const [index, value] of notEmpty(values).entries()) {
            if (who[index] !== reader) continue;
            const { version, content } = value as { version: number; content: string };
            assertEquals(content, final.content.slice(0, version), "a reader has read what was never there");
          }
          assertEquals(leftovers(machine), []);
        },
      });
      console.log(`${nameOf(meeting)}: ${describeScheduleReport(report)}`);
      assertEquals(report.violations.length, 0, describeScheduleReport(report));
      assert(report.orders > 0);
    });
  }
});
