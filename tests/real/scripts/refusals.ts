/**
 * How long it takes until a write that cannot succeed is refused: prints, as JSON, the shortest of five tries for each
 * reason, in milliseconds (a busy machine makes any of them longer), and `done` for a reason that does not hold here. refusals.ts DIRECTORY
 */
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { writeFile } from "../../../mod.ts";

const directory = process.argv[2] ?? ".";
const [folder, readOnly] = [join(directory, "folder"), join(directory, "read_only")];
fs.mkdirSync(folder);
fs.writeFileSync(readOnly, "old");
fs.chmodSync(readOnly, 0o444);
const reasons: Record<string, string> = {
  "a directory": folder,
  "a read-only file": readOnly,
  "a directory that is not there": join(directory, "none", "file"),
  "a name of a device": join(directory, "NUL"),
};
// What is loaded with the first call is not of interest.
await writeFile(join(directory, "first"), "first");
const shortest: Record<string, number | "done"> = {};
for (const [reason, path] of Object.entries(reasons)) {
  for (let time = 0; time < 5; time++) {
    const start = performance.now();
    const refused = await writeFile(path, "new").then(() => false, () => true);
    const took = Math.ceil(performance.now() - start);
    const before = shortest[reason] ?? Infinity;
    shortest[reason] = refused && before !== "done" ? Math.min(before, took) : "done";
  }
}
console.log(JSON.stringify(shortest));
process.exit(0);
