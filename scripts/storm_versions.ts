/**
 * `deno task storm:versions`: eight processes change one versioned file 200 times each, while five of them are killed ten
 * times each at random moments and started again; on each runtime, and on all of them together. In the usual folder for
 * tests and in memory (/dev/shm, where there is one); as the kernel is, with flock refused, and with flock and hard links
 * refused. Ends with status 1 when a change is lost or made twice, or when a version was not made from the one before.
 *
 *     deno task storm:versions -- --increments=200 --kills=10 --runtimes=deno;node;bun;mixed \
 *       --refused=;flock;flock,link --directory=/mnt/server
 */
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { storm } from "../tests/lock/storm.ts";
import { type RuntimeName, runtimes } from "../tests/support/spawn.ts";
import { testDirectory } from "../tests/support/temporary_directory.ts";
import { countVersionsIn } from "../tests/versioned/count_versions.ts";
import { prepareEveryRuntime } from "./suite/every_runtime.ts";
import { ROOT } from "./toolchain/folders.ts";

const processes = 8;
const killed = 5;
let [increments, kills] = [200, 10];
let refusals = [[], ["flock"], ["flock", "link"]];
let kinds = ["deno", "node", "bun", "mixed"];
const chosen: string[] = [];
for (const argument of Deno.args) {
  const [name, value = ""] = argument.split("=");
  if (name === "--increments" && Number(value) > 0) increments = Math.floor(Number(value));
  else if (name === "--kills" && Number(value) > 0) kills = Math.floor(Number(value));
  else if (name === "--runtimes" && value !== "") kinds = value.split(";");
  else if (name === "--refused") {
    refusals = value.split(";").map((calls) => calls.split(",").filter((call) => call !== ""));
  } else if (name === "--directory" && value !== "") chosen.push(value);
  else if (argument !== "--") throw new TypeError(`unknown argument: ${argument}`);
}
const memory = "/dev/shm";
const directories = chosen.length > 0 ? chosen : [testDirectory(), ...fs.existsSync(memory) ? [memory] : []];

await prepareEveryRuntime();

const known = runtimes();
function participants(kind: string): RuntimeName[] {
  const runtime = known.find((name) => name === kind);
  if (runtime === undefined && kind !== "mixed") throw new TypeError(`no runtime here: ${kind}`);
  return Array.from({ length: processes }, (_, index) => runtime ?? known[index % known.length] ?? "deno");
}
const wanted = kinds.map((kind) => ({ kind, runtimes: participants(kind) }));

const refuse = join(ROOT, "tests/versioned/scripts/refuse.pl");
for (const directory of directories) {
  process.env["ATOMIC_WRITE_TEST_DIRECTORY"] = directory;
  for (const refused of refusals) {
    for (const { kind, runtimes } of wanted) {
      const report = await storm({
        ...{ increments, killed, kills, options: {}, shell: false, processes: 1, runtimes },
        ...refused.length === 0 ? {} : { wrapper: ["perl", refuse, ...refused, "--"] },
        script: "tests/versioned/scripts/count_versions.ts",
        counted: (path, told) => countVersionsIn(path, told, killed * kills),
      });
      const how = refused.length === 0 ? "" : `, ${refused.join(" and ")} refused`;
      console.log(`${directory}, ${kind}${how}: ${JSON.stringify(report)}`);
    }
  }
}
