/**
 * Makes the files of the package from the compiled modules: few, and as readable as the modules, see bundle.js. Both
 * ways of building end here, so that they cannot drift apart.
 */
import { mustExecute } from "../process.ts";
import { ROOT } from "../toolchain/folders.ts";
import { installTool } from "../toolchain/npm.ts";
import { VERSIONS } from "../toolchain/versions.ts";
import { libraryEntries, type Project } from "../npm_manifest.ts";

/** The folder with rollup. */
export function bundlerTools(): Promise<string> {
  return installTool("bundler", {
    rollup: VERSIONS.rollup,
    "rollup-plugin-dts": VERSIONS.rollupPluginDts,
    typescript: VERSIONS.typescript,
  });
}

async function bundleEntries(from: string, to: string, entries: readonly string[]): Promise<void> {
  const args = [`${ROOT}/scripts/npm/bundle.js`, await bundlerTools(), from, to, JSON.stringify(entries)];
  await mustExecute("node", args, { timeout: 300_000 });
}

/** The command alone, for the tests on Node, which start it often; resolves with the file to start. */
export async function bundleCommand(from: string, to: string): Promise<string> {
  await bundleEntries(from, to, ["cli"]);
  return `${to}/cli.js`;
}

/** `from` holds the compiled modules with their declarations beside them; `to` gets the bundled ones. */
export async function bundle(project: Project, from: string, to: string): Promise<void> {
  const paths = [...libraryEntries(project).map(({ path }) => path), "cli.ts"];
  await bundleEntries(from, to, paths.map((path) => path.replace(/\.ts$/, "")));
}
