/**
 * Type-checks everything there is: what is published, the scripts, the tests, the examples: `deno task check`.
 * `@std/*` comes from JSR or from the stand-ins, as in the test command.
 */
import { execute } from "./process.ts";
import { exists, ROOT } from "./toolchain/folders.ts";
import { chooseStandardLibrary, denoArguments, readWanted } from "./toolchain/standard_library.ts";

const EVERYTHING = ["mod.ts", "cli.ts", "src", "scripts", "tests", "examples", "bench"];

/** Resolves with the type errors, "" when there are none. `args` let Deno find `@std/*`. */
export async function checkTypes(args: readonly string[], paths: readonly string[] = EVERYTHING): Promise<string> {
  // The scripts' types include those of the compiler.
  await import("./toolchain/typescript.ts");
  const present = paths.filter((path) => exists(`${ROOT}/${path}`));
  if (present.length === 0) return "";
  const { code, output } = await execute(Deno.execPath(), ["check", "--quiet", ...args, ...present], {
    directory: ROOT,
  });
  return code === 0 ? "" : output;
}

if (import.meta.main) {
  const problems = await checkTypes(denoArguments(await chooseStandardLibrary(readWanted())));
  if (problems !== "") {
    console.log(problems);
    Deno.exit(1);
  }
}
