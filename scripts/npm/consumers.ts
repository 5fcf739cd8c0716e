/**
 * Programs of somebody who installed the package. They get the names that each entry has to export, compare, do one
 * real thing with each entry, and print "ok".
 */
const BODY = `
async function check(load, requires) {
  const expected = JSON.parse(process.argv[2]);
  for (const [specifier, names] of Object.entries(expected)) {
    const loaded = await load(specifier);
    if (typeof loaded === "function") {
      // Stands in for a CommonJS module that is a function.
      await loaded("written.txt", "called");
      loaded.sync("written.txt", readFileSync("written.txt", "utf8") + " twice");
      if (readFileSync("written.txt", "utf8") !== "called twice") throw new Error(specifier + " wrote something else");
      continue;
    }
    if (requires && "module.exports" in loaded) throw new Error("require(" + specifier + ") is not the function");
    const found = Object.keys(loaded).filter((name) => name !== "module.exports").sort();
    if (JSON.stringify(found) !== JSON.stringify([...names].sort())) {
      throw new Error(specifier + " exports " + found + " instead of " + names);
    }
  }
  const { writeFile, writeFileSync } = await load(Object.keys(expected)[0]);
  if (writeFile !== undefined) {
    const { path } = await writeFile("written.txt", "whole");
    if (readFileSync(path, "utf8") !== "whole") throw new Error("writeFile wrote something else");
  }
  if (writeFileSync !== undefined) {
    writeFileSync("written.txt", "again");
    if (readFileSync("written.txt", "utf8") !== "again") throw new Error("writeFileSync wrote something else");
  }
  await useEntries((subpath) => load("@durable/atomic-write" + subpath));
  console.log("ok");
}

function same(found, wanted) {
  if (JSON.stringify(found) !== JSON.stringify(wanted)) throw new Error(JSON.stringify(found) + " is wrong");
}

async function useEntries(load) {
  const at = mkdtempSync("use-");
  const { ConflictError, sweep, updateJsonFile, withLock, writeFile } = await load("");
  await Promise.all([1, 2, 3].map(() => updateJsonFile(at + "/count.json", (count = 0) => count + 1)));
  same(JSON.parse(readFileSync(at + "/count.json", "utf8")), 3);
  await withLock(at + "/count.json", () => writeFile(at + "/count.json", "4", { backup: 1 }));
  const refused = await writeFile(at + "/count.json", "5", { ifExists: "fail" }).catch((error) => error);
  same([ConflictError.is(refused), refused.name, refused.targetState], [true, "ConflictError", "unchanged"]);
  same((await sweep(at)).removed, []);

  const { applyFiles } = await load("/transaction");
  const files = [{ path: at + "/one.txt", data: "1" }, { path: at + "/two.txt", data: "2" }];
  same((await applyFiles({ files })).changed, true);
  same(readFileSync(at + "/one.txt", "utf8") + readFileSync(at + "/two.txt", "utf8"), "12");

  const { openObjectStore } = await load("/store");
  const store = await openObjectStore(at + "/objects");
  same([...await store.get(await store.put("kept"))], [...Buffer.from("kept")]);

  const { openLog } = await load("/log");
  const log = await openLog(at + "/events.log");
  const first = await log.append("happened");
  const sequences = [];
  for await (const { sequence } of log.read()) sequences.push(sequence);
  same(sequences.slice(-1), [first]);
  await log.close();

  const { readVersionedText, updateVersionedText } = await load("/versioned");
  await Promise.all(["a", "b"].map(() => updateVersionedText(at + "/shared", (text = "") => text + "+")));
  same(await readVersionedText(at + "/shared"), { content: "++", version: 2 });

  const { exploreCrashesSync, memoryRuntime } = await load("/testing");
  const { writeFileSync } = await load("");
  const machine = memoryRuntime();
  writeFileSync("/a", "in memory", { runtime: machine });
  same(machine.files(), { "/a": "in memory" });
  const { violations } = exploreCrashesSync({
    machine: { files: { "/a": "old" } },
    run: (runtime) => void writeFileSync("/a", "new", { runtime }),
    check: (runtime) => {
      if (!["old", "new"].includes(runtime.readText("/a"))) throw new Error("torn");
    },
  });
  same(violations, []);
}
`;

