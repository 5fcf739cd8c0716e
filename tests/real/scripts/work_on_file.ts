/** Reads or updates a file that may be a FIFO, until its time is over: work_on_file.ts WHAT FILE MILLISECONDS. */
import process from "node:process";
import { FileError, readTextFileSync, updateTextFileSync } from "../../../mod.ts";

const [what = "", file = "", duration = ""] = process.argv.slice(2);
const work = what === "read"
  ? () => readTextFileSync(file)
  : () => updateTextFileSync(file, (text = "") => text, { durability: "none" });
let [calls, refused] = [0, 0];
for (const end = Date.now() + Number(duration); Date.now() < end; calls++) {
  try {
    work();
  } catch (error) {
    if (!FileError.is(error)) throw error;
    refused++;
  }
}
console.log(JSON.stringify({ calls, refused }));
