/** Builds the npm package with the TypeScript compiler alone, to the layout that dnt makes. */
import { type TS, ts } from "../toolchain/typescript.ts";
import { compilerHost, compilerOptions, formatDiagnostics } from "../toolchain/compile.ts";
import { installTypes } from "../toolchain/npm.ts";
import { ROOT, writeIfChanged } from "../toolchain/folders.ts";
import { lateModules, libraryEntries, type Project } from "../npm_manifest.ts";

const SHEBANG = "#!/usr/bin/env node\n";

/** The compiler rewrites the extension of relative imports in JavaScript, and leaves it in declarations. */
function rewriteDeclaration(text: string): string {
  return text.replace(/((?:from|import|import\()\s*["']\.{1,2}\/[^"']*)\.ts(["'])/g, "$1.js$2");
}

/** Throws with the type errors when there are any. */
export async function buildWithCompiler(project: Project, folder: string): Promise<void> {
  const options: TS.CompilerOptions = {
    ...compilerOptions(await installTypes()),
    outDir: `${folder}/esm`,
    declaration: true,
    stripInternal: true,
  };
  const entries = [...libraryEntries(project).map(({ path }) => path), "cli.ts", ...lateModules()];
  const rootNames = entries.map((path) => `${ROOT}/${path}`);
  const program = ts.createProgram({ rootNames, options, host: compilerHost(options) });
  const { diagnostics } = program.emit(undefined, (path, text) => {
    const isCommand = path === `${folder}/esm/cli.js`;
    const rewritten = path.endsWith(".d.ts") ? rewriteDeclaration(text) : text;
    writeIfChanged(path, isCommand && !text.startsWith("#!") ? SHEBANG + rewritten : rewritten);
  });
  const problems = formatDiagnostics([...ts.getPreEmitDiagnostics(program), ...diagnostics]);
  if (problems !== "") throw new Error(problems);
}