export const IMPORT = `import { mkdtempSync, readFileSync } from "node:fs";
${BODY}
await check((specifier) => import(specifier));
`;

export const REQUIRE = `const { mkdtempSync, readFileSync } = require("node:fs");
${BODY}
check(require, true).catch((error) => { console.error(error); process.exitCode = 1; });
`;

/**
 * Fails in both ways, and prints where the stack of each error begins, and the frames of its cause that lie in the package:
 * the function, the file and the line. Where the runtime is asked for more frames than it keeps by itself, as reporters of errors do.
 */
export const FAILING = `import { readFileSync } from "node:fs";
import { updateTextFile, writeFileSync } from "@durable/atomic-write";
Error.stackTraceLimit = 50;
const errors = [];
for (const call of [updateTextFile, writeFileSync]) {
  try {
    await call("failing.mjs/a.txt", call === updateTextFile ? () => "text" : "text");
  } catch (error) {
    errors.push(error);
  }
}
const frames = errors.map(({ stack, cause }) => ({
  begins: stack.match(/^ *at .*/m)?.[0] ?? "",
  cause: [...cause.stack.matchAll(/^ *at (?:async )?(.*?) ?\\(?(file:.*atomic-write\\/esm\\/.*):(\\d+):\\d+\\)?$/gm)].map(
    ([, name, url, line]) => ({ name, file: url.replace(/.*\\/esm\\//, "esm/"), line: Number(line) })),
}));
console.log(JSON.stringify(frames));
`;

/**
 * Says which native calls are made while a lock is taken and given back, in both ways, and while a file is replaced: the
 * number of flockSync's of fs-ext, and the functions that koffi calls. And that importing the package loads nothing.
 */
export const LOCKING = `import { createRequire } from "node:module";
const require = createRequire(import.meta.resolve("@durable/atomic-write"));
const optional = (name) => {
  try {
    return require(name);
  } catch {}
};
const [addon, koffi] = [optional("fs-ext"), optional("koffi")];
let calls = {};
const count = (name) => calls[name] = (calls[name] ?? 0) + 1;
if (addon !== undefined) {
  const { flockSync } = addon;
  addon.flockSync = (...args) => (count("fs-ext"), flockSync(...args));
}
if (koffi !== undefined) {
  const { load } = koffi;
  koffi.load = (name) => {
    count("load");
    const library = load(name);
    return { func: (name, ...types) => {
      const called = library.func(name, ...types);
      return (...values) => (count(name), called(...values));
    } };
  };
}
const { withLock, withLockSync, writeFile } = await import("@durable/atomic-write");
const counted = { imported: calls };
for (const [name, run] of Object.entries({
  withLock: () => withLock("locked.txt", ({ backend }) => counted.backend = backend),
  withLockSync: () => withLockSync("locked.txt", () => undefined),
  made: () => writeFile("locked.txt", "text"),
  replaced: async () => counted.unchecked = (await writeFile("locked.txt", "text")).unchecked,
})) {
  calls = {};
  await run();
  counted[name] = calls;
}
console.log(JSON.stringify(counted));
`;

/** A program whose types have to be right, with the declarations of the whole package checked along with it. */
export function typedConsumer(entries: readonly string[]): string {
  const imports = entries.map((entry, index) => `import * as entry${index} from "${entry}";`);
  const uses = entries.map((_, index) => `Object.keys(entry${index})`);
  return `${imports.join("\n")}
export const names: string[] = [${uses.join(", ")}].flat();
// @ts-expect-error -- declarations that cannot be found would make everything \`any\`, and this line would be no error.
export const missing: unknown = entry0.thereIsNoSuchExport;
`;
}
