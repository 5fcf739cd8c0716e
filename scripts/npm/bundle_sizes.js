/**
 * Runs on Node, where esbuild is at home: `node bundle_sizes.js ESBUILD FOLDER NAMES`. ESBUILD is the folder it is
 * installed in, FOLDER one whose node_modules has the package, NAMES the functions, as JSON. Bundles each of them alone
 * into FOLDER, and prints, as JSON, what the bundles weigh and which files of the package are in them.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import process from "node:process";
import { gzipSync } from "node:zlib";

const [esbuild, folder, names] = process.argv.slice(2);
const { build } = createRequire(`${esbuild}/package.json`)("esbuild");

async function weigh(name) {
  const outfile = `${folder}/${name}.mjs`;
  const { metafile } = await build({
    stdin: { contents: `export { ${name} } from "@durable/atomic-write";`, resolveDir: folder },
    bundle: true,
    minify: true,
    platform: "node",
    format: "esm",
    outfile,
    metafile: true,
  });
  const contents = readFileSync(outfile);
  const files = Object.keys(metafile.inputs).map((path) => path.replace(/^.*\/esm\//, ""));
  return { name, minified: contents.length, gzipped: gzipSync(contents, { level: 9 }).length, files };
}

console.log(JSON.stringify(await Promise.all(JSON.parse(names).map(weigh))));
