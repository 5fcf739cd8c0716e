/**
 * `deno task storm:many`: thousands of calls of each kind started together by one process, with 64, 256 and 1,024
 * descriptors, on each runtime. In memory (/dev/shm, where there is one), or where `--directory` says. Prints a line for
 * each, and ends with status 1 when one call has failed or something is left behind. Needs prlimit (Linux).
 *
 *     deno task storm:many -- --count=5000 --files=1000 --descriptors=64,256,1024 --kinds=write,update,set --only=node,bun
 */
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { runtimes, spawnScript } from "../tests/support/spawn.ts";
import { testDirectory } from "../tests/support/temporary_directory.ts";
import { prepareEveryRuntime } from "./suite/every_runtime.ts";

/** How many at once, where each is more than one file. */
const dearer: Record<string, number> = { transaction: 10, publish: 10, log: 5, put: 2, nested: 2 };

let [count, files] = [5000, 1000];
let descriptors = ["64", "256", "1024"];
let only: string[] = [];
let directory = fs.existsSync("/dev/shm") ? "/dev/shm" : testDirectory();
let kinds = [
  ...["write", "compatible", "exact", "stream", "copy", "read", "remove", "writer", "locked", "withLock", "lock"],
  ...["update", "nested", "inside", "put", "log", "append", "publish", "transaction", "mixed", "set", "scattered"],
];
for (const argument of Deno.args) {
  const [name, value = ""] = argument.split("=");
  if (name === "--count" && Number(value) > 0) count = Math.floor(Number(value));
  else if (name === "--files" && Number(value) > 0) files = Math.floor(Number(value));
  else if (name === "--descriptors" && value !== "") descriptors = value.split(",");
  else if (name === "--kinds" && value !== "") kinds = value.split(",");
  else if (name === "--only" && value !== "") only = value.split(",");
  else if (name === "--directory" && value !== "") directory = value;
  else if (argument !== "--") throw new TypeError(`unknown argument: ${argument}`);
}

await prepareEveryRuntime();
let failures = 0;
for (const runtime of runtimes().filter((name) => only.length === 0 || only.includes(name))) {
  for (const limit of descriptors) {
    for (const kind of kinds) {
      const isSet = kind === "set" || kind === "scattered";
      const many = isSet ? files : Math.ceil(count / (dearer[kind] ?? 1));
      const home = fs.mkdtempSync(join(directory, "atomic-write-many-"));
      const start = performance.now();
      const script = "tests/real/scripts/write_many.ts";
      const { code, stdout, stderr } = await spawnScript(script, [home, kind, String(many), limit], { runtime }).status;
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      const holds = code === 0 && stdout === `${JSON.stringify({ done: many, temporary: [] })}\n`;
      if (!holds) failures++;
      const told = holds ? "none fails" : `FAILED: ${stdout}${stderr}`.trim();
      console.log(`${runtime}, ${limit} descriptors, ${many} of ${kind}: ${told} (${seconds} s)`);
      fs.rmSync(home, { recursive: true, force: true });
    }
  }
}
process.exitCode = failures === 0 ? 0 : 1;
