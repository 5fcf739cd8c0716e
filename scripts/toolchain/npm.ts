/**
 * Talks to npm, and fetches the tools of the test command into `build/tools`, where no manifest of the project sees
 * them. Installing runs no install scripts: some versions of npm block them, and the test command builds what it needs
 * itself.
 */
import { exists, TOOLS, writeIfChanged } from "./folders.ts";
import { VERSIONS } from "./versions.ts";
import { type ExecuteOptions, mustExecute } from "../process.ts";

const NPM_COMMAND = Deno.build.os === "windows" ? "npm.cmd" : "npm";

/** Runs npm quietly. Resolves with what it printed; throws when it fails. */
export function npm(args: string[], options: ExecuteOptions = {}): Promise<string> {
  return mustExecute(NPM_COMMAND, args, {
    timeout: 300_000,
    ...options,
    environment: {
      npm_config_audit: "false",
      npm_config_fund: "false",
      npm_config_update_notifier: "false",
      npm_config_loglevel: "error",
      npm_config_prefer_offline: "true",
      ...options.environment,
    },
  });
}

/** Installs packages into a folder of their own below `build/tools`, once, and returns the folder. */
export async function installTool(name: string, dependencies: Record<string, string>): Promise<string> {
  const folder = `${TOOLS}/${name}`;
  const wanted = JSON.stringify({ private: true, dependencies }, undefined, 2) + "\n";
  const stamp = `${folder}/installed.json`;
  const isInstalled = () => exists(stamp) && Deno.readTextFileSync(stamp) === wanted;
  if (isInstalled()) return folder;
  Deno.mkdirSync(folder, { recursive: true });
  // Another run in the same checkout may be installing it right now.
  using lock = await Deno.open(`${folder}.lock`, { write: true, create: true });
  await lock.lock(true);
  if (isInstalled()) return folder;
  writeIfChanged(`${folder}/package.json`, wanted);
  await npm(["install", "--prefix", folder, "--ignore-scripts", "--no-package-lock"], { directory: folder });
  writeIfChanged(stamp, wanted);
  return folder;
}

/** The types of Node, and nothing else, for the compiler; resolves with the folder that holds them. */
export async function installTypes(): Promise<string> {
  return `${await installTool("types", { "@types/node": VERSIONS.typesOfNode })}/node_modules/@types`;
}

/** A version of TypeScript; resolves with the folder that its package is installed in. */
export async function installTypeScript(version: string): Promise<string> {
  return `${await installTool(`typescript-${version}`, { typescript: version })}/node_modules/typescript`;
}

/** A setting of npm, or `undefined` where it is not set. */
export async function npmSetting(name: string): Promise<string | undefined> {
  const value = (await npm(["config", "get", name])).trim();
  return value === "" || value === "undefined" || value === "null" ? undefined : value.split("\n").at(-1);
}
