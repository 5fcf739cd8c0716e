/**
 * The command alone, in the files that the package has but readable: what Node and Bun start in the tests, where each
 * module for itself would cost every start of Node 100 ms. `node bundle_command.js TOOLS FROM TO`, see bundle.js.
 */
import { createRequire } from "node:module";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { floorOf, lateModules, wholeEntry } from "./chunks.js";

const [tools, from, to] = process.argv.slice(2);
const path = createRequire(`${tools}/package.json`).resolve("rollup");
const { rollup } = await import(pathToFileURL(path).href);

const code = await rollup({
  input: `${from}/cli.js`,
  external: /^(?:node|bun):/,
  plugins: [lateModules, wholeEntry],
  onwarn({ code, message }) {
    throw new Error(`${code}: ${message}`);
  },
});
await code.write({
  dir: to,
  format: "es",
  manualChunks: floorOf,
  chunkFileNames: "[name].js",
  hoistTransitiveImports: false,
});
await code.close();
