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

/** Scripts that tests of all three runtimes import. */
const IMPORTED = ["scripts/figures/source.ts", "scripts/toolchain/folders.ts"];

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

function sourceFiles(): string[] {
  const doors = ["mod.ts", "cli.ts"].filter((path) => exists(`${ROOT}/${path}`));
  const below = COMPILED.flatMap((folder) => listFiles(folder));
  return [...doors, ...below.filter((path) => path.endsWith(".ts") && !NOT_COMPILED.test(path)), ...IMPORTED];
}

function output(path: string): string {
  return `${OUT}/${path.replace(/\.ts$/, ".js")}`;
}

function whereOutputGoes(types: string): TS.CompilerOptions {
  return { ...compilerOptions(types), outDir: OUT, inlineSourceMap: true };
}

/** Says how the JavaScript that lies there was made. */
const STAMP = `${OUT}/compiled.json`;

function stamp(): string {
  return JSON.stringify({ typescript: ts.version, strictness: strictness() }) + "\n";
}

function finish(sources: readonly string[]): void {
  removeStale(new Set(sources.map(output)));
  if (!exists(`${OUT}/package.json`)) writeIfChanged(`${OUT}/package.json`, '{ "type": "module" }\n');
  writeIfChanged(STAMP, stamp());
}

/** Compiles everything; resolves with the type errors, an empty text when there are none. */
export async function compile(): Promise<string> {
  const sources = sourceFiles();
  const options: TS.CompilerOptions = {
    ...whereOutputGoes(await installTypes()),
    // The stand-ins' types hold for the real packages as well; Deno checks the tests against those.
    paths: { "@std/*": [`${ROOT}/tests/std_local/*.ts`] },
  };
  const rootNames = sources.map((path) => `${ROOT}/${path}`);
  const program = ts.createProgram({ rootNames, options, host: compilerHost(options) });
  const { diagnostics } = program.emit(undefined, writeIfChanged);
  finish(sources);
  return formatDiagnostics([...ts.getPreEmitDiagnostics(program), ...diagnostics]);
}

function isStale(path: string): boolean {
  if (!exists(output(path))) return true;
  const [source, compiled] = [Deno.statSync(`${ROOT}/${path}`), Deno.statSync(output(path))];
  return (source.mtime?.getTime() ?? 0) >= (compiled.mtime?.getTime() ?? 0);
}

/**
 * Compiles what has changed since it was compiled, to the same JavaScript as `compile`, in a second instead of twenty
 * because it does not look at types. The JavaScript of a file is made from that file alone (`verbatimModuleSyntax`).
 */
export function compileChanged(): void {
  const sources = sourceFiles();
  const sameWay = exists(STAMP) && Deno.readTextFileSync(STAMP) === stamp();
  const changed = sameWay ? sources.filter(isStale) : sources;
  const options = { ...whereOutputGoes(""), types: [], noResolve: true, noLib: true, noCheck: true };
  const rootNames = changed.map((path) => `${ROOT}/${path}`);
  const program = ts.createProgram({ rootNames, options, host: compilerHost(options) });
  program.emit(undefined, (path, text) => {
    writeIfChanged(path, text);
    // Where only types have changed, the JavaScript has not; it is not older than its source all the same.
    Deno.utimeSync(path, new Date(), new Date());
  });
  finish(sources);
}

/** The JavaScript of one text, as `compileChanged` makes it. */
export function javaScriptOf(source: string): string {
  const module = ts.ModuleKind.ESNext;
  // Of one text alone the compiler does not know that it is a module, and would write CommonJS.
  const options = { ...whereOutputGoes(""), inlineSourceMap: false, types: [], module };
  return ts.transpileModule(source, { compilerOptions: options }).outputText;
}
