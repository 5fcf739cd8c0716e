/**
 * What a bundle of one function weighs, made from the package by esbuild for Node: it may only become less. That it holds
 * the adapters of no other runtime, and works, is looked at as well.
 */
import { mustExecute } from "../process.ts";
import type { FileResult } from "../suite/run_files.ts";
import { step } from "../suite/step.ts";
import { ROOT } from "../toolchain/folders.ts";
import { installTool } from "../toolchain/npm.ts";
import { VERSIONS } from "../toolchain/versions.ts";

/** Kilobytes, minified and gzipped. docs/design.md has the same figures, and says what they are made of. */
const MOST: Readonly<Record<string, readonly [minified: number, gzipped: number]>> = {
  readJsonFile: [70.5, 25.7],
  writeFile: [168.6, 57.9],
  withLock: [113.9, 39.7],
  updateJsonFile: [178.3, 61.3],
};

interface Weighed {
  readonly name: string;
  readonly minified: number;
  readonly gzipped: number;
  readonly files: readonly string[];
}

function problemsOf({ name, minified, gzipped, files }: Weighed): string[] {
  const [mostMinified, mostGzipped] = MOST[name] ?? [0, 0];
  const problems = files.filter((file) => /runtime_deno|adapter(?:_deno|_bun)?\.js/.test(file))
    .map((file) => `${name}: a bundle for Node has ${file}`);
  const [kilobytes, compressed] = [minified / 1000, gzipped / 1000];
  if (kilobytes > mostMinified || compressed > mostGzipped) {
    const weight = `${kilobytes.toFixed(1)} kB, ${compressed.toFixed(1)} gzipped`;
    problems.push(`${name} weighs ${weight}, more than ${mostMinified} and ${mostGzipped}`);
  }
  return problems;
}

/** `source` is the built package; `folder` gets the bundles. */
export function weighBundles(folder: string, source: string): Promise<FileResult> {
  return step("a bundle of one function holds one adapter, and weighs no more than docs/design.md says", async () => {
    const place = `${folder}/bundles`;
    Deno.mkdirSync(`${place}/node_modules/@durable`, { recursive: true });
    Deno.symlinkSync(source, `${place}/node_modules/@durable/atomic-write`, { type: "dir" });
    const esbuild = await installTool("esbuild", { esbuild: VERSIONS.esbuild });
    const args = [`${ROOT}/scripts/npm/bundle_sizes.js`, esbuild, place, JSON.stringify(Object.keys(MOST))];
    const weighed = JSON.parse(await mustExecute("node", args, { timeout: 120_000 })) as Weighed[];
    const writes = `import { writeFile } from "./writeFile.mjs"; await writeFile("written", "by a bundle");`;
    await mustExecute("node", ["--input-type=module", "--eval", writes], { directory: place });
    const written = Deno.readTextFileSync(`${place}/written`);
    return [...weighed.flatMap(problemsOf), ...written === "by a bundle" ? [] : [`it wrote ${written}`]].join("\n");
  });
}
