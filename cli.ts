/**
 * The command `atomic-write`: files are replaced completely and durably, or not at all.
 *
 * ```sh
 * deno install --global -A --name atomic-write jsr:@durable/atomic-write/cli
 * echo '{"theme":"dark"}' | atomic-write --require-json settings.json
 * atomic-write update settings.json -- jq '.theme = "light"'
 * ```
 *
 * `atomic-write --help` prints all commands, `atomic-write COMMAND --help` one of them; docs/command.md has both. What a
 * command needs is loaded when it runs for the first time. This module is run, never imported: it exports nothing.
 *
 * The version is answered here. In the package this is all of a file that imports nothing: each further one would cost Bun
 * half a millisecond of the five that it takes, and waiting for the import below by `await` another.
 *
 * @module
 */
import { version } from "./src/core/version.ts";
import { programArguments } from "./src/runtime/host/program_arguments.ts";

if (["--version", "-V"].includes(programArguments()[0] ?? "")) {
  console.log(`atomic-write ${version}`);
} else {
  // Named by no literal, which Deno would load, with all below it, before it looks at the arguments; see registry.ts.
  const command: string = "./src/cli/main.ts";
  const loaded: Promise<typeof import("./src/cli/main.ts")> = import(command);
  void loaded.then(({ main }) => main());
}
