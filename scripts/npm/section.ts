/**
 * The test command's npm section: builds the package, packs it, installs the tarball in empty projects as users do, and
 * uses it there from Node and from Bun: import, require, types, the command.
 */
import { npmManifest, readProject } from "../npm_manifest.ts";
import { execute, mustExecute } from "../process.ts";
import type { FileResult } from "../suite/run_files.ts";
import { step } from "../suite/step.ts";
import { ROOT } from "../toolchain/folders.ts";
import type { NodeProgram } from "../toolchain/node.ts";
import { npm } from "../toolchain/npm.ts";
import type { StandardLibrary } from "../toolchain/standard_library.ts";
import { IMPORT, REQUIRE } from "./consumers.ts";
import { lintPackage } from "./linters.ts";
import { checkTypes } from "./types.ts";

/** Bytes of the tarball: a promise of the README. */
const LARGEST = 150_000;
const ALLOWED = /^(package\.json|README\.md|CHANGELOG\.md|LICENSE|esm\/.+\.(js|d\.ts))$/;
const FORBIDDEN = /_test\.|(^|\/)(tests|scripts|node_modules)\//;

export interface NpmPrograms {
  node: NodeProgram;
  bun: { command: string };
  library: StandardLibrary;
}

/** The folder for everything the section makes, and the environment in which the tested Node is the one in PATH. */
interface Place {
  folder: string;
  environment: Record<string, string>;
}

/** Every way to install that has to work; where the addon is missing, the package does without. */
const INSTALLS: Record<string, { args: string[]; manifest?: object; environment?: Record<string, string> }> = {
  "npm install": { args: [] },
  "npm install --omit=optional": { args: ["--omit=optional"] },
  "npm install --ignore-scripts": { args: ["--ignore-scripts"] },
  "npm install with a compiler that fails": {
    args: [],
    // Newer versions of npm run only the install scripts that the project allows.
    manifest: { allowScripts: { "fs-ext": true } },
    environment: { CC: "false", CXX: "false", npm_config_nodedir: "/nonexistent" },
  },
};

