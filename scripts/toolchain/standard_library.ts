/**
 * Where the tests' `@std/*` comes from. With JSR, which every user's machine reaches: the real packages, on Deno through
 * deno.json, on Node and Bun from JSR's npm registry. Without: the stand-ins in tests/std_local, through an import map
 * for Deno, and through small packages in the build folder's node_modules for Node and Bun.
 */
import { pathToFileURL } from "node:url";
import { BUILD, exists, listFiles, OUT, ROOT, writeIfChanged } from "./folders.ts";
import { npm } from "./npm.ts";

export type StandardLibrary = "jsr" | "local";

const PACKAGES = ["assert", "fs", "path"] as const;

/** Stable @std/fs runs on Deno only, so only tests below tests/deno may import it. */
const ON_NODE = ["assert", "path"] as const;

/** What the environment's STD asks for; a TypeError when it is neither "jsr" nor "local". */
export function readWanted(value: string | undefined = Deno.env.get("STD")): StandardLibrary | "auto" {
  if (value === undefined || value === "jsr" || value === "local") return value ?? "auto";
  throw new TypeError(`STD is "jsr" or "local", not "${value}"`);
}

/** Says which real packages are installed for the compiled tests. */
const STAMP = `${OUT}/node_modules/installed.json`;

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

/** Makes `@std/*` importable from the compiled tests. Before, the compiler has compiled the stand-ins along with them. */
export async function installForNode(library: StandardLibrary): Promise<void> {
  if (library === "jsr") return await installFromJsr();
  if (exists(STAMP)) Deno.removeSync(`${OUT}/node_modules`, { recursive: true });
  for (const name of ON_NODE) {
    const subpaths = usedSpecifiers().filter((used) => used.name === name).map(({ specifier }) => specifier);
    const entries = subpaths.map((specifier) => [`.${specifier.slice(`@std/${name}`.length)}`, "./mod.js"]);
    const manifest = { name: `@std/${name}`, type: "module", exports: Object.fromEntries(entries) };
    const folder = `${OUT}/node_modules/@std/${name}`;
    writeIfChanged(`${folder}/package.json`, JSON.stringify(manifest, undefined, 2) + "\n");
    writeIfChanged(`${folder}/mod.js`, `export * from "../../../tests/std_local/${name}.js";\n`);
  }
}

async function installFromJsr(): Promise<void> {
  const manifest = JSON.parse(Deno.readTextFileSync(`${ROOT}/deno.json`)) as { imports: Record<string, string> };
  const dependencies = ON_NODE.map((name) => {
    const range = manifest.imports[`@std/${name}`]?.split("@").at(-1) ?? "latest";
    return [`@std/${name}`, `npm:@jsr/std__${name}@${range}`];
  });
  writeIfChanged(`${OUT}/.npmrc`, "@jsr:registry=https://npm.jsr.io\n");
  const text = JSON.stringify({ type: "module", dependencies: Object.fromEntries(dependencies) }, undefined, 2) + "\n";
  writeIfChanged(`${OUT}/package.json`, text);
  if (exists(STAMP) && Deno.readTextFileSync(STAMP) === text) return;
  if (exists(`${OUT}/node_modules`)) Deno.removeSync(`${OUT}/node_modules`, { recursive: true });
  await npm(["install", "--prefix", OUT, "--ignore-scripts", "--no-package-lock"], { directory: OUT });
  writeIfChanged(STAMP, text);
}
