/**
 * Uses what stands in for write-file-atomic: the CommonJS file of the package, which must also load where ES modules cannot
 * be required, and the package for `overrides`, below a dependency that knows nothing of it.
 */
import { mustExecute } from "../process.ts";
import type { FileResult } from "../suite/run_files.ts";
import { step } from "../suite/step.ts";
import type { NodeProgram } from "../toolchain/node.ts";
import { npm } from "../toolchain/npm.ts";
import type { Place } from "./use_package.ts";

/** Prints "ok" when the module is the function, with its twin, and writes. */
const scriptOf = (specifier: string): string =>
  `const { readFileSync, statSync } = require("node:fs");
const writeFileAtomic = require(${JSON.stringify(specifier)});
const { sync } = require(${JSON.stringify(specifier)});
writeFileAtomic("a.txt", "one", { mode: "0600" }, (error) => {
  if (error) throw error;
  sync("a.txt", readFileSync("a.txt", "utf8") + " two");
  console.log(readFileSync("a.txt", "utf8") === "one two" && (statSync("a.txt").mode & 0o777) === 0o600 ? "ok" : "wrong");
});
`;

const MODULE = `import writeFileAtomic, { sync } from "write-file-atomic";
import { createRequire } from "node:module";
import { readdirSync } from "node:fs";
await writeFileAtomic("b.txt", "b");
const dependency = createRequire(import.meta.url)("./node_modules/dependency");
const installed = readdirSync("node_modules", { recursive: true }).filter((name) => name.endsWith("write-file-atomic"));
const right = writeFileAtomic.sync === sync && dependency === writeFileAtomic && installed.length === 1;
console.log(right ? "ok" : JSON.stringify({ installed }));
`;

async function says(program: string, args: string[], folder: string): Promise<string> {
  const output = await mustExecute(program, args, { directory: folder, timeout: 60_000 });
  return output.trim() === "ok" ? "" : output;
}

/** Without `require` of ES modules, wherever Node can be told not to have it. `folder`: a project with the package. */
export function requireCompat(folder: string, node: NodeProgram): Promise<FileResult> {
  return step("require() of compat needs no ES modules", async () => {
    Deno.writeTextFileSync(`${folder}/compat.cjs`, scriptOf("@durable/atomic-write/compat"));
    const [major = 0, minor = 0] = node.version.split(".").map(Number);
    const knows = major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19);
    const without = knows ? ["--no-experimental-require-module"] : [];
    return await says(node.command, [...without, "compat.cjs"], folder);
  });
}

/**
 * Another `fs` in the place of the real one, as a test has it (jest.mock): it leads paths below /simulated into a folder.
 * Its descriptors need not be the system's, so nothing may lock one; and the paths it is given are the user's own.
 */
const MOCKED = `const fs = require("node:fs");
const Module = require("node:module");
const given = [];
const led = (value) => typeof value === "string" ? value.replace(/^\\/simulated(?=\\/|$)/, process.cwd() + "/inside") : value;
const mocked = { ...fs };
for (const [name, real] of Object.entries(fs)) {
  if (typeof real === "function") mocked[name] = (...values) => (given.push(...values), real(...values.map(led)));
}
const places = { fs: mocked, "fs-ext": { flockSync: () => given.push("a lock") } };
const load = Module._load;
Module._load = (name, ...rest) => places[name] ?? load(name, ...rest);
fs.mkdirSync("inside");
fs.writeFileSync("inside/a.txt", "old");
const writeFileAtomic = require("@durable/atomic-write/compat");
writeFileAtomic("/simulated/a.txt", "one").then(() => {
  const first = fs.readFileSync("inside/a.txt", "utf8");
  writeFileAtomic.sync("/simulated/a.txt", "two", { mode: 0o600 });
  const found = [first, fs.readFileSync("inside/a.txt", "utf8"), ...fs.readdirSync("inside")].join(" ");
  const strange = given.filter((each) => each === "a lock" || String(each).startsWith("/proc/"));
  console.log(found === "one two a.txt" && strange.length === 0 ? "ok" : JSON.stringify({ found, strange }));
});
`;

/** A test that mocks `fs` must meet what is written through compat. `folder`: a project with the package. */
export function mockFs(folder: string, node: NodeProgram): Promise<FileResult> {
  return step("compat writes to an fs that a test has put in the place of the real one", async () => {
    Deno.writeTextFileSync(`${folder}/mocked.cjs`, MOCKED);
    return await says(node.command, ["mocked.cjs"], folder);
  });
}

/** Puts the package for `overrides` below another one that depends on write-file-atomic. */
export function overrideWith(place: Place, tarball: string, node: NodeProgram): Promise<FileResult> {
  return step("an override puts it in the place of write-file-atomic", async () => {
    const folder = `${place.folder}/override_user`;
    Deno.mkdirSync(`${folder}/dependency`, { recursive: true });
    const dependency = { name: "dependency", version: "1.0.0", dependencies: { "write-file-atomic": "^5.0.1" } };
    Deno.writeTextFileSync(`${folder}/dependency/package.json`, JSON.stringify(dependency));
    Deno.writeTextFileSync(`${folder}/dependency/index.js`, `module.exports = require("write-file-atomic");\n`);
    const manifest = {
      private: true,
      dependencies: { dependency: "file:dependency", "write-file-atomic": `file:${tarball}` },
      overrides: { "write-file-atomic": "$write-file-atomic" },
    };
    Deno.writeTextFileSync(`${folder}/package.json`, JSON.stringify(manifest));
    await npm(["install", "--install-links"], { directory: folder, environment: place.environment });
    Deno.writeTextFileSync(`${folder}/module.mjs`, MODULE);
    Deno.writeTextFileSync(`${folder}/script.cjs`, scriptOf("write-file-atomic"));
    return await says(node.command, ["script.cjs"], folder) + await says(node.command, ["module.mjs"], folder);
  });
}
