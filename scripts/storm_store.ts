/**
 * `deno task storm:store`: kills processes that commit to a version store, 200 times, on every runtime by turns, and
 * looks after every kill; then collects garbage for 30 seconds beside 4 processes that put and refer.
 *
 *     deno task storm:store -- --kills=200 --seconds=30
 *
 * Ends with status 1 at the first violation.
 */
import { join } from "node:path";
import { withProcesses } from "../tests/real/processes.ts";
import { runtimes } from "../tests/support/spawn.ts";
import { collectBeside, type Killed, killOnce } from "../tests/version_store/rounds.ts";
import { prepareEveryRuntime } from "./suite/every_runtime.ts";

let [kills, seconds] = [200, 30];
for (const argument of Deno.args) {
  const [name, value = ""] = argument.split("=");
  if (name === "--kills" && Number(value) >= 0) kills = Math.floor(Number(value));
  else if (name === "--seconds" && Number(value) >= 0) seconds = Number(value);
  else if (argument !== "--") throw new TypeError(`unknown argument: ${argument}`);
}

await prepareEveryRuntime();
const names = runtimes();

/** Repositories are begun anew now and then: looking at one takes as long as it is large. */
const inOne = 20;
let acknowledged = 0;
for (let first = 0; first < kills; first += inOne) {
  await withProcesses(async (directory, spawn) => {
    const killed: Killed[] = [];
    for (let index = first; index < Math.min(first + inOne, kills); index++) {
      const runtime = names[index % names.length];
      killed.push(await killOnce(spawn, join(directory, ".versions"), `w${index}`, runtime, killed));
    }
    acknowledged += killed.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0);
  });
}
console.log(`${kills} kills, ${acknowledged} acknowledged commits: all there, every repository sound`);
if (seconds > 0) {
  await withProcesses(async (directory, spawn) => {
    const { rounds, removed, steps } = await collectBeside(spawn, directory, names, seconds * 1000);
    console.log(`${rounds} collections in ${seconds} s removed ${removed} objects beside ${steps} puts: nothing lost`);
  });
}
