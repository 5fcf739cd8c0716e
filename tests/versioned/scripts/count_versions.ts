/**
 * Adds 1 to the counter in a versioned file, repeatedly, and prints a line after each time that was acknowledged.
 * count_versions.ts PATH TIMES [OPTIONS_AS_JSON] [sync]
 */
import process from "node:process";
import { updateVersionedJson, updateVersionedJsonSync } from "../../../src/versioned/mod.ts";

interface Counter {
  count: number;
}

const [path = "", times = "1", options = "{}", how = ""] = process.argv.slice(2);
const next = (current: Counter = { count: 0 }): Counter => ({ count: current.count + 1 });
for (let time = 0; time < Number(times); time++) {
  const { changed } = how === "sync"
    ? updateVersionedJsonSync(path, next, JSON.parse(options))
    : await updateVersionedJson(path, next, JSON.parse(options));
  if (!changed) throw new Error("an increment changed nothing");
  process.stdout.write("+\n");
}
process.exit(0);
