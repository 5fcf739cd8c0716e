/**
 * Objects put and got, and records appended, by every way of doing it, on the runtime this runs on. Prints microseconds
 * for each object or record, round by round and by contestant, as JSON. Started by bench/store.ts.
 */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { createRequire } from "node:module";
import process from "node:process";
import { openLog } from "../../src/log/mod.ts";
import { openObjectStore } from "../../src/store/mod.ts";

interface Configuration {
  directory: string;
  peers: string;
  rounds: number;
  /** How many objects or records a round handles. */
  count: number;
  size: number;
  /** Whether git is installed. */
  git: boolean;
  what: "put" | "get" | "putMany" | "append";
}

interface Cacache {
  put(cache: string, key: string, data: Uint8Array, options: object): Promise<string>;
  get: { byDigest(cache: string, integrity: string): Promise<Uint8Array> };
}

const configuration = JSON.parse(process.argv[2] ?? "{}") as Configuration;
const { directory, peers, rounds, count, size, git, what } = configuration;
const cacache = createRequire(`${peers}/index.js`)("cacache") as Cacache;
const [ours, theirs, repository] = [`${directory}/store`, `${directory}/cacache`, `${directory}/git`];
const store = await openObjectStore(ours);

let next = 0;
/** Content that has never been stored. */
function fresh(): Uint8Array {
  const data = new Uint8Array(size).fill(next % 251);
  new DataView(data.buffer).setUint32(0, ++next);
  return data;
}

const putTheirs = (data: Uint8Array) => cacache.put(theirs, `key ${next}`, data, { algorithms: ["sha256"] });

function hashObject(data: Uint8Array): void {
  execFileSync("git", ["-c", "core.fsync=all", "-c", "core.fsyncMethod=fsync", "hash-object", "-w", "--stdin"], {
    cwd: repository,
    input: data,
  });
}

// A store in use has all of its 256 directories; making one costs two syncs more, once.
const used = Array.from({ length: 2000 }, (_, number) => `a store in use ${number}`);
if (what === "put" || what === "putMany") await store.putMany(used);

type Work = () => Promise<unknown>;
const each = (step: (data: Uint8Array) => unknown): Work => async () => {
  for (let done = 0; done < count; done++) await step(fresh());
};
const together = (step: (data: Uint8Array) => unknown): Work => () =>
  Promise.all(Array.from({ length: count }, () => step(fresh())));

async function contestantsFor(): Promise<Record<string, Work>> {
  if (what === "put") {
    const same = fresh();
    const withGit: Record<string, Work> = git ? { "git hash-object -w": each(hashObject) } : {};
    return {
      "atomic-write put": each((data) => store.put(data)),
      "atomic-write put of what is there": each(() => store.put(same)),
      "cacache put (no sync at all)": each(putTheirs),
      ...withGit,
    };
  }
  if (what === "putMany") {
    return {
      "atomic-write putMany": () => store.putMany(Array.from({ length: count }, fresh)),
      "atomic-write put, one by one": each((data) => store.put(data)),
      "cacache put at once (no sync at all)": together(putTheirs),
    };
  }
  if (what === "get") {
    const data = fresh();
    const digest = await store.put(data);
    const integrity = await putTheirs(data);
    return {
      "atomic-write get": each(() => store.get(digest)),
      "cacache get": each(() => cacache.get.byDigest(theirs, integrity)),
    };
  }
  const log = await openLog(`${directory}/log`);
  const plain = await fs.promises.open(`${directory}/plain`, "w");
  return {
    "atomic-write append, at once": together((data) => log.append(data)),
    "atomic-write append, one by one": each((data) => log.append(data)),
    "write and fsync for each record": each(async (data) => {
      await plain.write(data);
      await plain.sync();
    }),
  };
}

if (git) {
  fs.mkdirSync(repository, { recursive: true });
  execFileSync("git", ["init", "--quiet"], { cwd: repository });
}
const contestants = await contestantsFor();
const results: Record<string, number[]> = {};
for (let number = 0; number <= rounds; number++) {
  for (const [name, work] of Object.entries(contestants)) {
    const started = performance.now();
    await work();
    const spent = (performance.now() - started) * 1000 / count;
    // The first round warms up: code is compiled, modules are loaded, directories exist.
    if (number > 0) (results[name] ??= []).push(spent);
  }
}
console.log(JSON.stringify(results));
process.exit(0);
