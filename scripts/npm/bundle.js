/**
 * Runs on Node, where rollup and terser are at home: `node bundle.js TOOLS FROM TO '{"mod":"mod.js"}'`. TOOLS is the
 * folder they are installed in, FROM holds the compiled modules with their declarations, TO gets the package's.
 *
 * The package has to stay small (section.ts has the limit), so both say only what is needed where they are read.
 *
 * JavaScript: one file for each part of the house and for each entry, without comments. What a user can import keeps
 * its name, and every statement has a line of its own, so that a stack trace still says where it happened.
 * Declarations: what an entry exports or names. Of a comment, which editors show, the first sentence stays; all of it,
 * with parameters, errors and examples, is in the documentation on JSR.
 */
import { createRequire } from "node:module";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { floorOf, lateModules, wholeEntry } from "./chunks.js";

const [tools, from, to, entries] = process.argv.slice(2);
const require = createRequire(`${tools}/package.json`);
const load = async (name) => await import(pathToFileURL(require.resolve(name)).href);
const { rollup } = await load("rollup");
const { dts } = await load("rollup-plugin-dts");
const { minify } = await load("terser");

/** A circle between the files, or a module that is not there, is a mistake of ours, and ends the build. */
function onwarn(warning) {
  throw new Error(`${warning.code}: ${warning.message}`);
}

/** The names that users know. */
async function exportedNames() {
  const { cli: _, ...libraries } = inputs(".js");
  const modules = await Promise.all(Object.values(libraries).map((path) => import(pathToFileURL(path).href)));
  return modules.flatMap((module) => Object.keys(module));
}

const names = new RegExp(`^(?:${(await exportedNames()).join("|")})$`);
const keep = { keep_fnames: names, keep_classnames: names };

const readable = {
  name: "readable",
  async renderChunk(code) {
    const { code: smaller } = await minify(code, {
      ecma: 2022,
      module: true,
      compress: { ...keep, passes: 4, sequences: false, unsafe_arrows: true, unsafe_methods: true, loops: false },
      mangle: keep,
      format: { ecma: 2022, comments: false, semicolons: false },
    });
    return { code: smaller + "\n", map: null };
  },
};

function inputs(extension) {
  return Object.fromEntries(
    Object.entries(JSON.parse(entries)).map(([name, path]) => [name, `${from}/${path.replace(/\.js$/, extension)}`]),
  );
}

const code = await rollup({
  input: inputs(".js"),
  external: /^(?:node|bun):/,
  treeshake: { moduleSideEffects: (id) => /\/cli\.js$/.test(id) },
  plugins: [lateModules, wholeEntry, readable],
  onwarn,
});
await code.write({
  dir: to,
  format: "es",
  entryFileNames: "[name].js",
  chunkFileNames: "src/shared/[name].js",
  manualChunks: floorOf,
  minifyInternalExports: true,
  hoistTransitiveImports: false,
});
await code.close();

function shortened(comment) {
  const text = comment.slice(3, -2).replaceAll(/^\s*\* ?/gm, "").split(/^@/m)[0] ?? "";
  const [first = "", second = ""] = text.trim().split(/\n\s*\n/);
  const sentence = /^[\s\S]*?\.(?=\s|$)/.exec(first)?.[0] ?? first;
  const kept = first.endsWith(":") && second.startsWith("- ") ? `${first}\n\n${second}` : sentence;
  return `/** ${kept.trimEnd()} */`;
}

/** Who implements a runtime, or builds a simulated machine, reads the contract in the source or on JSR. */
const isSeam = ({ name }) => name.startsWith("runtime") || name.includes("testing");

/** Of a synchronous twin its name says as much as the first sentence of its comment. */
const twin = /\/\*\*\s*\*?\s*\{@linkcode \w+\} before it returns\.(?:(?!\*\/)[\s\S])*\*\/\n/g;

const brief = {
  name: "brief",
  renderChunk: (code, chunk) =>
    code.replaceAll(twin, "").replaceAll(
      /( *)\/\*\*[\s\S]*?\*\//g,
      (comment, indent) => isSeam(chunk) && indent !== "" ? "" : indent + shortened(comment.trimStart()),
    ),
};

/** The library of ES2023 and before has no Disposable: who compiles with it, and without Node's types, gets it from here. */
const disposable = {
  name: "disposable",
  renderChunk: (code) =>
    /\b(?:Async)?Disposable\b/.test(code) ? `/// <reference lib="esnext.disposable" />\n${code}` : null,
};

const { cli: _, ...libraries } = inputs(".d.ts");
const plugins = [dts(), brief, disposable];
const types = await rollup({ input: libraries, external: /^(?:node|bun):/, plugins, onwarn });
await types.write({
  dir: to,
  format: "es",
  entryFileNames: "[name].d.ts",
  chunkFileNames: ({ name }) => `src/shared/${name.replace(/\.d$/, "")}.d.ts`,
});
await types.close();
