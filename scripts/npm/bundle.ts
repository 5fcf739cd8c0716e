/**
 * Makes the files of the package from the compiled modules: few and small ones, see bundle.js. Both ways of building
 * end here, so that they cannot drift apart.
 */
import { mustExecute } from "../process.ts";
import { ROOT } from "../toolchain/folders.ts";
import { installTool } from "../toolchain/npm.ts";
import { VERSIONS } from "../toolchain/versions.ts";
import { libraryEntries, type Project } from "../npm_manifest.ts";

function installBundler(): Promise<string> {
  return installTool("bundler", {
    rollup: VERSIONS.rollup,
    "rollup-plugin-dts": VERSIONS.rollupPluginDts,
    terser: VERSIONS.terser,
    typescript: VERSIONS.typescript,
  });
}

/** Makes few files of the command alone, see bundle_command.js; resolves with the one to start. */
export async function bundleCommand(from: string, to: string): Promise<string> {
  const args = [`${ROOT}/scripts/npm/bundle_command.js`, await installBundler(), from, to];
  await mustExecute("node", args, { timeout: 300_000 });
  return `${to}/cli.js`;
}

/** `from` holds the compiled modules with their declarations beside them; `to` gets the bundled ones. */
export async function bundle(project: Project, from: string, to: string): Promise<void> {
  const tools = await installBundler();
  const paths = [...libraryEntries(project).map(({ path }) => path), "cli.ts"];
  const entries = Object.fromEntries(paths.map((path) => [path.replace(/\.ts$/, ""), path.replace(/\.ts$/, ".js")]));
  const args = [`${ROOT}/scripts/npm/bundle.js`, tools, from, to, JSON.stringify(entries)];
  await mustExecute("node", args, { timeout: 300_000 });
}
