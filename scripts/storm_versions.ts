/**
 * `deno task storm:versions`: nine processes, three on each runtime, change one versioned file 200 times each, while five
 * of them are killed ten times each at random moments and started again. In the usual folder for tests and in memory
 * (/dev/shm, where there is one); as the kernel is, with flock refused, and with flock and hard links refused. Ends with
 * status 1 when a change is lost or made twice.
 *
 *     deno task storm:versions -- --increments=200 --kills=10 --directory=/mnt/server
 */
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { storm } from "../tests/lock/storm.ts";
import { runtimes } from "../tests/support/spawn.ts";
import { testDirectory } from "../tests/support/temporary_directory.ts";
import { countVersionsIn } from "../tests/versioned/count_versions.ts";
import { prepareEveryRuntime } from "./suite/every_runtime.ts";
import { ROOT } from "./toolchain/folders.ts";

let [increments, kills] = [200, 10];
const chosen: string[] = [];
for (const argument of Deno.args) {
  const [name, value = ""] = argument.split("=");
  if (name === "--increments" && Number(value) > 0) increments = Math.floor(Number(value));
  else if (name === "--kills" && Number(value) > 0) kills = Math.floor(Number(value));
  else if (name === "--directory" && value !== "") chosen.push(value);
  else if (argument !== "--") throw new TypeError(`unknown argument: ${argument}`);
}
const memory = "/dev/shm";
const directories = chosen.length > 0 ? chosen : [testDirectory(), ...fs.existsSync(memory) ? [memory] : []];

await prepareEveryRuntime();

const refuse = join(ROOT, "tests/versioned/scripts/refuse.pl");
const killed = 5;
for (const directory of directories) {
  process.env["ATOMIC_WRITE_TEST_DIRECTORY"] = directory;
  for (const refused of [[], ["flock"], ["flock", "link"]]) {
    const started = performance.now();
    const report = await storm({
      ...{ increments, killed, kills, options: {}, shell: false, processes: 3, runtimes: runtimes() },
      ...refused.length === 0 ? {} : { wrapper: ["perl", refuse, ...refused, "--"] },
      script: "tests/versioned/scripts/count_versions.ts",
      counted: (path) => countVersionsIn(path, killed * kills),
    });
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const how = refused.length === 0 ? "" : `, ${refused.join(" and ")} refused`;
    console.log(`${directory}${how}: ${JSON.stringify(report)} in ${seconds} s`);
  }
}
