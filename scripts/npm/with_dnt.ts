/**
 * Builds the npm package with dnt. It is imported only when it is used, by a name the type checker does not follow:
 * the scripts have to run and check on machines that do not reach JSR.
 *
 * dnt 0.42 rewrites `globalThis` and `import.meta` for old versions of Node, whatever it is told. The rewritten
 * `import.meta.url` throws wherever a bundler leaves its polyfill out, and then fs-ext would not be found, without a
 * word; 0.43 can be told not to. So what it rewrote is written back, and with both versions the modules are those of
 * the TypeScript compiler.
 */
import { listFiles, ROOT } from "../toolchain/folders.ts";
import { installTypes } from "../toolchain/npm.ts";
import { lateModules, libraryEntries, type NpmManifest, type Project } from "../npm_manifest.ts";

/** The part of dnt's options that is used. */
interface BuildOptions {
  entryPoints: { kind?: "bin" | "export"; name: string; path: string }[];
  outDir: string;
  shims: Record<string, never>;
  esModule: boolean;
  scriptModule: false;
  declaration: "inline";
  declarationMap: boolean;
  typeCheck: "single";
  test: boolean;
  skipSourceOutput: boolean;
  skipNpmInstall: boolean;
  /** From 0.43 on. */
  polyfills: { importMeta: false };
  filterDiagnostic(diagnostic: { file?: { fileName: string } }): boolean;
  package: NpmManifest;
  compilerOptions: { target: string; lib: string[]; skipLibCheck: boolean; useUnknownInCatchVariables: boolean };
}

const PONYFILL = 'globalThis[Symbol.for("import-meta-ponyfill-esmodule")](import.meta)';

/** Takes dnt's helpers out of the compiled modules again. */
function writeBack(folder: string): void {
  for (const path of listFiles("esm", folder)) {
    const file = `${folder}/${path}`;
    if (/\/_dnt\.\w+\.(?:js|d\.ts)$/.test(path)) {
      Deno.removeSync(file);
      continue;
    }
    const text = Deno.readTextFileSync(file);
    const original = text.replaceAll(/^import .*"[./]+\/_dnt\.\w+\.js";\n/gm, "")
      .replaceAll("dntShim.dntGlobalThis", "globalThis").replaceAll(PONYFILL, "import.meta");
    const left = /dntShim|_dnt\.|import-meta-ponyfill/.exec(original)?.[0];
    if (left !== undefined) throw new Error(`dnt left ${left} in ${path}: scripts/npm/with_dnt.ts does not know it`);
    if (original !== text) Deno.writeTextFileSync(file, original);
  }
}

/** Throws with the type errors when there are any. */
export async function buildWithDnt(project: Project, manifest: NpmManifest, folder: string): Promise<void> {
  const specifier = "@deno/dnt";
  const dnt = await import(specifier) as { build(options: BuildOptions): Promise<void> };
  const libraries = libraryEntries(project).map(({ name, path }) => ({ name, path: `${ROOT}/${path}` }));
  // The manifest that lists them is replaced.
  const late = lateModules().map((path) => ({ name: `./${path}`, path: `${ROOT}/${path}` }));
  // dnt asks the nearest node_modules for the types of Node.
  const types = `${folder}/node_modules`;
  Deno.symlinkSync((await installTypes()).replace(/[\\/]@types$/, ""), types, { type: "dir" });
  await dnt.build({
    entryPoints: [...libraries, ...late, { kind: "bin", name: "atomic-write", path: `${ROOT}/cli.ts` }],
    outDir: folder,
    // The source reaches every runtime through interfaces of its own.
    shims: {},
    esModule: true,
    scriptModule: false,
    declaration: "inline",
    declarationMap: false,
    typeCheck: "single",
    test: false,
    skipSourceOutput: true,
    skipNpmInstall: true,
    polyfills: { importMeta: false },
    // Its polyfill of import.meta does not check against the types of Node: https://github.com/denoland/dnt/pull/499
    filterDiagnostic: ({ file }) => !file?.fileName.endsWith("/_dnt.polyfills.ts"),
    package: manifest,
    compilerOptions: {
      // Node 20 has no `using`.
      target: "ES2022",
      lib: ["ESNext", "DOM", "DOM.Iterable", "DOM.AsyncIterable"],
      skipLibCheck: true,
      useUnknownInCatchVariables: true,
    },
  });
  Deno.removeSync(types);
  writeBack(folder);
}
