/**
 * Adds a mark of its own to the list in a versioned file, repeatedly, and prints for each that was acknowledged its version
 * and the mark.
 *
 *     count_versions.ts PATH TIMES [OPTIONS_AS_JSON] [sync]
 */
import { randomBytes } from "node:crypto";
import process from "node:process";
import { updateVersionedJson, updateVersionedJsonSync, type VersionedResult } from "../../../src/versioned/mod.ts";

const [path = "", times = "1", options = "{}", how = ""] = process.argv.slice(2);
const own = randomBytes(4).toString("hex");
const rules = JSON.parse(options);

function acknowledged({ changed, version }: VersionedResult, mark: string): void {
  if (!changed) throw new Error("a mark changed nothing");
  process.stdout.write(`${version} ${mark}\n`);
}

for (let time = 1; time <= Number(times); time++) {
  const mark = `${own}.${time}`;
  const next = (marks: string[] = []): string[] => [...marks, mark];
  if (how === "sync") acknowledged(updateVersionedJsonSync(path, next, rules), mark);
  else acknowledged(await updateVersionedJson(path, next, rules), mark);
}
process.exit(0);
