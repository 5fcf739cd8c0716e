/**
 * Finds Node, 20 or later: the one in the PATH, the program named by `--node=/path/to/node`, or the version named by
 * `--node=22`, which is fetched from npm's `node` packages.
 */
import { exists } from "./folders.ts";
import { installTool } from "./npm.ts";
import { mustExecute } from "../process.ts";

export interface NodeProgram {
  command: string;
  /** Without the leading "v". */
  version: string;
  /** The number that names the binary interface native addons are built for. */
  modules: string;
}

const OLDEST = 20;
const SYSTEMS: Record<string, string> = { linux: "linux", darwin: "darwin", windows: "win" };
const ARCHITECTURES: Record<string, string> = { x86_64: "x64", aarch64: "arm64" };

/** The npm package that carries Node's program and headers for this platform. */
export const NODE_PACKAGE = `node-${SYSTEMS[Deno.build.os]}-${ARCHITECTURES[Deno.build.arch]}`;

async function fetchNode(version: string): Promise<string> {
  const folder = await installTool(`node-${version}`, { [NODE_PACKAGE]: version });
  const program = Deno.build.os === "windows" ? "node.exe" : "node";
  return `${folder}/node_modules/${NODE_PACKAGE}/bin/${program}`;
}

/** Resolves with the Node to use; throws when there is none or it is too old. */
export async function prepareNode(wanted: string | undefined): Promise<NodeProgram> {
  const isVersion = wanted !== undefined && /^(\d+(\.\d+){0,2}|latest)$/.test(wanted);
  if (wanted !== undefined && !isVersion && !exists(wanted)) throw new Error(`There is no Node at ${wanted}`);
  const command = isVersion ? await fetchNode(wanted) : wanted ?? "node";
  const script = "process.stdout.write(JSON.stringify([process.execPath, process.versions]))";
  const output = await mustExecute(command, ["-e", script], { timeout: 30_000 });
  const [path, versions] = JSON.parse(output) as [string, { node: string; modules: string }];
  if (parseInt(versions.node) < OLDEST) {
    throw new Error(`Node ${OLDEST} or later is needed; ${path} is ${versions.node}`);
  }
  return { command: path, version: versions.node, modules: versions.modules };
}
