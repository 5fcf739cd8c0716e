/**
 * The package `@durable/write-file-atomic`: what one line of `overrides` puts in the place of write-file-atomic.
 *
 * Its main file is compat, in CommonJS, whole and without dependencies: nothing is compiled, nothing else is installed. It
 * has no `exports`, like the original, and no declarations: those of `@types/write-file-atomic` stay right.
 */
import { ROOT } from "../toolchain/folders.ts";
import { npmManifest, type Project } from "../npm_manifest.ts";

/** Where compat is in the package, which is also where the original has its main file. */
const MAIN = "lib/index.js";

/** The name, and what of the whole package's manifest is right here, too. */
function overrideManifest(project: Project): Record<string, unknown> {
  const { version, license, homepage, repository, bugs, engines } = npmManifest(project);
  return {
    name: `${project.name.split("/")[0]}/write-file-atomic`,
    version,
    description:
      `Stands in for write-file-atomic by a line of "overrides": ${project.name}/compat, without dependencies`,
    keywords: ["write-file-atomic", "atomic", "durable", "overrides"],
    license,
    ...homepage === undefined ? {} : { homepage, repository, bugs },
    main: MAIN,
    files: ["lib"],
    engines,
  };
}

function readme(project: Project): string {
  const { name, version } = overrideManifest(project) as { name: string; version: string };
  const { minor } = /^(?<minor>\d+\.\d+)/.exec(version)?.groups ?? {};
  return `# ${name}

[${project.name}](https://www.npmjs.com/package/${project.name})'s stand-in for write-file-atomic, for packages that are not
yours: put this into your package.json and run \`npm install\`.

\`\`\`json
{ "overrides": { "write-file-atomic": "npm:${name}@^${minor}.0" } }
\`\`\`

(If it depends on write-file-atomic itself, put the same text there, too. yarn: \`resolutions\`; pnpm: \`overrides\` in
pnpm-workspace.yaml.) It has no dependencies and compiles nothing. What differs from
write-file-atomic is listed in docs/migration.md of ${project.name}.
`;
}

/** Declarations of the CommonJS file in the whole package, beside it. */
export const REQUIRED_TYPES =
  `import type * as compat from "../esm/src/compat/mod.js" with { "resolution-mode": "import" };
declare const writeFileAtomic: compat.WriteFileAtomic & { readonly writeFileAtomic: compat.WriteFileAtomic };
declare namespace writeFileAtomic {
  type CompatibleData = compat.CompatibleData;
  type WriteCallback = compat.WriteCallback;
  type WriteFileAtomic = compat.WriteFileAtomic;
  type WriteFileAtomicOptions = compat.WriteFileAtomicOptions;
}
export = writeFileAtomic;
`;

/** Makes the package in `folder`, from the CommonJS file of the whole one. */
export function writeOverride(project: Project, required: string, folder: string): void {
  Deno.mkdirSync(`${folder}/lib`, { recursive: true });
  Deno.copyFileSync(required, `${folder}/${MAIN}`);
  Deno.copyFileSync(`${ROOT}/LICENSE`, `${folder}/LICENSE`);
  Deno.writeTextFileSync(`${folder}/README.md`, readme(project));
  Deno.writeTextFileSync(`${folder}/package.json`, JSON.stringify(overrideManifest(project), undefined, 2) + "\n");
}
