/**
 * A set of files replaced, by every way of doing it, on the runtime this runs on. Prints the microseconds a file of each
 * round, by contestant, as JSON. Started by bench/transaction.ts.
 */
import fs from "node:fs";
import { createRequire } from "node:module";
import process from "node:process";
import { writeFile } from "../../mod.ts";
import { applyFiles } from "../../src/transaction/mod.ts";

interface Configuration {
  directory: string;
  peers: string;
  rounds: number;
  /** How many files a set has. */
  count: number;
  /** How many times a round replaces the set. */
  repeat: number;
  size: number;
}

const configuration = JSON.parse(process.argv[2] ?? "{}") as Configuration;
const { directory, peers, rounds, count, repeat, size } = configuration;
const require = createRequire(`${peers}/index.js`);
const writeFileAtomic = require("write-file-atomic") as (path: string, data: Uint8Array) => Promise<void>;

interface Replacement {
  path: string;
  data: Uint8Array;
}
type Replace = (files: readonly Replacement[]) => Promise<unknown>;

const oneByOne = (write: (path: string, data: Uint8Array) => Promise<unknown>): Replace => async (files) => {
  for (const { path, data } of files) await write(path, data);
};
const together = (write: (path: string, data: Uint8Array) => Promise<unknown>): Replace => (files) =>
  Promise.all(files.map(({ path, data }) => write(path, data)));

const contestants: Record<string, Replace> = {
  "applyFiles": (files) => applyFiles({ files }),
  "applyFiles, no backups": (files) => applyFiles({ files, backup: 0 }),
  "applyFiles of what is there": (files) => applyFiles({ files }),
  "writeFile, one by one": oneByOne((path, data) => writeFile(path, data)),
  "writeFile, at once": together((path, data) => writeFile(path, data)),
  "write-file-atomic, one by one": oneByOne(writeFileAtomic),
  "write-file-atomic, at once": together(writeFileAtomic),
};

let version = 0;
async function round(name: string, replace: Replace): Promise<number> {
  const home = `${directory}/${name.replace(/\W/g, "_")}`;
  fs.mkdirSync(home, { recursive: true });
  const paths = Array.from({ length: count }, (_, index) => `${home}/file-${index}`);
  const same = name.endsWith("what is there");
  const started = performance.now();
  for (let done = 0; done < repeat; done++) {
    const data = new Uint8Array(size).fill(same ? 1 : ++version % 251);
    await replace(paths.map((path) => ({ path, data })));
  }
  return (performance.now() - started) * 1000 / (repeat * count);
}

const results: Record<string, number[]> = {};
// The first round warms up: code is compiled, modules are loaded, files exist.
for (let number = 0; number <= rounds; number++) {
  for (const [name, replace] of Object.entries(contestants)) {
    const spent = await round(name, replace);
    if (number > 0) (results[name] ??= []).push(spent);
  }
}
console.log(JSON.stringify(results));
