/**
 * Starts many calls of one kind at once in a directory, with so many descriptors; prints how many came to their end, and
 * the first failure.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import {
  acquireLock,
  copyFile,
  openFileWriter,
  readTextFile,
  removeFile,
  updateFile,
  withLock,
  writeFile,
} from "../../../mod.ts";
import writeFileAtomic from "../../../src/compat/mod.ts";
import { openLog, openLogReader } from "../../../src/log/mod.ts";
import { type ObjectStore, openObjectStore, openReferences, type References } from "../../../src/store/mod.ts";
import { applyFiles, publishDirectory } from "../../../src/transaction/mod.ts";

const [directory = "", kind = "", count = "0", descriptors = ""] = process.argv.slice(2);
// Not before: Node opens all files of a module's imports at once.
execFileSync("prlimit", [`--nofile=${descriptors}:${descriptors}`, `--pid=${process.pid}`]);
const path = (index: number) => join(directory, `f${index}`);
const source = join(directory, "source");
writeFileSync(source, "source");

async function* pieces(index: number) {
  // A source that itself writes files.
  await writeFile(path(index) + ".part", "part");
  yield `content ${index}`;
}

let shared: ReturnType<typeof openLog> | undefined;
let store: Promise<ObjectStore> | undefined;
let references: Promise<References> | undefined;

const kinds: Record<string, (index: number) => Promise<unknown>> = {
  write: (index) => writeFile(path(index), `content ${index}`),
  exact: (index) => writeFile(path(index), `content ${index}`, { mode: 0o600, skipIfEqual: true, backup: 1 }),
  stream: (index) => writeFile(path(index), pieces(index)),
  locked: (index) => writeFile(path(index), `content ${index}`, { lock: true }),
  update: (index) => updateFile(path(index), () => `content ${index}`),
  nested: (index) =>
    updateFile(path(index), async () => {
      await updateFile(path(index) + ".inner", () => "inner");
      return `content ${index}`;
    }),
  copy: (index) => copyFile(source, path(index)),
  read: (index) => readTextFile(path(index)),
  transaction: async (index) => {
    const names = Array.from({ length: 10 }, (_, file) => `${path(index)}.${file}`);
    await applyFiles({ files: names.map((each) => ({ path: each, data: `content of ${each}` })) });
  },
  remove: (index) => removeFile(path(index)),
  writer: async (index) => {
    await using writer = await openFileWriter(path(index), { lock: true });
    await writer.write(`content ${index}`);
    await writer.commit();
  },
  /** The drop-in for write-file-atomic. */
  compatible: (index) => writeFileAtomic(path(index), `content ${index}`),
  withLock: (index) => withLock(path(index), () => writeFile(path(index), `content ${index}`)),
  lock: async (index) => {
    await using lock = await acquireLock(path(index));
    await writeFile(path(index), `content ${index}`, { lock });
  },
  log: async (index) => {
    await using log = await openLog(path(index) + ".log");
    await log.append(`record ${index}`);
    const records = [];
    for await (const { data } of openLogReader(path(index) + ".log").read()) records.push(data);
    if (records.length !== 1) throw new Error(`${records.length} records`);
  },
  /** All of them to one log. */
  append: async (index) => {
    await (await (shared ??= openLog(join(directory, "shared.log")))).append(`record ${index}`);
  },
  publish: (index) =>
    publishDirectory(join(directory, `p${index}`), async (building) => {
      await writeFile(join(building, "index"), `content ${index}`);
    }),
  put: async (index) => {
    const digest = await (store ??= openObjectStore(join(directory, "objects"))).then((it) =>
      it.put(`object ${index}`)
    );
    await (references ??= openReferences(join(directory, "references"))).then((it) => it.update(`r${index}`, digest));
  },
};

/** All of them in one transaction: new, then changed. `scattered`: each in a directory of its own. */
async function together(count: number, scattered: boolean): Promise<void> {
  for (const text of ["new", "changed"]) {
    const files = Array.from({ length: count }, (_, index) => {
      if (!scattered) return { path: path(index), data: `${text} ${index}` };
      mkdirSync(path(index), { recursive: true });
      return { path: join(path(index), "file"), data: `${text} ${index}` };
    });
    const { files: written } = await applyFiles({ files });
    if (written.length !== count) throw new Error(`${written.length} of ${count}`);
  }
}

const inTurn = Object.keys(kinds);
/** All kinds at once, each of files of its own. */
kinds["mixed"] = (index) => kinds[inTurn[index % inTurn.length] ?? ""]?.(index) ?? Promise.resolve();
/** All of them inside one callback. */
kinds["inside"] = () => {
  const one = (index: number) => updateFile(path(index) + ".inner", () => "inner");
  return updateFile(path(0), async () => {
    await Promise.all(Array.from({ length: Number(count) }, (_, index) => one(index)));
    return "outer";
  });
};

const isSet = kind === "set" || kind === "scattered";
const call = isSet ? () => together(Number(count), kind === "scattered") : kinds[kind];
if (call === undefined) throw new Error(`There is no ${kind}`);
const calls = isSet || kind === "inside" ? 1 : Number(count);
const all = await Promise.allSettled(Array.from({ length: calls }, (_, index) => call(index)));
await (await shared)?.close();
const failed = all.filter((each) => each.status === "rejected");
/** Temporary files, and lock directories that stay. */
const temporary = readdirSync(directory, { withFileTypes: true, recursive: true })
  .filter((entry) => entry.name.endsWith(".tmp") || (entry.isDirectory() && entry.name.endsWith(".lock")))
  .map(({ name }) => name);
console.log(
  JSON.stringify({
    done: calls === 1 && failed.length === 0 ? Number(count) : all.length - failed.length,
    failed: failed.map(({ reason }) => String(reason))[0],
    temporary,
  }),
);
