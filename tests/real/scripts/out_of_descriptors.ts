/**
 * Writes with no free descriptor, then with one, with two … until it succeeds; prints every outcome as a line of JSON.
 * out_of_descriptors.ts WAY PATH, under a small `ulimit -n`.
 */
import * as fs from "node:fs";
import process from "node:process";
import { copyFile } from "../../../mod.ts";
import { outcomeOf } from "../outcome.ts";
import { content, type Way, ways } from "../ways.ts";

const [way = "", path = ""] = process.argv.slice(2);
const source = `${path}.source`;
fs.writeFileSync(source, content(300_000));
// The source of a copy must be there before: making it needs a descriptor of its own.
const write: Way | undefined = way === "copyFile"
  ? (target, _, options) => copyFile(source, target, options)
  : ways[way];
if (write === undefined) throw new Error(`There is no way ${way}`);
// What is loaded on first use is loaded now; Deno's listening to signals, too, which ends the process where it finds no
// descriptor ("panicked at ext/signals").
process.on("SIGUSR2", () => {}).removeAllListeners("SIGUSR2");
for (const text of [content(10), content(11)]) await write(`${path}.first`, text, { mode: 0o604 });

const taken: number[] = [];
try {
  while (true) taken.push(fs.openSync("/dev/null", "r"));
} catch {
  // All are taken.
}
const lines: string[] = [];
for (let succeeded = false; !succeeded;) {
  const outcome = await outcomeOf(() => write(path, content(300_000, 9), { mode: 0o604 }));
  succeeded = outcome.failure === undefined;
  lines.push(JSON.stringify(outcome));
  const next = taken.pop();
  if (next === undefined) break;
  fs.closeSync(next);
}
for (const descriptor of taken) fs.closeSync(descriptor);
console.log(lines.join("\n"));
