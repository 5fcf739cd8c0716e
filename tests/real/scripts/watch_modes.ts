/**
 * Looks at every name in a directory again and again until a file is there: watch_modes.ts DIRECTORY STOP. Prints
 * "watching", and at the end as JSON how many looks and temporary files there were, and every mode with its group that
 * was seen.
 */
import * as fs from "node:fs";
import process from "node:process";

const [directory = "", stop = ""] = process.argv.slice(2);
const seen = new Set<string>();
const temporary = new Set<string>();
let looks = 0;
console.log("watching");
while (looks % 64 !== 0 || !fs.existsSync(stop)) {
  for (const name of fs.readdirSync(directory)) {
    const stats = fs.lstatSync(`${directory}/${name}`, { throwIfNoEntry: false });
    if (stats === undefined) continue;
    seen.add(`${(stats.mode & 0o7777).toString(8)} ${stats.gid}`);
    if (name.endsWith(".tmp")) temporary.add(name);
  }
  looks++;
}
console.log(JSON.stringify({ looks, temporary: temporary.size, seen: [...seen].sort() }));
