/** Where both can be built: that dnt and the TypeScript compiler make the same package, so that either may be published. */
import { mustExecute } from "../process.ts";
import { listFiles, ROOT } from "../toolchain/folders.ts";

/** The compilers disagree about comments at the top of files; those of exports are compared with the source elsewhere. */
function withoutComments(text: string): string {
  return text.replaceAll(/^[ \t]*\/\*\*[^]*?\*\/\n?/gm, "").replaceAll(/\n{2,}/g, "\n").trim();
}

/** Builds the package with the compiler beside the one that dnt built in `source`; resolves with the differences. */
export async function compareBuilds(folder: string, source: string): Promise<string> {
  const other = `${folder}/of_compiler`;
  const args = ["run", "--allow-all", "--no-prompt", `${ROOT}/scripts/build_npm.ts`, other];
  await mustExecute(Deno.execPath(), args, { environment: { STD: "local" }, timeout: 300_000 });
  const [paths = [], otherPaths = []] = [source, other].map((
    root,
  ) => [...filesAtTop(root), ...listFiles("esm", root), ...listFiles("cjs", root)]);
  const missing = otherPaths.filter((path) => !paths.includes(path)).map((path) => `dnt's package lacks ${path}`);
  const more = paths.filter((path) => !otherPaths.includes(path)).map((path) => `only dnt's package has ${path}`);
  const common = paths.filter((path) => otherPaths.includes(path));
  const different = common.filter((path) => {
    const [text = "", otherText = ""] = [source, other].map((root) => Deno.readTextFileSync(`${root}/${path}`));
    return withoutComments(text) !== withoutComments(otherText);
  }).map((path) => `${path} is not the same as the compiler's`);
  return [...missing, ...more, ...different].join("\n");
}

function filesAtTop(root: string): string[] {
  return [...Deno.readDirSync(root)].filter(({ isFile }) => isFile).map(({ name }) => name);
}
