/**
 * Compiles the source and the tests to JavaScript for Node and Bun: `src/a.ts` becomes `build/out/src/a.js`. Node 20
 * runs neither TypeScript nor `using`, so both are taken away here.
 *
 * Type errors are reported, and the JavaScript is written all the same: one unfinished file does not keep the tests of
 * all others from running. Files are replaced whole and only when they differ, so that two runs do not disturb each other.
 */
import { type TS, ts } from "./typescript.ts";
import { exists, listFiles, OUT, ROOT, writeIfChanged } from "./folders.ts";
import { installTypes } from "./npm.ts";
import { strictness } from "./strictness.ts";

/** Runs on Deno only, or is not part of the suite. */
const NOT_COMPILED = /^tests\/deno\//;

/** Folders whose scripts run on all three runtimes. */
const COMPILED = ["src", "tests", "examples", "bench/contestants"];

/** What all builds of the project share. `types` is the folder that `installTypes` answers. */
export function compilerOptions(types: string): TS.CompilerOptions {
  return {
    ...strictness(),
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ["lib.esnext.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts", "lib.dom.asynciterable.d.ts"],
    types: ["node"],
    typeRoots: [types],
    rewriteRelativeImportExtensions: true,
    skipLibCheck: true,
    rootDir: ROOT,
  };
}

/** Diagnostics as the compiler's command prints them. */
export function formatDiagnostics(diagnostics: readonly TS.Diagnostic[]): string {
  return ts.formatDiagnostics(diagnostics, {
    getCanonicalFileName: (name) => name,
    getCurrentDirectory: () => ROOT,
    getNewLine: () => "\n",
  });
}

function removeStale(written: ReadonlySet<string>): void {
  for (const folder of COMPILED) {
    for (const path of listFiles(folder, OUT)) {
      if (path.endsWith(".js") && !written.has(`${OUT}/${path}`)) Deno.removeSync(`${OUT}/${path}`);
    }
  }
}

/**
 * The compiler asks package.json whether a file is a module. The project has none, so that deno.json is its only
 * manifest; the compiler is told what it would say.
 */
export function compilerHost(options: TS.CompilerOptions, root: string = ROOT): TS.CompilerHost {
  const host = ts.createCompilerHost(options);
  const path = `${root}/package.json`;
  const { fileExists, readFile } = host;
  host.fileExists = (name) => name === path || fileExists(name);
  host.readFile = (name) => name === path ? '{ "type": "module" }' : readFile(name);
  return host;
}

/** Compiles everything; resolves with the type errors, an empty text when there are none. */
export async function compile(): Promise<string> {
  const files = ["mod.ts", "cli.ts"].filter((path) => exists(`${ROOT}/${path}`));
  for (const folder of COMPILED) {
    files.push(...listFiles(folder).filter((path) => path.endsWith(".ts") && !NOT_COMPILED.test(path)));
  }
  const options: TS.CompilerOptions = {
    ...compilerOptions(await installTypes()),
    outDir: OUT,
    inlineSourceMap: true,
    // The stand-ins' types hold for the real packages as well; Deno checks the tests against those.
    paths: { "@std/*": [`${ROOT}/tests/std_local/*.ts`] },
  };
  const rootNames = files.map((path) => `${ROOT}/${path}`);
  const program = ts.createProgram({ rootNames, options, host: compilerHost(options) });
  const written = new Set<string>();
  const { diagnostics } = program.emit(undefined, (path, text) => {
    writeIfChanged(path, text);
    written.add(path);
  });
  removeStale(written);
  if (!exists(`${OUT}/package.json`)) writeIfChanged(`${OUT}/package.json`, '{ "type": "module" }\n');
  return formatDiagnostics([...ts.getPreEmitDiagnostics(program), ...diagnostics]);
}
