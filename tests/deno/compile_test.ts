/**
 * What Node and Bun run is made by `compile`, or file by file by `compileChanged`: both make the same, from a checkout
 * in which nothing was compiled before and after any change.
 */
import { assert, assertEquals } from "@std/assert";
import { copySync, ensureDirSync, existsSync, walkSync } from "@std/fs";
import { dirname, join, relative, toFileUrl } from "@std/path";
import { it } from "node:test";
import { mustExecute } from "../../scripts/process.ts";
import { ROOT, TOOLS } from "../../scripts/toolchain/folders.ts";
import { notEmpty } from "../support/tally.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";

const SOURCES: Readonly<Record<string, string>> = {
  "mod.ts": 'export { two } from "./src/two.ts";\n',
  "cli.ts": '#!/usr/bin/env node\nimport { two } from "./mod.ts";\nconsole.log(two);\n',
  "src/one.ts": "export interface One {\n  readonly one: 1;\n}\nexport const one: One = { one: 1 };\n",
  "src/two.ts": 'import { type One, one } from "./one.ts";\nexport const two: readonly One[] = [one, one];\n',
  "tests/using.ts": "export function use(kept: Disposable): void {\n  using _ = kept;\n}\n",
};

/** A checkout with nothing but sources and the tools of this one. */
function makeCheckout(root: string): void {
  const scripts = ["toolchain", "process.ts", "process_tree.ts", "processor_time.ts"].map((name) => `scripts/${name}`);
  for (const folder of notEmpty([...scripts, "deno.json"])) {
    ensureDirSync(dirname(join(root, folder)));
    copySync(join(ROOT, folder), join(root, folder));
  }
  ensureDirSync(join(root, "build"));
  Deno.symlinkSync(TOOLS, join(root, "build", "tools"), { type: "dir" });
  for (const [path, text] of Object.entries(SOURCES)) {
    ensureDirSync(dirname(join(root, path)));
    Deno.writeTextFileSync(join(root, path), text);
  }
}

async function compile(root: string, call: "compile" | "compileChanged"): Promise<void> {
  const module = toFileUrl(join(root, "scripts", "toolchain", "compile.ts"));
  const script = `const { ${call} } = await import("${module}"); console.log(await ${call}());`;
  await mustExecute(Deno.execPath(), ["eval", "--quiet", `--config=${join(root, "deno.json")}`, script]);
}

/** The text of everything that was made. */
function made(root: string): Record<string, string> {
  const out = join(root, "build", "out");
  const entries = [...walkSync(out, { includeDirs: false })];
  return Object.fromEntries(entries.map(({ path }) => [relative(out, path), Deno.readTextFileSync(path)]).sort());
}

it("what has changed compiles to the same as everything", () =>
  withTemporaryDirectory(async (directory) => {
    const [whole, parts] = [join(directory, "whole"), join(directory, "parts")];
    for (const root of [whole, parts]) makeCheckout(root);
    await Promise.all([compile(whole, "compile"), compile(parts, "compileChanged")]);
    assertEquals(made(parts), made(whole));
    assert(existsSync(join(parts, "build", "out", "src", "two.js")));

    for (const root of [whole, parts]) {
      Deno.writeTextFileSync(join(root, "src", "one.ts"), "export const one = 1;\nexport type One = typeof one;\n");
      Deno.writeTextFileSync(join(root, "src", "three.ts"), "export const three = 3;\n");
      Deno.removeSync(join(root, "tests", "using.ts"));
    }
    const before = Deno.statSync(join(parts, "build", "out", "src", "two.js")).mtime;
    await Promise.all([compile(whole, "compile"), compile(parts, "compileChanged")]);
    assertEquals(made(parts), made(whole));
    assert(!existsSync(join(parts, "build", "out", "tests", "using.js")));
    assertEquals(
      Deno.statSync(join(parts, "build", "out", "src", "two.js")).mtime,
      before,
      "compiled without a change",
    );
  }));
