/**
 * No change is lost and none is made twice: processes of every runtime change one versioned file at once while some of
 * them are killed, also where the kernel refuses flock, or hard links as well. `deno task storm:versions` is the long version.
 */
import { assertRejects } from "@std/assert";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { it } from "node:test";
import { storm } from "../lock/storm.ts";
import { isLinux } from "../lock/support.ts";
import { byEffort } from "../support/effort.ts";
import { skip } from "../support/skip.ts";
import { currentRuntime, runtimes } from "../support/spawn.ts";
import { tally } from "../support/tally.ts";
import { countVersionsIn } from "./count_versions.ts";

const size = byEffort({
  quick: { processes: 1, increments: 5, killed: 1, kills: 1 },
  normal: { processes: 1, increments: 12, killed: 1, kills: 2 },
  long: { processes: 3, increments: 200, killed: 5, kills: 10 },
});

for (const refused of [[], ["flock"], ["flock", "link"]]) {
  const where = refused.length === 0 ? "" : `, where the kernel refuses ${refused.join(" and ")}`;
  it(`no change of a versioned file is lost or made twice${where}`, async (t) => {
    if (!isLinux || spawnSync("perl", ["-e", "1"]).status !== 0) return skip(t, "needs Linux and perl");
    if (currentRuntime !== runtimes()[0]) return skip(t, "runs once, with processes of every runtime");
    const wrapper = refused.length === 0
      ? {}
      : { wrapper: ["perl", join(import.meta.dirname ?? "", "scripts/refuse.pl"), ...refused, "--"] };
    const report = await storm({
      ...size,
      ...wrapper,
      runtimes: runtimes(),
      options: {},
      shell: false,
      script: "tests/versioned/scripts/count_versions.ts",
      counted: (path, told) => countVersionsIn(path, told, size.kills * size.killed),
    });
    const happened = tally(`a storm of versions${where}`, ["acknowledged", "kills", "looks", "participants"]);
    happened.count("acknowledged", report.acknowledged);
    happened.count("kills", report.kills);
    happened.count("looks", report.looks);
    happened.count("participants", report.participants);
    happened.enough({ acknowledged: size.increments, kills: size.killed, participants: runtimes().length });
  });
}

it("a storm of changes that compare nothing is found out", async (t) => {
  if (currentRuntime !== runtimes()[0]) return skip(t, "runs once");
  await assertRejects(
    () =>
      storm({
        ...{
          runtimes: runtimes().slice(0, 1),
          processes: 1,
          increments: 3,
          killed: 0,
          kills: 0,
          options: {},
          shell: false,
        },
        script: "tests/versioned/scripts/count_blindly.ts",
        counted: (path, told) => countVersionsIn(path, told, 0),
      }),
    Error,
    " marks",
  );
});
