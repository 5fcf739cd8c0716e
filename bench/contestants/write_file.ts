/**
 * One durable 4 KiB write after another, by every way of doing it, on the runtime this runs on. Prints the microseconds
 * a write of each round, by contestant, as JSON. Started by bench/write_file.ts.
 */
import fs from "node:fs";
import { createRequire } from "node:module";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { writeFile, writeFiles, writeFileSync } from "../../mod.ts";

interface Configuration {
  directory: string;
  peers: string;
  rounds: number;
  writes: number;
  size: number;
  /** How many writes are under way at once. */
  together: number;
}

type Write = (path: string, data: Uint8Array, text: string) => unknown;
/** All files at once, in one call. */
type WriteAll = (paths: readonly string[], data: Uint8Array) => unknown;

const configuration = JSON.parse(process.argv[2] ?? "{}") as Configuration;
const { directory, peers, rounds, writes, size, together } = configuration;
const require = createRequire(`${peers}/index.js`);
const load = async (name: string): Promise<Record<string, unknown>> =>
  await import(pathToFileURL(require.resolve(name)).href) as Record<string, unknown>;

/** The same calls by hand, with nothing checked and nobody told what happened: the least that can be done. */
function floor(path: string, data: Uint8Array): void {
  const temporary = `${path}.floor.tmp`;
  const home = fs.openSync(directory, "r");
  const file = fs.openSync(temporary, "wx", 0o644);
  fs.writeSync(file, data);
  fs.fsyncSync(file);
  fs.closeSync(file);
  fs.renameSync(temporary, path);
  fs.fsyncSync(home);
  fs.closeSync(home);
}

type WriteFileAtomic = ((path: string, data: Uint8Array) => Promise<void>) & {
  sync(path: string, data: Uint8Array): void;
};
const writeFileAtomic = require("write-file-atomic") as WriteFileAtomic;
const atomically = await load("atomically") as unknown as {
  writeFile(path: string, data: Uint8Array): Promise<void>;
  writeFileSync(path: string, data: Uint8Array): void;
};
const steno = await load("steno") as unknown as {
  Writer: new (path: string) => { write(data: string): Promise<void> };
};
const stenoWriters = new Map<string, InstanceType<typeof steno.Writer>>();

const asynchronous: Record<string, Write> = {
  "atomic-write": (path, data) => writeFile(path, data),
  "write-file-atomic": (path, data) => writeFileAtomic(path, data),
  atomically: (path, data) => atomically.writeFile(path, data),
  "steno (no sync at all)": (path, _data, text) => {
    let writer = stenoWriters.get(path);
    if (writer === undefined) stenoWriters.set(path, writer = new steno.Writer(path));
    return writer.write(text);
  },
  "plain writeFile (no sync at all)": (path, data) => fs.promises.writeFile(path, data),
};
const synchronous: Record<string, Write> = {
  "atomic-write Sync": (path, data) => writeFileSync(path, data),
  "write-file-atomic sync": (path, data) => writeFileAtomic.sync(path, data),
  "atomically Sync": (path, data) => atomically.writeFileSync(path, data),
  "raw floor Sync": (path, data) => floor(path, data),
};
const inOneCall: Record<string, WriteAll> = {
  "atomic-write writeFiles": (paths, data) => writeFiles(paths.map((path) => ({ path, data }))),
};

/** One call for each file, all of them under way at once. */
const each = (write: Write): WriteAll => (paths, data) => {
  const text = String.fromCharCode(data[0] ?? 0).repeat(size);
  return Promise.all(paths.map((path) => write(path, data, text)));
};
const contestants: Record<string, WriteAll> = {
  ...together === 1 ? {} : inOneCall,
  ...Object.fromEntries(
    Object.entries(together === 1 ? { ...asynchronous, ...synchronous } : asynchronous)
      .map(([name, write]) => [name, each(write)]),
  ),
};

async function round(name: string, writeAll: WriteAll, number: number): Promise<number> {
  const data = new Uint8Array(size).fill(65 + number % 26);
  const home = `${directory}/${name.replace(/\W/g, "_")}`;
  const started = performance.now();
  for (let done = 0; done < writes; done += together) {
    await writeAll(Array.from({ length: together }, (_, index) => `${home}.${index}`), data);
  }
  return (performance.now() - started) * 1000 / writes;
}

const results: Record<string, number[]> = {};
// The first round warms up: code is compiled, modules are loaded, files exist.
for (let number = 0; number <= rounds; number++) {
  for (const [name, writeAll] of Object.entries(contestants)) {
    const spent = await round(name, writeAll, number);
    if (number > 0) (results[name] ??= []).push(spent);
  }
}
console.log(JSON.stringify(results));
