/**
 * Type-checks a consumer of the installed package, and README's examples that run on Node: with TypeScript 5 and 7, as Node resolves modules and as bundlers do,
 * with Node's types and without, and without skipping the check of declarations.
 */
import { libraryEntries, readProject } from "../npm_manifest.ts";
import { mustExecute } from "../process.ts";
import type { FileResult } from "../suite/run_files.ts";
import { step } from "../suite/step.ts";
import { installTypes, installTypeScript } from "../toolchain/npm.ts";
import { VERSIONS } from "../toolchain/versions.ts";
import { typedConsumer } from "./consumers.ts";
import { readmeExample } from "./readme.ts";

const COMPILERS: Record<string, string> = {
  "TypeScript 5": VERSIONS.typescript,
  "TypeScript 7": VERSIONS.newestTypescript,
};

const MODES: Record<string, { module: string; moduleResolution: string; lib: string[]; node: boolean }> = {
  nodenext: { module: "nodenext", moduleResolution: "nodenext", lib: ["ES2023"], node: true },
  // The library that a program gets which only says `target`.
  bundler: { module: "preserve", moduleResolution: "bundler", lib: ["ES2022", "DOM", "DOM.Iterable"], node: false },
};

export async function checkTypes(folder: string): Promise<FileResult[]> {
  const project = readProject();
  const entries = libraryEntries(project).map(({ name }) =>
    name === "." ? project.name : `${project.name}${name.slice(1)}`
  );
  Deno.writeTextFileSync(`${folder}/consumer.ts`, typedConsumer(entries));
  const examples = { "usage.mts": readmeExample("Usage"), "node.mts": readmeExample("Node") };
  for (const [name, text] of Object.entries(examples)) Deno.writeTextFileSync(`${folder}/${name}`, text);
  const results: FileResult[] = [];
  for (const [compiler, version] of Object.entries(COMPILERS)) {
    for (const [mode, { node, ...settings }] of Object.entries(MODES)) {
      results.push(
        await step(`types: ${compiler}, ${mode}`, async () => {
          const compilerOptions = {
            ...settings,
            target: "ES2022",
            strict: true,
            exactOptionalPropertyTypes: true,
            skipLibCheck: false,
            noEmit: true,
            types: node ? ["node"] : [],
            typeRoots: [await installTypes()],
          };
          const config = `tsconfig.${mode}.json`;
          // The example for Node imports Node's modules.
          const files = ["consumer.ts", "usage.mts", ...node ? ["node.mts"] : []];
          Deno.writeTextFileSync(`${folder}/${config}`, JSON.stringify({ compilerOptions, files }));
          const compilerFolder = await installTypeScript(version);
          await mustExecute("node", [`${compilerFolder}/bin/tsc`, "-p", config], { directory: folder });
        }),
      );
    }
  }
  return results;
}
