/**
 * Races for the creation of a file: create_once.ts PATH NAME RACERS. Prints "ready", waits until PATH.go is there, then
 * starts so many exclusive creations at once, half of them synchronous, and prints their outcomes as JSON.
 */
import * as fs from "node:fs";
import process from "node:process";
import { openFileWriter, writeFile, writeFileSync } from "../../../mod.ts";
import { makeVersion } from "../../support/versions.ts";
import { outcomeOf } from "../outcome.ts";

const [path = "", name = "", racers = "1"] = process.argv.slice(2);
const options = { ifExists: "fail" } as const;

const starts = [
  (content: Uint8Array) => writeFile(path, content, options),
  // deno-lint-ignore require-await -- what it throws shall be a rejection, like that of the others
  async (content: Uint8Array) => writeFileSync(path, content, options),
  async (content: Uint8Array) => {
    await using writer = await openFileWriter(path, options);
    await writer.write(content);
    return await writer.commit();
  },
];

console.log("ready");
while (!fs.existsSync(`${path}.go`)) await new Promise((resolve) => setTimeout(resolve, 1));
const race = Array.from({ length: Number(racers) }, (_, index) => {
  const start = starts[index % starts.length];
  return outcomeOf(() => start!(makeVersion({ writer: `${name}-${index}`, version: index + 1 })));
});
console.log(JSON.stringify(await Promise.all(race)));
