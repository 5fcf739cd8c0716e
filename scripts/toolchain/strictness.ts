/** The strictness that deno.json asks of Deno's compiler, for TypeScript's own: one place says how strict we are. */
import type { TS } from "./typescript.ts";
import { ROOT } from "./folders.ts";

export function strictness(): TS.CompilerOptions {
  const manifest = JSON.parse(Deno.readTextFileSync(`${ROOT}/deno.json`)) as { compilerOptions: TS.CompilerOptions };
  return manifest.compilerOptions;
}
