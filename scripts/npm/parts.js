/** What is in one file of the package: which modules are, and which files are loaded only when they are needed. */
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";

const FOLDER = /\/src\/([^/]+)\//;

/** What starts programs, or is started by the command alone, is loaded when it is needed. */
const LATE = /\/(deno|node)_(?:command_host|child_program)\.js$/;

/** Commands that need the same parts of the house are in one file, which is loaded when one of them runs. */
const COMMANDS = /\/src\/cli\/commands\/(?:(store|log)\.js$|(deploy|recover|publish)\.js$)?/;

/** What a bundle for one runtime leaves out is in files of its own; and so is what chooses between them, `current`. */
const ADAPTERS = /\/src\/runtime\/(?:(deno|node|host)\/|(current)\.js$|adapter(?:_\w+)?\.js$)/;

/** The files that `#adapter` may mean, and those under whose conditions: see src/runtime/adapter.ts. */
export const ADAPTER_FILES = [
  "src/runtime/adapter",
  ...["deno", "bun", "node"].map((name) => `src/runtime/adapter_${name}`),
];

/** The runtime or a bundler resolves `#adapter` by its conditions, and so chooses the adapter. */
export const conditionalAdapter = {
  name: "conditional-adapter",
  resolveId: (source, importer) =>
    source === "./adapter.js" && importer?.endsWith("/src/runtime/current.js")
      ? { id: "#adapter", external: true }
      : null,
};

/** The name of the file that a module is in: that of its folder. */
export function partOf(path, { getModuleInfo }) {
  if (path.endsWith("?entry")) return undefined;
  const host = LATE.exec(path)?.[1];
  if (host !== undefined) return `${host}_host`;
  const adapter = ADAPTERS.exec(path);
  if (adapter !== null) {
    const [, folder, current] = adapter;
    return current ?? (folder === undefined ? undefined : `runtime_${folder}`);
  }
  const folder = FOLDER.exec(path)?.[1];
  if (folder === undefined) return undefined;
  if (folder !== "cli") return path.endsWith("/mod.js") ? undefined : folder;
  const command = getModuleInfo(path)?.dynamicImporters.length > 0 ? COMMANDS.exec(path) : null;
  if (command === null) return "command";
  return command[2] !== undefined ? "command_transaction" : command[1] !== undefined ? "command_store" : "command";
}

/**
 * The command's own parts are named by text, and not before they are needed; see src/cli/registry.ts. Here these names
 * become literals, and what the compiler has added to find the files at run time goes.
 */
export const lateModules = {
  name: "late-modules",
  transform(code, id) {
    if (!/\/(?:src\/cli\/registry|cli)\.js$/.test(id)) return null;
    const late = code
      .replace(/^var __rewriteRelativeImportExtension = [^]*?^};\n/m, "")
      .replaceAll(/\bmodule\("(\.\/[^"]+)\.ts"\)/g, 'import("$1.js")')
      .replace(/\bimport\((?:__rewriteRelativeImportExtension\()?command\)?\)/, 'import("./src/cli/main.js")');
    if (late === code) throw new Error(`${id} names no modules`);
    return { code: late, map: null };
  },
};

/** What the command's entry imports becomes a part of it, whoever else has it: see cli.ts. */
export const wholeEntry = {
  name: "whole-entry",
  resolveId: (source, importer) =>
    importer?.endsWith("/cli.js") && !source.endsWith("/main.js")
      ? `${resolve(dirname(importer), source)}?entry`
      : null,
  load: (id) => id.endsWith("?entry") ? readFile(id.slice(0, -"?entry".length), "utf8") : null,
};

/**
 * In that file `fs` is required under the name by which write-file-atomic requires it, so that a test which puts another
 * module in its place reaches what is written through compat: see src/runtime/given_fs.ts.
 */
export const requiredFs = {
  name: "required-fs",
  load: (id) => id.endsWith("/src/runtime/given_fs.js") ? `export { default as givenFs } from "fs";` : null,
};

/** compat as a module whose only export is the function, for CommonJS; `import.meta.url` is the address of that file. */
export const callable = {
  name: "callable",
  resolveId: (source) => source.endsWith("?callable") ? source : null,
  load: (id) => id.endsWith("?callable") ? `export { default } from "${id.slice(0, -"?callable".length)}";` : null,
  resolveImportMeta: (property) => property === "url" ? `require("node:url").pathToFileURL(__filename).href` : null,
};
