/**
 * No update is lost: every runtime at once, and a shell; with kills and stops. The long version: `deno task storm:locks`.
 */
import { it } from "node:test";
import { byEffort, inTurn } from "../support/effort.ts";
import { hasJq, manyUpdates } from "./many_updates.ts";
import { skip } from "../support/skip.ts";
import { currentRuntime, runtimes } from "../support/spawn.ts";
import { notEmpty, tally } from "../support/tally.ts";
import { type Storm, storm } from "./storm.ts";
import { hasFlockProgram, hasKernelLock, isLinux } from "./support.ts";

const size = byEffort({
  quick: { processes: 1, increments: 20, killed: 1, kills: 2, stops: 10, removals: 10 },
  normal: { processes: 1, increments: 40, killed: 2, kills: 3, stops: 20, removals: 20 },
  long: { processes: 4, increments: 500, killed: 3, kills: 40, stops: 500, removals: 500 },
});

/** A lock directory and the kernel's lock in turn: each is converted to the other as soon as it is free. */
const mixed = (index: number) => ({
  durability: "none",
  lock: { backend: index % 2 === 0 ? "flock" : "directory" },
});
const all = (backend: string) => ({ durability: "none", lock: { backend } });

const both = { stops: size.stops, removals: size.removals };

type Rules = Pick<Storm, "options" | "shell" | "threads" | "stops" | "removals"> & { readonly name: string };

const storms: readonly Rules[] = [
  { name: "flock", options: all("flock"), shell: true },
  { name: "directory", options: all("directory"), shell: false },
  { name: "flock, in worker threads", options: all("flock"), shell: true, threads: true },
  { name: "flock, some stopped in the middle", options: all("flock"), shell: true, stops: size.stops },
  { name: "both kinds of locks, some stopped in the middle", options: mixed, shell: false, stops: size.stops },
  { name: "flock, lock files removed, some stopped", options: all("flock"), shell: false, ...both },
  { name: "directory, lock directories removed, some stopped", options: all("directory"), shell: false, ...both },
];

for (const { name, ...rules } of notEmpty(inTurn(storms, 2))) {
  it(`no update is lost (${name})`, async (t) => {
    if (!isLinux || !hasKernelLock() || !hasFlockProgram()) return skip(t, "needs Linux and flock(1)");
    // All runtimes take part, whichever runs this test: once is enough.
    if (currentRuntime !== runtimes()[0]) return skip(t, "runs once, with processes of every runtime");
    const report = await storm({ ...size, stops: 0, removals: 0, ...rules, runtimes: runtimes() });
    const happened = tally(`a storm of increments (${name})`, [
      "acknowledged",
      "kills",
      "stops",
      "removals",
      "looks",
      "participants",
    ]);
    happened.count("acknowledged", report.acknowledged);
    happened.count("kills", report.kills);
    happened.count("stops", report.stops);
    happened.count("removals", report.removals);
    happened.count("looks", report.looks);
    happened.count("participants", report.participants);
    const kills = size.kills * Math.min(size.killed, runtimes().length);
    const stops = (rules.stops ?? 0) > 0 ? 1 : 0;
    const removals = (rules.removals ?? 0) > 0 ? 1 : 0;
    happened.enough({ acknowledged: size.increments, kills, stops, removals, participants: runtimes().length });
  });
}

it("no update is lost (atomic-write update FILE -- jq …)", async (t) => {
  if (!hasJq()) return skip(t, "needs the program jq (Debian: apt-get install jq)");
  if (currentRuntime !== runtimes()[0]) return skip(t, "runs once, with processes of every runtime");
  await manyUpdates({
    runtimes: runtimes(),
    ...byEffort({
      quick: { commands: 6, parallel: 6 },
      normal: { commands: 20, parallel: 20 },
      long: { commands: 1000, parallel: 32 },
    }),
  });
});
