/** How each runtime runs the command, for benchmarks of it: what users run, Deno the source, the others the npm package. */
import { buildNpm } from "../../scripts/build_npm.ts";
import { prepareBun } from "../../scripts/toolchain/bun.ts";
import { BUILD, ROOT } from "../../scripts/toolchain/folders.ts";
import { prepareNode } from "../../scripts/toolchain/node.ts";

export interface CommandRuntime {
  name: string;
  program: string;
  /** Before the script. */
  args: string[];
  /** The command. */
  script: string;
}

/** Finds or fetches the three runtimes and builds the package. */
export async function commandRuntimes(): Promise<CommandRuntime[]> {
  const folder = `${BUILD}/bench_package`;
  const [node, bun] = await Promise.all([prepareNode(undefined), prepareBun()]);
  await buildNpm("local", folder);
  const bin = `${folder}/esm/cli.js`;
  return [
    {
      name: `Deno ${Deno.version.deno}`,
      program: Deno.execPath(),
      args: ["run", "--quiet", "--no-check", "--no-prompt", "--allow-all"],
      script: `${ROOT}/cli.ts`,
    },
    { name: `Node ${node.version}`, program: node.command, args: [], script: bin },
    { name: `Bun ${bun.version}`, program: bun.command, args: [], script: bin },
  ];
}
