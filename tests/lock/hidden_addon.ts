/** Node without its packages for flock, and without the program: what users have who did not build or install them. */

/** Makes `require("fs-ext")` and `require("koffi")` fail in Node. */
const withoutAddon = `--import=data:text/javascript,${
  encodeURIComponent(
    'import Module from "node:module"; const load = Module._load; Module._load = function (name, ...rest) {' +
      'if (name === "fs-ext" || name === "koffi") throw new Error("hidden"); return load.call(this, name, ...rest); };',
  )
}`;

/** What a Node process gets that shall do without fs-ext, and one that shall find no program flock either. */
export const hiddenAddon: Record<string, string> = { NODE_OPTIONS: withoutAddon };
export const nothingToLockWith: Record<string, string> = { NODE_OPTIONS: withoutAddon, PATH: "/nowhere" };
