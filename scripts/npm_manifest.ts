/**
 * The npm package's manifest, from deno.json. Both ways of building the package use it, so both make the same package.
 *
 * The code is ESM, offered under the `default` condition: `require()` then works wherever the runtime can require ESM
 * (Node from 20.19, Bun). What stands in for a CommonJS package is a CommonJS file as well, since it must also load where
 * ES modules cannot be required: inside jest, and on Node before 20.19. There is no `files` field, because it would disable the .npmignore.
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
  homepage?: string;
  repository?: { type: "git"; url: string };
  bugs?: { url: string };
  type: "module";
  main: string;
  types: string;
  exports: Record<string, { require?: { types: string; default: string }; types: string; default: string } | string>;
  imports: Record<string, Record<string, string>>;
  bin: Record<string, string>;
  engines: { node: string };
  sideEffects: boolean;
  peerDependencies: Record<string, string>;
  peerDependenciesMeta: Record<string, { optional: true }>;
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

/** What no compiler follows: what the command loads by text (src/cli/registry.ts), and the adapters for one runtime. */
export function lateModules(): string[] {
  return ["src/cli/main.ts", ...listFiles("src/cli/commands"), ...ADAPTER_MODULES];
}

/** Where a source file ends up in the package, without its extension. */
function built(path: string): string {
  return `./esm/${path.replace(/\.ts$/, "")}`;
}

/** compat for `require()`; see npm/bundle.js and npm/override.ts. */
const REQUIRED = { types: "./cjs/compat.d.cts", default: "./cjs/compat.cjs" };

/** Which adapter a runtime or a bundler takes, by its conditions: src/runtime/adapter.ts. The first that fits counts. */
const ADAPTERS = {
  deno: "./esm/src/runtime/adapter_deno.js",
  bun: "./esm/src/runtime/adapter_bun.js",
  node: "./esm/src/runtime/adapter_node.js",
  default: "./esm/src/runtime/adapter.js",
};

/** The adapters for one runtime each, which only the package's manifest names. */
const ADAPTER_MODULES = ["deno", "bun", "node"].map((name) => `src/runtime/adapter_${name}.ts`);

/** OWNER/NAME in the address of a repository on GitHub, as git writes it; undefined: it is elsewhere. */
export function repositoryOf(address: string): string | undefined {
  return /^(?:https:\/\/|ssh:\/\/git@|git@)github\.com[/:]([\w.-]+\/[\w.-]+?)(?:\.git)?\/?\s*$/.exec(address)?.[1];
}

/** OWNER/NAME on GitHub: what the workflow that builds the package says, or else git's remote `origin`. */
export function currentRepository(): string | undefined {
  const named = Deno.env.get("GITHUB_REPOSITORY");
  if (named !== undefined) return named;
  const args = ["-C", ROOT, "remote", "get-url", "origin"];
  try {
    const { success, stdout } = new Deno.Command("git", { args, stderr: "null" }).outputSync();
    return success ? repositoryOf(new TextDecoder().decode(stdout)) : undefined;
  } catch {
    // There is no git: the source was unpacked from an archive.
    return undefined;
  }
}

/** What a package without a repository lacks, and what to do about it; the build prints it. */
export const NO_REPOSITORY =
  "warning: the package has no homepage, repository and bugs, and the links of its README lead nowhere on npm, because " +
  "no repository is known. Name it: git remote add origin https://github.com/OWNER/NAME (or set GITHUB_REPOSITORY)";

/** What people search for on npm. */
const KEYWORDS = [
  "atomic",
  "write",
  "file",
  "writefile",
  "write-file-atomic",
  "durable",
  "fsync",
  "crash-safe",
  "rename",
  "lock",
  "lockfile",
  "flock",
  "transaction",
  "json",
  "append-only-log",
  "content-addressed",
  "cli",
  "deno",
  "bun",
];

/** Where npm sends its readers. npm publishes with provenance only when the manifest names the workflow's repository. */
function addresses(repository: string | undefined): Pick<NpmManifest, "homepage" | "repository" | "bugs"> {
  if (repository === undefined) return {};
  const page = `https://github.com/${repository}`;
  return {
    homepage: `${page}#readme`,
    repository: { type: "git", url: `git+${page}.git` },
    bugs: { url: `${page}/issues` },
  };
}

/** `repository` is OWNER/NAME on GitHub; a package that is built without one names none. */
export function npmManifest(project: Project, repository = currentRepository()): NpmManifest {
  const entries = libraryEntries(project);
  const exports = entries.map(({ name, path }) => {
    const module = { types: `${built(path)}.d.ts`, default: `${built(path)}.js` };
    return [name, name === "./compat" ? { require: REQUIRED, ...module } : module] as const;
  });
  return {
    name: project.name,
    version: project.version,
    description: "Write, update and lock files so that no crash, full disk or competing process leaves half a file",
    keywords: KEYWORDS,
    license: project.license,
    ...addresses(repository),
    type: "module",
    main: "./esm/mod.js",
    types: "./esm/mod.d.ts",
    exports: { ...Object.fromEntries(exports), "./package.json": "./package.json" },
    imports: { "#adapter": ADAPTERS },
    bin: { "atomic-write": "esm/cli.js" },
    // Where process.getBuiltinModule is.
    engines: { node: "^20.16.0 || >=22.3.0" },
    sideEffects: false,
    // By choice: one has four megabytes of binaries, and the other an install script, which lets pnpm 12 fail.
    peerDependencies: { "fs-ext": "^2.1.1", koffi: "^3.3.4" },
    peerDependenciesMeta: { "fs-ext": { optional: true }, koffi: { optional: true } },
  };
}
