/**
 * Builds the npm package with dnt. It is imported only when it is used, by a name the type checker does not follow:
 * the scripts have to run and check on machines that do not reach JSR.
 */
import { ROOT } from "../toolchain/folders.ts";
import { VERSIONS } from "../toolchain/versions.ts";
import { lateModules, libraryEntries, type NpmManifest, type Project } from "../npm_manifest.ts";

/** The part of dnt's options that is used. */
interface BuildOptions {
  entryPoints: { kind?: "bin" | "export"; name: string; path: string }[];
  outDir: string;
  shims: Record<string, never>;
  esModule: boolean;
  scriptModule: false;
  declaration: "inline";
  declarationMap: boolean;
  typeCheck: "single";
  test: boolean;
  skipSourceOutput: boolean;
  package: NpmManifest & { devDependencies: Record<string, string> };
  compilerOptions: { target: string; lib: string[]; skipLibCheck: boolean; useUnknownInCatchVariables: boolean };
}

export async function buildWithDnt(project: Project, manifest: NpmManifest, folder: string): Promise<void> {
  const specifier = "@deno/dnt";
  const dnt = await import(specifier) as { build(options: BuildOptions): Promise<void> };
  const libraries = libraryEntries(project).map(({ name, path }) => ({ name, path: `${ROOT}/${path}` }));
  // The manifest that lists them is replaced.
  const late = lateModules().map((path) => ({ name: `./${path}`, path: `${ROOT}/${path}` }));
  await dnt.build({
    entryPoints: [...libraries, ...late, { kind: "bin", name: "atomic-write", path: `${ROOT}/cli.ts` }],
    outDir: folder,
    // The source reaches every runtime through interfaces of its own.
    shims: {},
    esModule: true,
    scriptModule: false,
    declaration: "inline",
    declarationMap: false,
    typeCheck: "single",
    test: false,
    skipSourceOutput: true,
    package: { ...manifest, devDependencies: { "@types/node": VERSIONS.typesOfNode } },
    compilerOptions: {
      // Node 20 has no `using`.
      target: "ES2022",
      lib: ["ESNext", "DOM", "DOM.Iterable", "DOM.AsyncIterable"],
      skipLibCheck: true,
      useUnknownInCatchVariables: true,
    },
  });
}
