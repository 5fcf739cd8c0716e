/**
 * The command `atomic-write`: `… | atomic-write FILE`. See docs/command.md, or `atomic-write --help`.
 *
 * The version is answered here. In the package this is all of a file that imports nothing: each further one would cost Bun
 * half a millisecond of the five that it takes, and waiting for the import below by `await` another.
 *
 * @module
 */
import { version } from "./src/core/version.ts";
import { programArguments } from "./src/runtime/program_arguments.ts";

if (["--version", "-V"].includes(programArguments()[0] ?? "")) {
  console.log(`atomic-write ${version}`);
} else {
  // Named by no literal, which Deno would load, with all below it, before it looks at the arguments; see registry.ts.
  const command: string = "./src/cli/main.ts";
  const loaded: Promise<typeof import("./src/cli/main.ts")> = import(command);
  void loaded.then(({ main }) => main());
}
