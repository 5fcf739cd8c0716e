/**
 * Rounds of compare-and-swap: reads the file, and tries to write its own name with `ifMatch`. Prints, for every round,
 * `won DIGEST` or `lost EXPECTED ACTUAL`. A line on standard input starts a round. compete.ts PATH NAME
 */
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { ConflictError, writeFile } from "../../../mod.ts";

const [path = "", name = ""] = process.argv.slice(2);
console.log("ready");
let round = 0;
for await (const line of createInterface({ input: process.stdin })) {
  round++;
  const ifMatch = line === "" ? createHash("sha256").update(fs.readFileSync(path)).digest("hex") : line;
  try {
    const { digest } = await writeFile(path, `${name} ${round}`, { ifMatch, digest: true, durability: "none" });
    console.log(`won ${digest}`);
  } catch (error) {
    if (!ConflictError.is(error)) throw error;
    console.log(`lost ${error.expected} ${error.actual}`);
  }
}
process.exit(0);