async function pack(place: Place, source: string): Promise<{ tarball: string; problem: string }> {
  const answer = await npm(["pack", source, "--json", "--pack-destination", place.folder], { directory: place.folder });
  const packed = JSON.parse(answer.slice(answer.search(/[[{]/)));
  // An array, or an object by name in some versions of npm.
  const [{ filename, size, files }] = Object.values(packed) as [
    { filename: string; size: number; files: { path: string }[] },
  ];
  const unwanted = files.map(({ path }) => path).filter((path) => !ALLOWED.test(path) || FORBIDDEN.test(path));
  const problems = unwanted.map((path) => `${path} is not meant to be published`);
  if (size > LARGEST) problems.push(`the tarball has ${size} bytes, more than ${LARGEST}`);
  return { tarball: `${place.folder}/${filename}`, problem: problems.join("\n") };
}

async function newProject(place: Place, name: string, manifest: object = {}): Promise<string> {
  const folder = `${place.folder}/${name.replaceAll(/[^a-z]+/g, "_")}`;
  await Deno.mkdir(folder);
  const whole = { name: "consumer", private: true, type: "module", ...manifest };
  Deno.writeTextFileSync(`${folder}/package.json`, JSON.stringify(whole) + "\n");
  Deno.writeTextFileSync(`${folder}/import.mjs`, IMPORT);
  Deno.writeTextFileSync(`${folder}/require.cjs`, REQUIRE);
  return folder;
}

/** The names that each entry of the package has to export. */
async function expectedExports(): Promise<Record<string, string[]>> {
  const { name, exports } = readProject();
  const expected: Record<string, string[]> = {};
  for (const [subpath, path] of Object.entries(exports)) {
    if (path === "./cli.ts") continue;
    const script = `console.log(JSON.stringify(Object.keys(await import("${new URL(path, `file://${ROOT}/`)}"))))`;
    const output = await mustExecute(Deno.execPath(), ["eval", "--quiet", script], { directory: ROOT });
    expected[subpath === "." ? name : `${name}/${subpath.slice(2)}`] = (JSON.parse(output) as string[]).filter((
      exported,
    ) => exported !== "module.exports");
  }
  return expected;
}

/** Runs a consumer; it compares what it can import with what it should, and writes a file. */
async function consume(place: Place, folder: string, command: string[], expected: unknown): Promise<string> {
  const [program = "", ...args] = command;
  const { code, output } = await execute(program, [...args, JSON.stringify(expected)], {
    directory: folder,
    environment: place.environment,
    timeout: 60_000,
  });
  return code === 0 && output.trim() === "ok" ? "" : `${command.join(" ")} ended with status ${code}:\n${output}`;
}

/** The command, from standard input to a file. */
async function useCommand(place: Place, folder: string, runner: string): Promise<string> {
  const script = `${runner} --help > help.txt && printf '{"a":1}' | ${runner} settings.json`;
  const { code, output } = await execute("sh", ["-c", script], { directory: folder, environment: place.environment });
  if (code !== 0) return `${script} ended with status ${code}:\n${output}`;
  if (Deno.readTextFileSync(`${folder}/help.txt`).trim() === "") return "--help says nothing";
  const written = Deno.readTextFileSync(`${folder}/settings.json`);
  return written === '{"a":1}' ? "" : `wrote ${JSON.stringify(written)}`;
}

function requires(node: NodeProgram): boolean {
  const [major = 0, minor = 0] = node.version.split(".").map(Number);
  return major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19);
}

async function useFromNpm(place: Place, tarball: string, node: NodeProgram, expected: unknown): Promise<FileResult[]> {
  const results: FileResult[] = [];
  for (const [name, { args, manifest, environment }] of Object.entries(INSTALLS)) {
    const folder = await newProject(place, name, manifest);
    results.push(
      await step(name, async () => {
        const settings = { ...place.environment, ...environment };
        await npm(["install", tarball, ...args], { directory: folder, environment: settings });
        return await consume(place, folder, [node.command, "import.mjs"], expected);
      }),
    );
    if (name !== "npm install") continue;
    if (requires(node)) {
      const require = [node.command, "--no-warnings", "require.cjs"];
      results.push(await step("require() on Node", () => consume(place, folder, require, expected)));
    }
    results.push(await step("the command on Node", () => useCommand(place, folder, "npx --no-install atomic-write")));
    results.push(...await checkTypes(folder));
  }
  return results;
}

async function useFromBun(place: Place, tarball: string, bun: string, expected: unknown): Promise<FileResult[]> {
  const folder = await newProject(place, "bun add");
  const environment = { ...place.environment, BUN_INSTALL_CACHE_DIR: `${place.folder}/bun_cache` };
  return [
    await step("bun add", async () => {
      await mustExecute(bun, ["add", tarball], { directory: folder, environment, timeout: 120_000 });
      return await consume(place, folder, [bun, "import.mjs"], expected);
    }),
    await step("require() on Bun", () => consume(place, folder, [bun, "require.cjs"], expected)),
    await step("the command on Bun", () => useCommand(place, folder, `${bun} --bun node_modules/.bin/atomic-write`)),
  ];
}

/** Runs the section. When the package cannot be built or packed, nothing can be used, and the rest is left out. */
export async function testNpmPackage({ node, bun, library }: NpmPrograms): Promise<FileResult[]> {
  const folder = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "atomic-write-npm-" }));
  const nodeFolder = node.command.replace(/[\\/][^\\/]+$/, "");
  const place: Place = { folder, environment: { PATH: `${nodeFolder}:${Deno.env.get("PATH") ?? ""}` } };
  try {
    const source = `${folder}/package`;
    const build = await step(library === "jsr" ? "dnt builds" : "tsc builds", async () => {
      // In a process of its own: dnt changes the working directory, and talks.
      const args = ["run", "--allow-all", "--no-prompt", `${ROOT}/scripts/build_npm.ts`, source];
      await mustExecute(Deno.execPath(), args, { environment: { STD: library }, timeout: 300_000 });
    });
    if (build.output !== "") return [build];
    let tarball = "";
    const packing = await step("npm pack: only what is meant to be published, and small", async () => {
      const packed = await pack(place, source);
      tarball = packed.tarball;
      return packed.problem;
    });
    if (tarball === "") return [build, packing];
    const manifest = await step("the manifest is the one of scripts/npm_manifest.ts", async () => {
      const text = await mustExecute("tar", ["-xzOf", tarball, "package/package.json"]);
      const same = JSON.stringify(JSON.parse(text)) === JSON.stringify(npmManifest(readProject()));
      return same ? "" : text;
    });
    const expected = await expectedExports();
    return [
      build,
      packing,
      manifest,
      ...await lintPackage(source, tarball),
      ...await useFromNpm(place, tarball, node, expected),
      ...await useFromBun(place, tarball, bun.command, expected),
    ];
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}
