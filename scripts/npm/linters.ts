/** What others check packages with: publint for the manifest, Are The Types Wrong for the declarations. */
import { mustExecute } from "../process.ts";
import type { FileResult } from "../suite/run_files.ts";
import { step } from "../suite/step.ts";
import { installTool } from "../toolchain/npm.ts";
import { VERSIONS } from "../toolchain/versions.ts";

/** `folder` is the built package, `tarball` what npm made of it. */
export async function lintPackage(folder: string, tarball: string): Promise<FileResult[]> {
  const publint = async () => {
    const tools = await installTool("publint", { publint: VERSIONS.publint });
    await mustExecute(`${tools}/node_modules/.bin/publint`, [folder, "--strict"], { timeout: 120_000 });
  };
  const attw = async () => {
    const tools = await installTool("attw", { "@arethetypeswrong/cli": VERSIONS.areTheTypesWrong });
    // The package is ESM only by intention: that CommonJS under old resolutions cannot see it is not news.
    const args = [tarball, "--profile", "esm-only", "--no-emoji"];
    await mustExecute(`${tools}/node_modules/.bin/attw`, args, { timeout: 120_000 });
  };
  return [await step("publint", publint), await step("are the types wrong", attw)];
}
