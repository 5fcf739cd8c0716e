/** What is bundled with what: which modules are one file, and which files are loaded when they are needed. */
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/** Beside the parts of the house, what is loaded only when it is needed stays in files of its own. */
const FLOORS = /\/src\/(core|runtime|transaction|store|log)\/(?!mod\.js)/;

/** Whoever uses one of them uses most of all: apart, they would be larger by what they tell each other. */
const ENGINE = /\/src\/(?:(?:protocol|lock)\/)?[^/]+\.js$/;

const LATE = /\/(deno|node)_(?:command_host|child_program)\.js$/;

/** Commands that need the same parts of the house are in one file, which is loaded when one of them runs. */
const COMMANDS = /\/src\/cli\/commands\/(?:(store|log)_|(deploy|recover|publish|roll_back)\.js$)?/;

/** The name of the file that a module is in. */
export function floorOf(path, { getModuleInfo }) {
  if (path.endsWith("?entry")) return undefined;
  const host = LATE.exec(path)?.[1];
  if (host !== undefined) return `${host}_host`;
  if (ENGINE.test(path)) return "engine";
  const floor = FLOORS.exec(path)?.[1];
  // Whoever needs the one needs the other.
  if (floor !== undefined) return floor === "core" ? "runtime" : floor;
  if (!path.includes("/src/cli/")) return undefined;
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
