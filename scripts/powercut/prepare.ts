/** What the lanes that cut the power have in common: runtimes that are ready, and an end that leaves nothing behind. */
import type { SpawnedScript } from "../../tests/support/spawn.ts";
import { testEnvironment } from "../suite/runners.ts";
import { prepareBun } from "../toolchain/bun.ts";
import { OUT } from "../toolchain/folders.ts";
import { linkFsExt } from "../toolchain/fs_ext.ts";
import { linkKoffi } from "../toolchain/koffi.ts";
import { prepareNode } from "../toolchain/node.ts";
import { chooseStandardLibrary, denoArguments, installForNode, readWanted } from "../toolchain/standard_library.ts";

/** Gets the runtimes ready as the test command does. */
export async function prepare(): Promise<void> {
  const library = await chooseStandardLibrary(readWanted());
  const problems = await (await import("../toolchain/compile.ts")).compile();
  if (problems !== "") {
    console.error(`tsc found type errors, perhaps in other files; the first: ${problems.split("\n")[0]}`);
  }
  const [node, bun] = [await prepareNode(undefined), await prepareBun()];
  await installForNode(library);
  const addon = await linkFsExt(node, OUT);
  if (addon !== "") console.error(`Node runs without fs-ext: ${addon}`);
  const koffi = await linkKoffi(OUT);
  if (koffi !== "") console.error(`Node runs without koffi: ${koffi}`);
  const environment = testEnvironment({ denoArguments: denoArguments(library), node, bun }, "normal");
  for (const [name, value] of Object.entries(environment)) Deno.env.set(name, value);
}

/** Ends a series that is running, with everything in its namespaces, before its directory is removed. */
export function stop(running: SpawnedScript | undefined): void {
  const pid = running?.child.pid;
  if (pid === undefined || running?.child.exitCode !== null) return;
  Deno.kill(pid, "SIGKILL");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
}
