/**
 * Uses the packed npm package as people do: it is installed in empty projects, by npm and by Bun's client, and imported,
 * required, type-checked and run there.
 */
import { commands } from "../../src/cli/registry.ts";
import { execute, mustExecute } from "../process.ts";
import type { FileResult } from "../suite/run_files.ts";
import { step } from "../suite/step.ts";
import { exists, ROOT } from "../toolchain/folders.ts";
import { readProject } from "../npm_manifest.ts";
import type { NodeProgram } from "../toolchain/node.ts";
import { npm } from "../toolchain/npm.ts";
import { VERSIONS } from "../toolchain/versions.ts";
import { IMPORT, REQUIRE } from "./consumers.ts";
import { runDocExamples } from "./doc_examples.ts";
import { EXAMPLE_INPUT, EXAMPLE_OUTPUT, readmeExample } from "./readme.ts";
import { mockFs, requireCompat } from "./drop_in.ts";
import { inspectInstalled } from "./installed.ts";
import { checkTypes } from "./types.ts";

/** The folder for everything that is made, and the environment in which the tested Node is the one in PATH. */
export interface Place {
  folder: string;
  environment: Record<string, string>;
}

/** A place for a Node. */
export function placeFor(folder: string, node: NodeProgram): Place {
  const nodeFolder = node.command.replace(/[\\/][^\\/]+$/, "");
  // Bun leaves a folder with links to itself in the temporary directory when it runs a command.
  return { folder, environment: { TMPDIR: folder, PATH: `${nodeFolder}:${Deno.env.get("PATH") ?? ""}` } };
}

interface Installation {
  args: string[];
  manifest?: object;
  environment?: Record<string, string>;
}

const INSTALLS: Record<string, Installation> = {
  "npm install --omit=peer": { args: ["--omit=peer"] },
  "npm install --ignore-scripts": { args: ["--ignore-scripts"] },
  "npm install of fs-ext, too, with a compiler that fails": {
    args: ["--save-optional", `fs-ext@${VERSIONS.fsExt}`],
    // Newer versions of npm run only the install scripts that the project allows.
    manifest: { allowScripts: { "fs-ext": true } },
    environment: { CC: "false", CXX: "false", npm_config_nodedir: "/nonexistent" },
  },
};

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
export async function expectedExports(): Promise<Record<string, string[]>> {
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

/** README's first example and the one for the runtime, each twice. */
async function followReadme(place: Place, folder: string, program: string, runtime: "Node" | "Bun"): Promise<string> {
  const problems: string[] = [];
  for (const [path, text] of Object.entries(EXAMPLE_INPUT)) Deno.writeTextFileSync(`${folder}/${path}`, text);
  for (const name of ["Usage", runtime] as const) {
    const outputs = Object.entries(EXAMPLE_OUTPUT[name]);
    for (const [path] of outputs) if (exists(`${folder}/${path}`)) Deno.removeSync(`${folder}/${path}`);
    Deno.writeTextFileSync(`${folder}/readme.mjs`, readmeExample(name));
    for (let round = 0; round < 2; round++) {
      await mustExecute(program, ["readme.mjs"], {
        directory: folder,
        environment: place.environment,
        timeout: 60_000,
      });
    }
    for (const [path, wanted] of outputs) {
      const found = Deno.readTextFileSync(`${folder}/${path}`);
      if (!wanted.test(found)) problems.push(`README's ${name} example left ${JSON.stringify(found)} in ${path}`);
    }
  }
  return problems.join("\n");
}

/** The modules of every command are in the package, and they work: each is called, at least for its help. */
function allCommands(command: string): string {
  const helps = Object.keys(commands).map((name) => `${command} ${name} --help > /dev/null`);
  return [
    ...helps,
    `test "$(${command} --version)" = "atomic-write ${readProject().version}"`,
    `${command} update settings.json -- cat`,
    `${command} store get objects "$(echo kept | ${command} store put objects)" > /dev/null`,
    `echo one | ${command} log append -q events.log`,
    `${command} doctor --json . > doctor.json || true; test -s doctor.json`,
    `${command} completions zsh > /dev/null`,
  ].join("\n");
}

/** `runner` is the command as a person calls it, `command` as fast as it can be called. */
async function useCommand(place: Place, folder: string, runner: string, command = runner): Promise<string> {
  const script = `set -e
    ${runner} --help > help.txt
    printf '{"a":1}' | ${runner} settings.json
    ${allCommands(command)}`;
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

async function installWithNpm(place: Place, tarball: string, name: string, settings: Installation): Promise<string> {
  const folder = await newProject(place, name, settings.manifest);
  const environment = { ...place.environment, ...settings.environment };
  await npm(["install", tarball, ...settings.args], { directory: folder, environment });
  return folder;
}

/** What has to work on a Node after a plain `npm install`. */
export async function useOnNode(place: Place, tarball: string, node: NodeProgram, exports: unknown, types: boolean) {
  let folder = "";
  const results = [
    await step("npm install", async () => {
      folder = await installWithNpm(place, tarball, "npm install", { args: [] });
      return await consume(place, folder, [node.command, "import.mjs"], exports);
    }),
  ];
  if (folder === "") return results;
  if (requires(node)) {
    const require = [node.command, "--no-warnings", "require.cjs"];
    results.push(await step("require() on Node", () => consume(place, folder, require, exports)));
  }
  results.push(await requireCompat(folder, node), await mockFs(folder, node));
  results.push(
    await step(
      "the command on Node",
      () =>
        useCommand(place, folder, "npx --no-install atomic-write", `${node.command} node_modules/.bin/atomic-write`),
    ),
  );
  results.push(await step("README's example on Node", () => followReadme(place, folder, node.command, "Node")));
  results.push(await step("the doc comments' on Node", () => runDocExamples(place, folder, node.command)));
  if (types) results.push(...await checkTypes(folder));
  results.push(...await inspectInstalled(folder, node));
  return results;
}

/** Every other way to install with npm; where the addon is missing, the package does without. */
export function installOtherwise(place: Place, tarball: string, node: NodeProgram, exports: unknown) {
  return Promise.all(
    Object.entries(INSTALLS).map(([name, settings]) =>
      step(name, async () => {
        const folder = await installWithNpm(place, tarball, name, settings);
        return await consume(place, folder, [node.command, "import.mjs"], exports);
      })
    ),
  );
}

/** Bun as client and as runtime. With `node`, what Bun's client installed is used from that as well. */
export async function useWithBun(
  place: Place,
  tarball: string,
  bun: string,
  exports: unknown,
  node?: NodeProgram,
): Promise<FileResult[]> {
  const folder = await newProject(place, "bun add");
  const environment = { ...place.environment, BUN_INSTALL_CACHE_DIR: `${place.folder}/bun_cache` };
  const results = [
    await step("bun add", async () => {
      await mustExecute(bun, ["add", tarball], { directory: folder, environment, timeout: 120_000 });
      return await consume(place, folder, [bun, "import.mjs"], exports);
    }),
    await step("require() on Bun", () => consume(place, folder, [bun, "require.cjs"], exports)),
    await step("README's example on Bun", () => followReadme(place, folder, bun, "Bun")),
    await step("the doc comments' on Bun", () => runDocExamples(place, folder, bun)),
    await step("the command on Bun", () => useCommand(place, folder, `${bun} --bun node_modules/.bin/atomic-write`)),
  ];
  if (node !== undefined) {
    results.push(await step("bun add, then Node", () => consume(place, folder, [node.command, "import.mjs"], exports)));
  }
  return results;
}
