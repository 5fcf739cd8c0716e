/**
 * Writes versions 1, 2, 3 … to a path: write_versions.ts PATH WRITER COUNT WAY [OPTIONS_AS_JSON] [thread]. Prints "begun N"
 * before and "done N" after each write, and at the end as JSON what was unexpected. COUNT 0: until it is killed.
 * `thread`: a worker thread writes, and the main one waits.
 */
import * as fs from "node:fs";
import process from "node:process";
import { isMainThread, Worker, workerData } from "node:worker_threads";
import { makeVersion } from "../../support/versions.ts";
import { ways } from "../ways.ts";

const args: string[] = isMainThread ? process.argv.slice(2) : workerData;
const [path = "", writer = "", count = "0", way = "", options = "{}", where = ""] = args;
const write = ways[way];
if (write === undefined) throw new Error(`There is no way ${way}`);
if (isMainThread && where === "thread") {
  // Its error would be one of this thread, and end the process.
  new Worker(new URL(import.meta.url), { workerData: args });
} else {
  await writeVersions(write);
}

/** A line that is with the reader before anything else happens, even if this process is killed next. */
function tell(text: string): void {
  fs.writeSync(1, `${text}\n`);
}

async function writeVersions(write: NonNullable<typeof ways[string]>): Promise<void> {
  for (let version = 1; version <= (Number(count) || Infinity); version++) {
    tell(`begun ${version}`);
    const result = await write(path, makeVersion({ writer, version }), JSON.parse(options));
    if (!result.changed || result.superseded) throw new Error(`unexpected: ${JSON.stringify(result)}`);
    tell(`done ${version}`);
  }
}
