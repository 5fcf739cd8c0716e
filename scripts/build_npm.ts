/**
 * Builds the npm package into `npm/`: `deno task npm`. With JSR by dnt; without, by the TypeScript compiler to the same
 * layout: `esm/mod.js` with `esm/mod.d.ts` beside it, `esm/cli.js` as the command, `cjs/compat.cjs`, and nothing that is
 * not used. `override/` in it is a package of its own, `@durable/write-file-atomic`.
 * `STD=jsr|local` forces a way, an argument names another folder. Then: `cd npm && npm publish`.
 */
import { exists, NPM, ROOT } from "./toolchain/folders.ts";
import { chooseStandardLibrary, readWanted, type StandardLibrary } from "./toolchain/standard_library.ts";
import { buildWithCompiler } from "./npm/with_compiler.ts";
import { bundle } from "./npm/bundle.ts";
import { REQUIRED_TYPES, writeOverride } from "./npm/override.ts";
import { buildWithDnt } from "./npm/with_dnt.ts";
import { currentRepository, NO_REPOSITORY, npmManifest, readProject } from "./npm_manifest.ts";
import { npmReadme } from "./npm/readme.ts";

/** What npm leaves out of the package, beside what it always does. */
const IGNORED = ["/node_modules/", "/override/", "/src/", "/test_runner.js", "package-lock.json", "*.tgz", "*.map"];

/** Builds the package into a folder, which is removed before; after a failure it is incomplete. */
export async function buildNpm(wanted: StandardLibrary | "auto", folder: string): Promise<void> {
  const project = readProject();
  const manifest = npmManifest(project);
  if (exists(folder)) Deno.removeSync(folder, { recursive: true });
  Deno.mkdirSync(folder, { recursive: true });
  if (await chooseStandardLibrary(wanted) === "jsr") await buildWithDnt(project, manifest, folder);
  else await buildWithCompiler(project, folder);
  // Both builds end here, and dnt's own manifest is replaced, so that the two packages cannot drift apart.
  const compiled = `${folder}/compiled`;
  Deno.renameSync(`${folder}/esm`, compiled);
  await bundle(project, compiled, `${folder}/esm`);
  Deno.removeSync(compiled, { recursive: true });
  Deno.writeTextFileSync(`${folder}/cjs/compat.d.cts`, REQUIRED_TYPES);
  writeOverride(project, `${folder}/cjs/compat.cjs`, `${folder}/override`);
  Deno.writeTextFileSync(`${folder}/package.json`, JSON.stringify(manifest, undefined, 2) + "\n");
  Deno.writeTextFileSync(`${folder}/.npmignore`, IGNORED.join("\n") + "\n");
  Deno.copyFileSync(`${ROOT}/LICENSE`, `${folder}/LICENSE`);
  const readme = Deno.readTextFileSync(`${ROOT}/README.md`);
  Deno.writeTextFileSync(`${folder}/README.md`, npmReadme(readme, currentRepository(), `v${project.version}`));
}

if (import.meta.main) {
  const folder = Deno.args[0] ?? NPM;
  await buildNpm(readWanted(), folder);
  if (currentRepository() === undefined) console.warn(NO_REPOSITORY);
  console.log(`built ${folder}`);
}
