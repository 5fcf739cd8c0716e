/**
 * Has a file open for reading: prints `open`, and closes it after so many milliseconds, or at the end of standard input.
 * hold_open.ts PATH [MILLISECONDS|again]. With `again` it opens, reads and closes the file until then, and prints at the
 * end how often it has read it, and how many of them were none of `content N`, whole.
 */
import * as fs from "node:fs";
import process from "node:process";

const [path = "", how = ""] = process.argv.slice(2);
let over = false;
const end = new Promise<void>((resolve) => {
  process.stdin.once("close", resolve).once("end", resolve).resume();
}).then(() => void (over = true));

if (how === "again") {
  let [reads, torn] = [0, 0];
  const read = () => {
    const text = fs.readFileSync(path, "utf8");
    reads++;
    if (!/^content \d+\n$/.test(text)) torn++;
  };
  read();
  console.log("open");
  while (!over) {
    try {
      read();
    } catch {
      // Being replaced at this moment.
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  console.log(JSON.stringify({ reads, torn }));
} else {
  const file = fs.openSync(path, "r");
  console.log("open");
  await (how === "" ? end : new Promise((resolve) => setTimeout(resolve, Number(how))));
  fs.closeSync(file);
  console.log("closed");
}
process.exit(0);
