/**
 * Takes a lock and gives it back, and stops itself (SIGSTOP) right before the Nth call at the seam: for every STEPth N from
 * FIRST on, a round each, until there is no such call or LAST is reached. Says on standard output where it is:
 *
 *     stop N METHOD, inside, outside, done N CALLS
 *
 * stop_between_steps.ts PATH OPTIONS_AS_JSON FIRST LAST STEP
 */
import * as fs from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { acquireLock } from "../../../mod.ts";
import { currentRuntime } from "../../../src/runtime/current.ts";
import { type Around, interceptRuntime } from "../../../src/testing/faults/intercept.ts";

const [path = "", options = "{}", first = "0", last = "1000", step = "1"] = process.argv.slice(2);
// One reader for all rounds: leaving `for await (… of process.stdin)` would destroy the stream after the first.
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (line: string) => fs.writeSync(1, `${line}\n`);

for (let round = Number(first); round <= Number(last); round += Number(step)) {
  let calls = 0;
  const around: Around = (call, proceed) => {
    if (calls++ === round) {
      say(`stop ${round} ${call.method}`);
      process.kill(process.pid, "SIGSTOP");
    }
    return proceed();
  };
  const runtime = interceptRuntime(currentRuntime(), around);
  const lock = await acquireLock(path, { ...JSON.parse(options), runtime });
  say("inside");
  await new Promise((resolve) => setTimeout(resolve, 5));
  say("outside");
  await lock.release();
  say(`done ${round} ${calls}`);
  if (calls <= round) break;
  // Whoever controls this puts things back before the next round.
  await answers.next();
}
process.exit(0);
