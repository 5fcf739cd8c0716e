/**
 * The examples of the doc comments. They name files relative to the working directory and nothing of one runtime, so
 * that what an editor or the site shows can be pasted on each: tests/deno/documentation_test.ts runs them with Deno from
 * the source, this file with Node and Bun from the installed package.
 */
import { mustExecute } from "../process.ts";
import { listFiles, ROOT } from "../toolchain/folders.ts";
import { ts } from "../toolchain/typescript.ts";
import type { Place } from "./use_package.ts";

export interface DocExample {
  /** The module it is in, relative to the checkout, and the line of its fence. */
  readonly path: string;
  readonly line: number;
  readonly text: string;
}

/** Every module that may have one. */
const modules = (): string[] => ["mod.ts", ...listFiles("src", ROOT).filter((path) => path.endsWith(".ts")).sort()];

/** All examples. Throws where a fence is one that is not run. */
export function docExamples(): DocExample[] {
  return modules().flatMap((path) => {
    const source = Deno.readTextFileSync(`${ROOT}/${path}`);
    const found = Array.from(
      source.matchAll(/^( *\* )```(ts[^\n]*)\n([\s\S]*?)^ *\* ```$/gm),
      ({ index, 2: language, 3: text = "" }): DocExample => {
        const line = source.slice(0, index).split("\n").length;
        if (language !== "ts") throw new Error(`${path}:${line}: every example runs`);
        return { path, line, text: text.replaceAll(/^ *\* ?/gm, "") };
      },
    );
    const fences = source.match(/^(?: *\* )?```ts/gm)?.length ?? 0;
    if (fences !== found.length) throw new Error(`${path}: ${fences} fences, ${found.length} examples`);
    return found;
  });
}

/** `src/file/sweep.ts:21` as the name of a file. */
export const exampleName = ({ path, line }: DocExample): string => `${path.replaceAll(/[/.]/g, "_")}_${line}`;

/** Imports one example after another, each in a folder of its own, and says at which one it stops. */
const RUNNER = `
import { mkdirSync } from "node:fs";
import process from "node:process";
for (const name of process.argv.slice(2)) {
  const folder = import.meta.dirname + "/" + name;
  mkdirSync(folder);
  process.chdir(folder);
  try {
    await import(folder + ".mjs");
  } catch (error) {
    throw new Error(name, { cause: error });
  }
}
process.stdout.write("ran " + (process.argv.length - 2));
`;

/** Runs them all where the package is installed. Answers what is wrong. */
export async function runDocExamples(place: Place, folder: string, program: string): Promise<string> {
  const directory = `${folder}/doc_examples`;
  Deno.mkdirSync(directory);
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022 };
  const examples = docExamples();
  for (const example of examples) {
    const { outputText } = ts.transpileModule(example.text, { compilerOptions });
    Deno.writeTextFileSync(`${directory}/${exampleName(example)}.mjs`, outputText);
  }
  Deno.writeTextFileSync(`${directory}/run.mjs`, RUNNER);
  const output = await mustExecute(program, ["run.mjs", ...examples.map(exampleName)], {
    directory,
    environment: place.environment,
    timeout: 120_000,
  });
  return output.endsWith(`ran ${examples.length}`) ? "" : output;
}
