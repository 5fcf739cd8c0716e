/**
 * `deno task storm:together`: processes of every runtime, each with worker threads, write, update, create, put, append
 * and apply transactions in one directory, while they are killed and stopped at random moments and some of their syncs
 * fail. Ends with status 1 when something acknowledged is lost, torn or done twice.
 *
 *     deno task storm:together -- --rounds=20 --operations=200 --kills=20 --stops=20 --directory=/mnt/disk
 */
import process from "node:process";
import { together } from "../tests/real/together.ts";
import { runtimes } from "../tests/support/spawn.ts";
import { prepareEveryRuntime } from "./suite/every_runtime.ts";

const counts = { rounds: 10, operations: 200, kills: 20, stops: 20, processes: 2, workers: 2 };
for (const argument of Deno.args) {
  const [option, value = ""] = argument.split("=");
  const name = option?.replace(/^--/, "") ?? "";
  if (name in counts && Number(value) >= 0) counts[name as keyof typeof counts] = Math.floor(Number(value));
  else if (name === "directory") process.env["ATOMIC_WRITE_TEST_DIRECTORY"] = value;
  else if (argument !== "--") throw new TypeError(`unknown argument: ${argument}`);
}

await prepareEveryRuntime();

const { rounds, ...options } = counts;
for (let round = 1; round <= rounds; round++) {
  const report = await together({ ...options, runtimes: runtimes(), failing: 0.02 });
  console.log(`round ${round}: ${JSON.stringify(report)}`);
}
