/** How each runtime runs the command, for benchmarks of the command itself: Deno the source, the others the build. */
import { compile } from "../../scripts/toolchain/compile.ts";
import { prepareBun } from "../../scripts/toolchain/bun.ts";
import { OUT, ROOT } from "../../scripts/toolchain/folders.ts";
import { prepareNode } from "../../scripts/toolchain/node.ts";

export interface CommandRuntime {
  name: string;
  program: string;
  /** Before the script. */
  args: string[];
  /** The command. */
  script: string;
}

/** Finds or fetches the three runtimes and compiles the command. */
export async function commandRuntimes(): Promise<CommandRuntime[]> {
  const [node, bun, problems] = await Promise.all([prepareNode(undefined), prepareBun(), compile()]);
  if (problems !== "") console.warn(problems);
  const compiled = `${OUT}/cli.js`;
  return [
    {
      name: `Deno ${Deno.version.deno}`,
      program: Deno.execPath(),
      args: ["run", "--quiet", "--no-check", "--no-prompt", "--allow-all"],
      script: `${ROOT}/cli.ts`,
    },
    { name: `Node ${node.version}`, program: node.command, args: [], script: compiled },
    { name: `Bun ${bun.version}`, program: bun.command, args: [], script: compiled },
  ];
}
