/**
 * Moves a directory away, puts a link to another in its place, and takes both back, for ever, each for a millisecond or
 * less: swap.ts DIRECTORY MOVED OTHER. Prints "swapping" when it has begun.
 */
import * as fs from "node:fs";
import process from "node:process";

const [directory = "", moved = "", other = ""] = process.argv.slice(2);
const nothing = new Int32Array(new SharedArrayBuffer(4));
const rest = () => Atomics.wait(nothing, 0, 0, Math.random());
console.log("swapping");
while (true) {
  fs.renameSync(directory, moved);
  fs.symlinkSync(other, directory);
  rest();
  fs.unlinkSync(directory);
  fs.renameSync(moved, directory);
  rest();
}
