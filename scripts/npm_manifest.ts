/**
 * The npm package's manifest, from deno.json. Both ways of building the package use it, so both make the same package.
 *
 * The code is ESM only, offered under the `default` condition: `require()` then works wherever the runtime can require
 * ESM (Node from 20.19, Bun). There is no `files` field, because it would disable the .npmignore.
 */
import { listFiles, ROOT } from "./toolchain/folders.ts";

/** What deno.json says of the package. */
export interface Project {
  name: string;
  version: string;
  license: string;
  exports: Record<string, string>;
}

export interface NpmManifest {
  name: string;
  version: string;
  description: string;
  keywords: string[];
  license: string;
  repository?: { type: "git"; url: string };
  type: "module";
  main: string;
  types: string;
  exports: Record<string, { types: string; default: string } | string>;
  bin: Record<string, string>;
  engines: { node: string };
  sideEffects: boolean;
  optionalDependencies: Record<string, string>;
}

export function readProject(): Project {
  return JSON.parse(Deno.readTextFileSync(`${ROOT}/deno.json`)) as Project;
}

/** The subpaths that are imported, with the source of each; the command is not imported. */
export function libraryEntries(project: Project): { name: string; path: string }[] {
  return Object.entries(project.exports)
    .filter(([, path]) => path !== "./cli.ts")
    .map(([name, path]) => ({ name, path: path.replace(/^\.\//, "") }));
}

/** What the command loads by text, which no compiler follows; see src/cli/registry.ts. */
export function lateModules(): string[] {
  return ["src/cli/main.ts", ...listFiles("src/cli/commands")];
}

/** Where a source file ends up in the package, without its extension. */
function built(path: string): string {
  return `./esm/${path.replace(/\.ts$/, "")}`;
}

/**
 * `repository` is OWNER/NAME on GitHub, as its workflows are told. npm publishes with provenance only when the manifest
 * names the repository that the workflow runs in; a package that is built anywhere else names none.
 */
export function npmManifest(project: Project, repository = Deno.env.get("GITHUB_REPOSITORY")): NpmManifest {
  const entries = libraryEntries(project);
  const exports = entries.map(({ name, path }) =>
    [name, { types: `${built(path)}.d.ts`, default: `${built(path)}.js` }] as const
  );
  return {
    name: project.name,
    version: project.version,
    description: "Files that survive: replace, update, lock and group files so that no crash leaves half of one",
    keywords: ["atomic", "write", "durable", "fsync", "file", "lock", "flock", "transaction", "deno", "bun"],
    license: project.license,
    ...(repository === undefined
      ? {}
      : { repository: { type: "git" as const, url: `git+https://github.com/${repository}.git` } }),
    type: "module",
    main: "./esm/mod.js",
    types: "./esm/mod.d.ts",
    exports: { ...Object.fromEntries(exports), "./package.json": "./package.json" },
    bin: { "atomic-write": "esm/cli.js" },
    // Where process.getBuiltinModule is.
    engines: { node: "^20.16.0 || >=22.3.0" },
    sideEffects: false,
    optionalDependencies: { "fs-ext": "^2.1.1" },
  };
}
