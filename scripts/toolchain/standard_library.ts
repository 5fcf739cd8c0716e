/**
 * Where the tests' `@std/*` comes from. With JSR, which every user's machine reaches: the real packages, on Deno through
 * deno.json, on Node and Bun as Deno bundles them into the build folder's node_modules, so that JSR's npm registry is
 * not needed. Without: the stand-ins in tests/std_local, through an import map for Deno, and through small packages in
 * the same node_modules for Node and Bun.
 */
import { pathToFileURL } from "node:url";
import { mustExecute } from "../process.ts";
import { BUILD, listFiles, OUT, ROOT, writeIfChanged } from "./folders.ts";
import type { NodeProgram } from "./node.ts";

export type StandardLibrary = "jsr" | "local";

const PACKAGES = ["assert", "fs", "path"] as const;

/** Stable @std/fs runs on Deno only, so only tests below tests/deno may import it. */
const ON_NODE = ["assert", "path"] as const;

/** What the environment's STD asks for; a TypeError when it is neither "jsr" nor "local". */
export function readWanted(value: string | undefined = Deno.env.get("STD")): StandardLibrary | "auto" {
  if (value === undefined || value === "jsr" || value === "local") return value ?? "auto";
  throw new TypeError(`STD is "jsr" or "local", not "${value}"`);
}

/** The first Node with the methods of Set (union, symmetricDifference) that @std/assert calls. */
const SET_METHODS = 22;

/** Decides between the real packages and the stand-ins. */
export async function chooseStandardLibrary(wanted: StandardLibrary | "auto"): Promise<StandardLibrary> {
  if (wanted !== "auto") return wanted;
  try {
    const url = new URL("/@std/assert/meta.json", Deno.env.get("JSR_URL") ?? "https://jsr.io");
    const response = await fetch(url, { signal: AbortSignal.timeout(4000) });
    await response.body?.cancel();
    return response.ok ? "jsr" : "local";
  } catch {
    return "local";
  }
}

/** The specifiers of `@std/*` that tests and examples use, with the package each belongs to. */
function usedSpecifiers(): { specifier: string; name: string }[] {
  const used = new Set<string>(PACKAGES.map((name) => `@std/${name}`));
  const files = ["tests", "examples", "scripts", "bench"].flatMap((folder) => listFiles(folder));
  for (const path of files.filter((path) => path.endsWith(".ts"))) {
    const text = Deno.readTextFileSync(`${ROOT}/${path}`);
    for (const [, specifier = ""] of text.matchAll(/from "(@std\/[a-z_/-]+)"/g)) used.add(specifier);
  }
  return [...used].sort().map((specifier) => ({ specifier, name: specifier.split("/")[1] ?? "" }));
}

/** The arguments that let `deno run`, `deno test` and `deno check` find `@std/*`. */
export function denoArguments(library: StandardLibrary): string[] {
  if (library === "jsr") return [];
  const manifest = JSON.parse(Deno.readTextFileSync(`${ROOT}/deno.json`)) as { imports: Record<string, string> };
  const standIns = usedSpecifiers().map(({ specifier, name }) =>
    [specifier, pathToFileURL(`${ROOT}/tests/std_local/${name}.ts`).href] as const
  );
  // An import map given on the command line replaces the one of deno.json.
  const imports = { ...manifest.imports, ...Object.fromEntries(standIns) };
  const path = `${BUILD}/import_map.json`;
  writeIfChanged(path, JSON.stringify({ imports }, undefined, 2) + "\n");
  return [`--import-map=${path}`];
}

/** Whether a Node can run the real packages; one that cannot runs the tests with the stand-ins. */
export function runsRealPackages(node: Pick<NodeProgram, "version"> | undefined): boolean {
  return node === undefined || parseInt(node.version) >= SET_METHODS;
}

/** What `installForNode` works with, beside the library. */
interface Installing {
  readonly node?: Pick<NodeProgram, "version"> | undefined;
  /** The folder of the compiled tests. */
  readonly out?: string;
  readonly environment?: Record<string, string>;
}

/**
 * Makes `@std/*` importable from the compiled tests. Before, the compiler has compiled the stand-ins along with them.
 * Throws when a real package cannot be had; then the stand-ins are importable, and the tests can run all the same.
 */
export async function installForNode(library: StandardLibrary, installing: Installing = {}): Promise<void> {
  const { node, out = OUT, environment = {} } = installing;
  for (const name of ON_NODE) linkPackage(out, name, "./mod.js");
  if (library === "local") return;
  for (const name of ON_NODE) {
    await bundleReal(name, `${out}/node_modules/@std/${name}/jsr.js`, environment);
    linkPackage(out, name, runsRealPackages(node) ? "./jsr.js" : { bun: "./jsr.js", default: "./mod.js" });
  }
}

/** `entry` is the module of the package, or one for each condition. */
function linkPackage(out: string, name: string, entry: string | Record<string, string>): void {
  const subpaths = usedSpecifiers().filter((used) => used.name === name).map(({ specifier }) => specifier);
  const entries = subpaths.map((specifier) => [`.${specifier.slice(`@std/${name}`.length)}`, entry]);
  const manifest = { name: `@std/${name}`, type: "module", exports: Object.fromEntries(entries) };
  const folder = `${out}/node_modules/@std/${name}`;
  writeIfChanged(`${folder}/package.json`, JSON.stringify(manifest, undefined, 2) + "\n");
  writeIfChanged(`${folder}/mod.js`, `export * from "../../../tests/std_local/${name}.js";\n`);
}

async function bundleReal(name: string, path: string, environment: Record<string, string>): Promise<void> {
  const manifest = JSON.parse(Deno.readTextFileSync(`${ROOT}/deno.json`)) as { imports: Record<string, string> };
  const specifier = manifest.imports[`@std/${name}`] ?? `jsr:@std/${name}`;
  // Renamed into place, because another run in the same checkout may be importing it.
  const bundled = `${path}.${Deno.pid}.new.js`;
  const args = ["bundle", "--quiet", `--config=${ROOT}/deno.json`, `--output=${bundled}`, specifier];
  await mustExecute(Deno.execPath(), args, { directory: ROOT, environment, timeout: 120_000 });
  Deno.renameSync(bundled, path);
}
