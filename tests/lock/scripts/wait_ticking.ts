/**
 * Waits for a lock, and prints the longest time in milliseconds that its event loop stood still meanwhile, and how long
 * a file took to read. wait_ticking.ts PATH WAITERS OPTIONS_AS_JSON
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
await new Promise((resolve) => setTimeout(resolve, 1000));
let last = performance.now();
let ticks = 0;
const timer = setInterval(() => {
  ticks++;
  last = performance.now();
}, 10);
let slowestRead = 0;
for (let read = 0; read < 10; read++) {
  const start = performance.now();
  await fs.promises.readFile(process.argv[1] ?? "");
  slowestRead = Math.max(slowestRead, performance.now() - start);
}
const start = performance.now();
while (performance.now() - start < 500) await new Promise((resolve) => setTimeout(resolve, 5));
clearInterval(timer);
console.log(`ticks ${ticks} ${Math.round(last - start)} read ${Math.round(slowestRead)}`);
for await (const _ of process.stdin) break;
for (const lock of await Promise.all(locks)) await lock.release();
console.log("had them all");
process.exit(0);
