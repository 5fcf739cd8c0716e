/**
 * Takes the comments out of the package's JavaScript: they are two thirds of its size, and say nothing to a machine.
 * The declarations keep theirs, which editors show.
 */
import { ts } from "../toolchain/typescript.ts";

function javaScriptFiles(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) return javaScriptFiles(path);
    return entry.name.endsWith(".js") ? [path] : [];
  });
}

/** Rewrites every JavaScript file below the folder. */
export function stripComments(folder: string): void {
  for (const path of javaScriptFiles(folder)) {
    const { outputText } = ts.transpileModule(Deno.readTextFileSync(path), {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, removeComments: true },
    });
    Deno.writeTextFileSync(path, outputText);
  }
}
