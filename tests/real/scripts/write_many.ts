/**
 * Starts many calls of one kind at once in a directory, with so many descriptors; prints how many came to their end, and
 * the first failure.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { copyFile, openFileWriter, readTextFile, removeFile, updateFile, writeFile } from "../../../mod.ts";
import { type ObjectStore, openObjectStore, openReferences, type References } from "../../../src/store/mod.ts";
import { applyFiles } from "../../../src/transaction/mod.ts";

const [directory = "", kind = "", count = "0", descriptors = ""] = process.argv.slice(2);
// Not before: Node opens all files of a module's imports at once.
execFileSync("prlimit", [`--nofile=${descriptors}:${descriptors}`, `--pid=${process.pid}`]);
const path = (index: number) => join(directory, `f${index}`);

async function* pieces(index: number) {
  // A source that itself writes files.
  await writeFile(path(index) + ".part", "part");
  yield `content ${index}`;
}

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
  copy: (index) => copyFile(path(0), path(index + 1)),
  read: (index) => readTextFile(path(index)),
  transaction: async (index) => {
    const names = Array.from({ length: 10 }, (_, file) => path(index * 10 + file));
    await applyFiles({ files: names.map((each) => ({ path: each, data: `content of ${each}` })) });
  },
  remove: (index) => removeFile(path(index)),
  writer: async (index) => {
    await using writer = await openFileWriter(path(index), { lock: true });
    await writer.write(`content ${index}`);
    await writer.commit();
  },
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

const isSet = kind === "set" || kind === "scattered";
const call = isSet ? () => together(Number(count), kind === "scattered") : kinds[kind];
if (call === undefined) throw new Error(`There is no ${kind}`);
const all = await Promise.allSettled(
  Array.from({ length: isSet ? 1 : Number(count) }, (_, index) => call(index)),
);
const failed = all.filter((each) => each.status === "rejected");
/** Temporary files, and lock directories that stay. */
const temporary = readdirSync(directory, { withFileTypes: true, recursive: true })
  .filter((entry) => entry.name.endsWith(".tmp") || (entry.isDirectory() && entry.name.endsWith(".lock")))
  .map(({ name }) => name);
console.log(
  JSON.stringify({
    done: isSet && failed.length === 0 ? Number(count) : all.length - failed.length,
    failed: failed.map(({ reason }) => String(reason))[0],
    temporary,
  }),
);
