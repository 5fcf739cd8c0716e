/**
 * What somebody gets who installs the package with one of the package managers and without or with the optional peers:
 * `deno task npm:matrix`.
 *
 * Each row: 1. an empty project, and the command that its user would type, which has to succeed. 2. The program LOCKING
 * (consumers.ts) there: which native calls are made, and none by importing the package. 3. What the installed folder
 * weighs, which is printed. Nothing of a row is left: stores and caches of the managers are in the folder that is given.
 */
import { execute, mustExecute } from "../process.ts";
import type { FileResult } from "../suite/run_files.ts";
import { step } from "../suite/step.ts";
import { VERSIONS } from "../toolchain/versions.ts";
import { LOCKING } from "./consumers.ts";
import { type Counted, missedCalls } from "./installed.ts";
import type { Place } from "./use_package.ts";

type Peer = "fs-ext" | "koffi";

/** One way to install. */
interface Row {
  readonly manager: "npm" | "pnpm" | "bun";
  readonly version?: string;
  /** The peers that are installed in the same command. */
  readonly peers: readonly Peer[];
  /** Those whose install scripts the user allows; the managers run none otherwise, but for old ones of npm. */
  readonly allowed?: readonly Peer[];
  readonly args?: readonly string[];
  readonly environment?: Record<string, string>;
  /** By what is locked; undefined: by the program flock(1). */
  readonly lock?: "fs-ext" | "flock";
}

/** Neither a compiler nor Node's headers, as where builds have no network. */
const UNABLE = { CC: "false", CXX: "false", npm_config_nodedir: "/nonexistent" };

const { oldNpm, newNpm, oldPnpm, newPnpm } = VERSIONS;

const rows: readonly Row[] = [
  ...[oldNpm, newNpm].flatMap((version): Row[] => [
    { manager: "npm", version, peers: [] },
    { manager: "npm", version, peers: ["koffi"], lock: "flock" },
    { manager: "npm", version, peers: ["koffi"], args: ["--ignore-scripts"], lock: "flock" },
    { manager: "npm", version, peers: ["fs-ext"], allowed: ["fs-ext"], lock: "fs-ext" },
  ]),
  { manager: "npm", version: newNpm, peers: ["fs-ext", "koffi"], allowed: ["fs-ext"], lock: "fs-ext" },
  { manager: "npm", version: newNpm, peers: ["fs-ext"] },
  {
    manager: "npm",
    version: oldNpm,
    peers: ["fs-ext"],
    args: ["--save-optional"],
    environment: UNABLE,
  },
  ...[oldPnpm, newPnpm].flatMap((version): Row[] => [
    { manager: "pnpm", version, peers: [] },
    { manager: "pnpm", version, peers: ["koffi"], allowed: ["koffi"], lock: "flock" },
    { manager: "pnpm", version, peers: ["fs-ext"], allowed: ["fs-ext"], lock: "fs-ext" },
    { manager: "pnpm", version, peers: ["fs-ext", "koffi"], allowed: ["fs-ext", "koffi"], lock: "fs-ext" },
    { manager: "pnpm", version, peers: ["koffi"], args: ["--ignore-scripts"], lock: "flock" },
  ]),
  { manager: "bun", peers: [] },
  { manager: "bun", peers: ["koffi"], lock: "flock" },
  { manager: "bun", peers: ["fs-ext"], allowed: ["fs-ext"], lock: "fs-ext" },
];

/** The programs that a row needs. */
export interface Programs {
  readonly node: string;
  readonly bun: string;
}

function titleOf({ manager, version, peers, allowed = [], args = [], environment }: Row): string {
  const packages = peers.length === 0 ? "the package alone" : `with ${peers.join(" and ")}`;
  const allows = allowed.length === 0 ? "" : `, scripts of ${allowed.join(" and ")} allowed`;
  const unable = environment === undefined ? "" : ", where nothing can be compiled";
  return `${manager}${version === undefined ? "" : ` ${version}`}: ${[packages, ...args].join(" ")}${allows}${unable}`;
}

/** The command of a row, and what its project says of install scripts. */
function commandOf({ manager, version, allowed = [], args = [] }: Row, { bun }: Programs): [string[], object] {
  switch (manager) {
    case "npm":
      // npm takes them from the project alone; older versions do not know the field, and run every script.
      return [["npx", "-y", `npm@${version}`, "install", ...args], {
        allowScripts: Object.fromEntries(allowed.map((name) => [name, true])),
      }];
    case "pnpm":
      return [
        ["npx", "-y", `pnpm@${version}`, "add", ...allowed.map((name) => `--allow-build=${name}`), ...args],
        {},
      ];
    case "bun":
      return [[bun, "add", ...args], { trustedDependencies: allowed }];
  }
}

async function weightOf(folder: string): Promise<string> {
  const output = await mustExecute("du", ["-skL", "--apparent-size", `${folder}/node_modules`]);
  return `${(Number(output.split("\t")[0]) / 1024).toFixed(1)} MB`;
}

/** Installs as a row says, and compares the calls that are made with those it names. */
async function install(row: Row, tarball: string, { programs, place, number }: Work): Promise<string> {
  const folder = `${place.folder}/row_${number}`;
  await Deno.mkdir(folder);
  const [[command = "", ...args], manifest] = commandOf(row, programs);
  Deno.writeTextFileSync(
    `${folder}/package.json`,
    JSON.stringify({ name: "consumer", private: true, type: "module", ...manifest }) + "\n",
  );
  const home = `${place.folder}/home`;
  const environment = {
    ...place.environment,
    XDG_DATA_HOME: home,
    XDG_CACHE_HOME: home,
    XDG_STATE_HOME: home,
    XDG_CONFIG_HOME: home,
    BUN_INSTALL_CACHE_DIR: `${home}/bun`,
    // npm's packages of Node carry its headers.
    npm_config_nodedir: programs.node.replace(/[\\/]bin[\\/][^\\/]+$/, ""),
    ...row.environment,
  };
  const packages = [
    tarball,
    ...row.peers.map((name) => `${name}@${name === "koffi" ? VERSIONS.koffi : VERSIONS.fsExt}`),
  ];
  const options = { directory: folder, environment, timeout: 300_000 };
  const { code, output } = await execute(command, [...args, ...packages], options);
  if (code !== 0) return `${[command, ...args, ...packages].join(" ")} ended with status ${code}:\n${output}`;
  Deno.writeTextFileSync(`${folder}/locking.mjs`, LOCKING);
  const counted = JSON.parse(await mustExecute(programs.node, ["locking.mjs"], { directory: folder })) as Counted;
  console.log(`${titleOf(row)}: ${await weightOf(folder)}`);
  const hasKoffi = Deno.build.os === "linux" && row.peers.includes("koffi");
  return missedCalls(counted, hasKoffi, row.lock);
}

interface Work {
  readonly programs: Programs;
  readonly place: Place;
  readonly number: number;
}

/** Every row whose title has `wanted` in it, one after the other: managers share their stores. */
export async function installWithManagers(
  place: Place,
  tarball: string,
  programs: Programs,
  wanted = "",
): Promise<FileResult[]> {
  const results: FileResult[] = [];
  for (const [number, row] of rows.entries()) {
    if (!titleOf(row).includes(wanted)) continue;
    results.push(await step(titleOf(row), () => install(row, tarball, { programs, place, number })));
  }
  return results;
}
