/**
 * Runs scripts as another user, for tests of permissions and ownership. Linux and root only.
 *
 *     await asUser(t, 65534, async (as) => {
 *       const { code } = await spawnScript("tests/support/scripts/write_once.ts", [path], as).status;
 *     });
 *
 * The test is skipped with the reason where root or `setpriv` is missing, or where that user cannot reach the programs
 * or the checkout. Directories that the script shall work in have to be made reachable for the user by the test.
 */
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { skip } from "./skip.ts";
import { runtimes, scriptCommand, type SpawnScriptOptions } from "./spawn.ts";
import { withTemporaryDirectory } from "./temporary_directory.ts";

/** What `spawnScript` needs to run a script as that user. */
export type AsUser = Required<Pick<SpawnScriptOptions, "wrapper" | "env">>;

function cannotReach(wrapper: readonly string[], env: NodeJS.ProcessEnv): string | undefined {
  const [command = "", ...args] = wrapper;
  const attempt = (...rest: string[]) => spawnSync(command, [...args, ...rest], { env, encoding: "utf8" });
  const file = fileURLToPath(import.meta.url);
  const { error, status } = attempt("cat", file);
  if (error !== undefined) return "needs the program setpriv (Debian: apt-get install util-linux)";
  if (status !== 0) return `user cannot read ${file}`;
  for (const runtime of runtimes()) {
    const program = scriptCommand("", [], { runtime })[0];
    if (attempt(program, "--version").status !== 0) return `user cannot run ${program}`;
  }
  return undefined;
}

/** Calls back with the options that make `spawnScript` run a script as the user and group with this number. */
export async function asUser(
  t: Parameters<typeof skip>[0],
  uid: number,
  run: (as: AsUser) => void | Promise<void>,
): Promise<void> {
  if (process.platform !== "linux") return skip(t, "needs Linux");
  if (process.getuid?.() !== 0) return skip(t, "needs root");
  await withTemporaryDirectory(async (home) => {
    fs.chownSync(home, uid, uid);
    const wrapper = ["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups"];
    // Programs keep caches at home, and root's is out of reach.
    const env = { HOME: home, DENO_DIR: `${home}/deno`, XDG_CACHE_HOME: `${home}/cache`, TMPDIR: home };
    const reason = cannotReach(wrapper, { ...process.env, ...env });
    if (reason !== undefined) return skip(t, reason);
    await run({ wrapper, env });
  });
}
