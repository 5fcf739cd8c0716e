/**
 * The packed npm package on every Node that is supported, and on Bun, installed by npm and by Bun's client; and installed
 * by old and new package managers, with and without its optional peers: `deno task npm:matrix`. `--node=20,24` chooses
 * among the Nodes, `--managers` or `--managers=pnpm` leaves them out, and installs by those managers alone. Fetches each Node from npm's `node` packages.
 */
import { packPackage } from "./npm/section.ts";
import { expectedExports, placeFor, useOnNode, useWithBun } from "./npm/use_package.ts";
import { installWithManagers } from "./npm/package_managers.ts";
import { printFile, printSection } from "./suite/report.ts";
import { step } from "./suite/step.ts";
import type { FileResult } from "./suite/run_files.ts";
import { prepareBun } from "./toolchain/bun.ts";
import { prepareNode } from "./toolchain/node.ts";
import { chooseStandardLibrary, readWanted } from "./toolchain/standard_library.ts";

/** The oldest that is supported, each line that is maintained, and the newest. */
const NODES = ["20.16.0", "20", "22", "24", "latest"];

async function onNode(folder: string, tarball: string, wanted: string, bun: string): Promise<FileResult[]> {
  const results: FileResult[] = [];
  const node = await prepareNode(wanted);
  const own = `${folder}/node_${wanted.replaceAll(/\W/g, "_")}`;
  Deno.mkdirSync(own);
  const place = placeFor(own, node);
  const exports = await expectedExports();
  results.push(...await useOnNode(place, tarball, node, exports, false));
  results.push(...await useWithBun(place, tarball, bun, exports, node));
  return results.map((result) => ({ ...result, path: `Node ${node.version}: ${result.path}` }));
}

const managers = Deno.args.find((argument) => argument.startsWith("--managers"));
const chosen = managers !== undefined
  ? []
  : Deno.args.find((argument) => argument.startsWith("--node="))?.slice("--node=".length).split(",");
const folder = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "atomic-write-npm-" }));
let failed = 0;
try {
  const bun = await prepareBun();
  const { results, tarball } = await packPackage(folder, await chooseStandardLibrary(readWanted()));
  const all = [...results];
  for (const wanted of tarball === "" ? [] : chosen ?? NODES) {
    let some: FileResult[];
    try {
      some = await onNode(folder, tarball, wanted, bun.command);
    } catch (error) {
      some = [await step(`Node ${wanted} can be had`, () => Promise.reject(error))];
    }
    some.forEach((result) => printFile("npm package", result, true));
    printSection(`npm package on Node ${wanted}`, some);
    all.push(...some);
  }
  if (tarball !== "") {
    const node = await prepareNode("24");
    const programs = { node: node.command, bun: bun.command };
    const wanted = managers?.slice("--managers=".length);
    const some = await installWithManagers(placeFor(folder, node), tarball, programs, wanted);
    some.forEach((result) => printFile("npm package", result, true));
    printSection("package managers", some);
    all.push(...some);
  }
  failed = all.filter(({ tests }) => tests.some(({ state }) => state === "failed")).length;
  console.log(`${all.length - failed} passed, ${failed} failed`);
} finally {
  Deno.removeSync(folder, { recursive: true });
}
Deno.exit(failed === 0 ? 0 : 1);
