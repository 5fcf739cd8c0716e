/**
 * The TypeScript compiler, installed by npm into build/tools when this file is imported: where npm works, this works,
 * whatever certificates or mirrors npm was told about. `ts` is the compiler, `TS` the namespace of its types.
 *
 * The types are found once something has imported this file; before, a type check of the scripts cannot find them, so
 * `deno task check` imports it first.
 */
import { createRequire } from "node:module";
import type * as TS from "../../build/tools/typescript-5.9.3/node_modules/typescript/lib/typescript.d.ts";
import { installTypeScript } from "./npm.ts";
import { VERSIONS } from "./versions.ts";

export type { TS };

const folder = await installTypeScript(VERSIONS.typescript);

export const ts: typeof TS = createRequire(import.meta.url)(folder);
