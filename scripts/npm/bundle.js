/**
 * Runs on Node, where rollup is at home: `node bundle.js TOOLS FROM TO '["mod", "cli"]'`. TOOLS is the folder it is
 * installed in, FROM holds the compiled modules with their declarations, TO gets the package's, of the entries named.
 *
 * JavaScript: one file for each part of the house, since 300 modules would take Node half of a start more each time. It
 * is as the compiler wrote it: names, lines and comments stay, so that a stack trace leads to code that can be read.
 * compat is in a CommonJS file of its own as well.
 * Declarations: what an entry exports or names, with the whole doc comments, which editors show.
 */
import { createRequire } from "node:module";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { droppable } from "./droppable.js";
import { ADAPTER_FILES, callable, conditionalAdapter, lateModules, partOf, requiredFs, wholeEntry } from "./parts.js";

const [tools, from, to, names] = process.argv.slice(2);
const require = createRequire(`${tools}/package.json`);
const load = async (name) => await import(pathToFileURL(require.resolve(name)).href);
const { rollup } = await load("rollup");
const { dts } = await load("rollup-plugin-dts");

/** A circle between the files, or a module that is not there, is a mistake of ours, and ends the build. */
function onwarn(warning) {
  throw new Error(`${warning.code}: ${warning.message}`);
}

const entries = JSON.parse(names);
const inputs = (of, extension) => Object.fromEntries(of.map((name) => [name, `${from}/${name}${extension}`]));
const external = /^(?:node|bun):/;

// The command alone is no package, in which `#adapter` would mean something.
const isPackage = entries.some((name) => name !== "cli");
const code = await rollup({
  input: inputs([...entries, ...isPackage ? ADAPTER_FILES : []], ".js"),
  external,
  treeshake: { moduleSideEffects: (id) => /\/cli\.js$/.test(id) },
  plugins: [lateModules, wholeEntry, ...isPackage ? [conditionalAdapter, droppable] : []],
  onwarn,
});
await code.write({
  dir: to,
  format: "es",
  entryFileNames: "[name].js",
  chunkFileNames: "src/[name].js",
  manualChunks: partOf,
  minifyInternalExports: false,
  hoistTransitiveImports: false,
});
await code.close();

// One file that is the function, for what cannot require ES modules: jest, and Node before 20.19.
const compat = "src/compat/mod";
if (entries.includes(compat)) {
  const script = await rollup({
    input: `${from}/${compat}.js?callable`,
    external: ["fs"],
    treeshake: { moduleSideEffects: false },
    plugins: [callable, requiredFs],
    onwarn,
  });
  await script.write({
    file: `${to}/../cjs/compat.cjs`,
    format: "cjs",
    exports: "default",
    interop: "default",
    // By this text, Node knows what ES modules can import by name.
    footer: "module.exports.sync = module.exports.sync;\nmodule.exports.writeFileAtomic = module.exports;",
  });
  await script.close();
}

/** The library of ES2023 and before has no Disposable: who compiles with it, and without Node's types, gets it from here. */
const disposable = {
  name: "disposable",
  renderChunk: (text) =>
    /\b(?:Async)?Disposable\b/.test(text) ? `/// <reference lib="esnext.disposable" />\n${text}` : null,
};

const libraries = entries.filter((name) => name !== "cli");
if (libraries.length > 0) {
  const types = await rollup({ input: inputs(libraries, ".d.ts"), external, plugins: [dts(), disposable], onwarn });
  await types.write({
    dir: to,
    format: "es",
    entryFileNames: "[name].d.ts",
    chunkFileNames: ({ name }) => `src/shared/${name.replace(/\.d$/, "")}.d.ts`,
  });
  await types.close();
}
