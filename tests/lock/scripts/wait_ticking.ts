/**
 * Waits for locks that somebody else holds all the while, and says what went on meanwhile: `ticks COUNT read COUNT`,
 * once its timers have ticked ten times and a file was read ten times. With a blocked event loop, or an I/O pool full of
 * waiters, that line never comes. wait_ticking.ts PATH WAITERS OPTIONS_AS_JSON
 */
import * as fs from "node:fs";
import process from "node:process";
import { acquireLock } from "../../../mod.ts";

const [path = "", waiters = "1", options = "{}"] = process.argv.slice(2);
// Everything is loaded and started once before anything is measured.
await (await acquireLock(`${path}.warm`)).release();
await fs.promises.readFile(process.argv[1] ?? "");

const files = Array.from({ length: Number(waiters) }, (_, index) => Number(waiters) === 1 ? path : `${path}.${index}`);
const locks = files.map((file) => acquireLock(file, JSON.parse(options)));
console.log("waiting");
// Until all of them wait, wherever it is that they wait.
await new Promise((resolve) => setTimeout(resolve, 500));
let ticks = 0;
const timer = setInterval(() => ticks++, 10);
let reads = 0;
while (reads < 10 || ticks < 10) {
  await fs.promises.readFile(process.argv[1] ?? "");
  reads++;
  await new Promise((resolve) => setTimeout(resolve, 5));
}
clearInterval(timer);
console.log(`ticks ${ticks} read ${reads}`);
for await (const _ of process.stdin) break;
for (const lock of await Promise.all(locks)) await lock.release();
console.log("had them all");
process.exit(0);
