/**
 * The test command's npm section: builds the package, packs it, looks at it as publint and Are The Types Wrong do, and
 * uses it on the Node and the Bun of this run. `deno task npm:matrix` uses it on every supported Node.
 */
import { npmManifest, readProject } from "../npm_manifest.ts";
import { lintWorkflows } from "../lint_workflows.ts";
import { mustExecute } from "../process.ts";
import type { FileResult } from "../suite/run_files.ts";
import { step } from "../suite/step.ts";
import { ROOT } from "../toolchain/folders.ts";
import type { NodeProgram } from "../toolchain/node.ts";
import { npm } from "../toolchain/npm.ts";
import type { StandardLibrary } from "../toolchain/standard_library.ts";
import { overrideWith } from "./drop_in.ts";
import { weighBundles } from "./bundle_sizes.ts";
import { lintPackage } from "./linters.ts";
import { compareBuilds } from "./same_package.ts";
import { expectedExports, installOtherwise, placeFor, useOnNode, useWithBun } from "./use_package.ts";

const ALLOWED = /^(package\.json|README\.md|LICENSE|esm\/.+\.(js|d\.ts)|cjs\/compat\.(cjs|d\.cts))$/;
const ALLOWED_OVERRIDE = /^(package\.json|README\.md|LICENSE|lib\/index\.js)$/;
const FORBIDDEN = /_test\.|(^|\/)(tests|scripts|node_modules)\//;

export interface NpmPrograms {
  node: NodeProgram;
  bun: { command: string };
  library: StandardLibrary;
}

/** The package, built and packed, and the one for `overrides`. `tarball` is "" when that failed. */
export interface PackedPackage {
  results: FileResult[];
  source: string;
  tarball: string;
  override: string;
}

async function pack(folder: string, source: string): Promise<{ tarball: string; problem: string }> {
  const answer = await npm(["pack", source, "--json", "--pack-destination", folder], { directory: folder });
  const packed = JSON.parse(answer.slice(answer.search(/[[{]/)));
  // An array, or an object by name in some versions of npm.
  const [{ filename, files }] = Object.values(packed) as [{ filename: string; files: { path: string }[] }];
  const allowed = source.endsWith("/override") ? ALLOWED_OVERRIDE : ALLOWED;
  const unwanted = files.map(({ path }) => path).filter((path) => !allowed.test(path) || FORBIDDEN.test(path));
  const problem = unwanted.map((path) => `${path} is not meant to be published`).join("\n");
  return { tarball: `${folder}/${filename}`, problem };
}

/** Builds and packs into the folder. */
export async function packPackage(folder: string, library: StandardLibrary): Promise<PackedPackage> {
  const source = `${folder}/package`;
  const build = await step(library === "jsr" ? "dnt builds" : "tsc builds", async () => {
    // In a process of its own: dnt changes the working directory, and talks.
    const args = ["run", "--allow-all", "--no-prompt", `${ROOT}/scripts/build_npm.ts`, source];
    await mustExecute(Deno.execPath(), args, { environment: { STD: library }, timeout: 300_000 });
  });
  if (build.output !== "") return { results: [build], source, tarball: "", override: "" };
  let [tarball, override] = ["", ""];
  const packing = await step("npm pack: only what is meant to be published", async () => {
    const stand = await pack(folder, `${source}/override`);
    const packed = await pack(folder, source);
    [tarball, override] = [packed.tarball, stand.tarball];
    return [packed.problem, stand.problem].join("");
  });
  return { results: [build, packing], source, tarball, override };
}

function checkManifest(tarball: string): Promise<FileResult> {
  return step("the manifest is the one of scripts/npm_manifest.ts", async () => {
    const text = await mustExecute("tar", ["-xzOf", tarball, "package/package.json"]);
    const same = JSON.stringify(JSON.parse(text)) === JSON.stringify(npmManifest(readProject()));
    return same ? "" : text;
  });
}

/** Runs the section. When the package cannot be built or packed, nothing can be used, and the rest is left out. */
export async function testNpmPackage({ node, bun, library }: NpmPrograms): Promise<FileResult[]> {
  const folder = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "atomic-write-npm-" }));
  try {
    const { results, source, tarball, override } = await packPackage(folder, library);
    if (tarball === "") return results;
    const place = placeFor(folder, node);
    const exports = await expectedExports();
    const used = await Promise.all([
      checkManifest(tarball),
      lintPackage(source, tarball),
      weighBundles(folder, source),
      ...library === "jsr" ? [step("dnt and tsc build the same package", () => compareBuilds(folder, source))] : [],
      step("actionlint: the workflows of GitHub", lintWorkflows),
      useOnNode(place, tarball, node, exports, true),
      overrideWith(place, override, node),
      installOtherwise(place, tarball, node, exports),
      useWithBun(place, tarball, bun.command, exports),
    ]);
    return [...results, ...used.flat()];
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}
