/**
 * The mistake that versions are there to prevent: two loops read a list, and write it with a mark of their own more and no
 * regard to what the other has made of it. Prints what count_versions.ts prints; a storm must find it out.
 *
 *     count_blindly.ts PATH TIMES
 */
import process from "node:process";
import { readVersionedJson, updateVersionedJson } from "../../../src/versioned/mod.ts";

const [path = "", times = "1"] = process.argv.slice(2);

async function addBlindly(mark: string): Promise<void> {
  const { content: marks } = await readVersionedJson<string[]>(path) ?? { content: [] };
  const { version } = await updateVersionedJson<string[]>(path, () => [...marks, mark]);
  process.stdout.write(`${version} ${mark}\n`);
}

for (let time = 1; time <= Number(times); time++) {
  await Promise.all([addBlindly(`one.${time}`), addBlindly(`other.${time}`)]);
}
process.exit(0);
