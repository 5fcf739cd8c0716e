/** Exchanges what two names lead to, for ever: swap_files.ts ONE OTHER. Prints "swapping" when it has begun. */
import * as fs from "node:fs";
import process from "node:process";

const [one = "", other = ""] = process.argv.slice(2);
const copy = `${one}.copy`;
fs.linkSync(one, `${one}.file`);
console.log("swapping");
while (true) {
  for (const source of [other, `${one}.file`]) {
    fs.linkSync(source, copy);
    fs.renameSync(copy, one);
  }
}
