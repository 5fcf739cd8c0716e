/** No update is lost: every runtime at once, and a shell; with kills. The long version: `deno task storm:locks`. */
import { it } from "node:test";
import { byEffort } from "../support/effort.ts";
import { hasJq, manyUpdates } from "./many_updates.ts";
import { skip } from "../support/skip.ts";
import { currentRuntime, runtimes } from "../support/spawn.ts";
import { tally } from "../support/tally.ts";
import { storm } from "./storm.ts";
import { hasFlockProgram, hasKernelLock, isLinux } from "./support.ts";

const size = byEffort({
  quick: { processes: 1, increments: 20, killed: 1, kills: 2 },
  normal: { processes: 1, increments: 40, killed: 2, kills: 3 },
  long: { processes: 4, increments: 500, killed: 3, kills: 40 },
});

for (
  const [backend, threads] of [["flock", false], ["directory", false], ["flock", true]] as const
) {
  const name = threads ? `${backend}, in worker threads` : backend;
  it(`no update is lost (${name})`, async (t) => {
    if (!isLinux || !hasKernelLock() || !hasFlockProgram()) return skip(t, "needs Linux and flock(1)");
    // All runtimes take part, whichever runs this test: once is enough.
    if (currentRuntime !== runtimes()[0]) return skip(t, "runs once, with processes of every runtime");
    const options = { durability: "none", lock: { backend } };
    const report = await storm({ ...size, threads, runtimes: runtimes(), options, shell: backend === "flock" });
    const happened = tally(`a storm of increments (${name})`, ["acknowledged", "kills", "looks", "participants"]);
    happened.count("acknowledged", report.acknowledged);
    happened.count("kills", report.kills);
    happened.count("looks", report.looks);
    happened.count("participants", report.participants);
    const kills = size.kills * Math.min(size.killed, runtimes().length);
    happened.enough({ acknowledged: size.increments, kills, participants: runtimes().length });
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
