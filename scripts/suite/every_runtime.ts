/**
 * Everything that storms need before they start processes on every runtime: programs, compiled scripts, fs-ext, and what
 * `spawnScript` (tests/support/spawn.ts) must be told of them.
 */
import process from "node:process";
import { prepareBun } from "../toolchain/bun.ts";
import { compile } from "../toolchain/compile.ts";
import { OUT } from "../toolchain/folders.ts";
import { linkFsExt } from "../toolchain/fs_ext.ts";
import { prepareNode } from "../toolchain/node.ts";
import { testEnvironment } from "./runners.ts";

/** Prepares Deno, Node and Bun; says so where Node has to do without fs-ext. */
export async function prepareEveryRuntime(): Promise<void> {
  const [node, bun] = await Promise.all([prepareNode(undefined), prepareBun(), compile()]);
  const addon = await linkFsExt(node, OUT);
  if (addon !== "") console.error(`Node runs without fs-ext: ${addon}`);
  Object.assign(process.env, testEnvironment({ denoArguments: [], node, bun }, "long"));
}
