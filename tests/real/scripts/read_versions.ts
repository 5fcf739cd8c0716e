/**
 * Reads a path again and again until a file named PATH.stop is there: read_versions.ts PATH. Ends with status 0 when
 * every read found one whole version. Prints "reading" after the first, and at the end how many reads there were and how
 * many different versions.
 */
import * as fs from "node:fs";
import process from "node:process";
import { readVersion } from "../../support/versions.ts";

const [path = ""] = process.argv.slice(2);
const seen = new Set<string>();
let reads = 0;
while (!fs.existsSync(`${path}.stop`)) {
  const { writer, version } = readVersion(fs.readFileSync(path));
  seen.add(`${writer} ${version}`);
  if (++reads === 1) console.log("reading");
  // Leaves the processor to the writers now and then.
  if (reads % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
}
console.log(JSON.stringify({ reads, versions: seen.size }));
