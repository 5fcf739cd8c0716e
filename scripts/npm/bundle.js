/**
 * Runs on Node, where rollup and terser are at home: `node bundle.js TOOLS FROM TO '{"mod":"mod.js"}'`. TOOLS is the
 * folder they are installed in, FROM holds the compiled modules with their declarations, TO gets the package's.
 *
 * JavaScript: one file for each floor of the house and for each entry, without comments, with the names of functions
 * and classes kept and every statement on a line of its own, so that a stack trace still says where something happened.
 * Declarations: only what an entry exports or names, with their comments, which editors show.
 */
import { createRequire } from "node:module";
import process from "node:process";
import { pathToFileURL } from "node:url";

const [tools, from, to, entries] = process.argv.slice(2);
const require = createRequire(`${tools}/package.json`);
const load = async (name) => await import(pathToFileURL(require.resolve(name)).href);
const { rollup } = await load("rollup");
const { dts } = await load("rollup-plugin-dts");
const { minify } = await load("terser");

/** The floors below the features; what the command loads only when it needs it stays in files of its own. */
const FLOORS = /\/src\/(core|runtime|protocol|lock)\//;
const LATE = /\/(?:deno|node)_(?:command_host|child_program)\.js$/;

/** All that `atomic-write --version` needs, in a file of its own. */
const START = /\/(?:core\/version|runtime\/program_arguments)\.js$/;

function floorOf(path) {
  if (START.test(path)) return "start";
  if (LATE.test(path)) return undefined;
  const floor = FLOORS.exec(path)?.[1];
  if (floor !== undefined) return floor;
  return /\/src\/[^/]+\.js$/.test(path) ? "features" : undefined;
}

/** A circle between the files, or a module that is not there, is a mistake of ours, and ends the build. */
function onwarn(warning) {
  throw new Error(`${warning.code}: ${warning.message}`);
}

const readable = {
  name: "readable",
  async renderChunk(code) {
    const keep = { keep_fnames: true, keep_classnames: true };
    const { code: smaller } = await minify(code, {
      ecma: 2022,
      module: true,
      compress: { ...keep, passes: 3, sequences: false, inline: false, reduce_funcs: false },
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

/**
 * The command's own parts are named by text, and not before they are needed; see src/cli/registry.ts. Here these names
 * become literals, and what the compiler has added to find the files at run time goes.
 */
const lateModules = {
  name: "late-modules",
  transform(code, id) {
    if (!/\/(?:src\/cli\/registry|cli)\.js$/.test(id)) return null;
    const late = code
      .replace(/^var __rewriteRelativeImportExtension = [^]*?^};\n/m, "")
      .replaceAll(/\bmodule\("(\.\/[^"]+)\.ts"\)/g, 'import("$1.js")')
      .replace(/\bimport\((?:__rewriteRelativeImportExtension\()?command\)?\)/, 'import("./src/cli/main.js")');
    if (late === code) throw new Error(`${id} names no modules`);
    return { code: late, map: null };
  },
};

const code = await rollup({
  input: inputs(".js"),
  external: /^(?:node|bun):/,
  treeshake: { moduleSideEffects: (id) => /\/cli\.js$/.test(id) },
  plugins: [lateModules, readable],
  onwarn,
});
await code.write({
  dir: to,
  format: "es",
  entryFileNames: "[name].js",
  chunkFileNames: "src/shared/[name].js",
  manualChunks: floorOf,
  minifyInternalExports: false,
  hoistTransitiveImports: false,
});
await code.close();

const { cli: _, ...libraries } = inputs(".d.ts");
const types = await rollup({ input: libraries, external: /^(?:node|bun):/, plugins: [dts()], onwarn });
await types.write({
  dir: to,
  format: "es",
  entryFileNames: "[name].d.ts",
  chunkFileNames: ({ name }) => `src/shared/${name.replace(/\.d$/, "")}.d.ts`,
});
await types.close();
