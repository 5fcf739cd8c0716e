/**
 * `deno task fuzz [-- --rounds=N --seed=N --path=P]`: random sequences of operations, faults and crashes, and random
 * bytes for every parser, longer than the test command does. A failure prints the seed and path that repeat it, and the
 * shortest sequence that still fails.
 */
import { ROOT } from "./toolchain/folders.ts";
import { chooseStandardLibrary, denoArguments, readWanted } from "./toolchain/standard_library.ts";

const names: Record<string, string> = { rounds: "FUZZ_ROUNDS", seed: "FUZZ_SEED", path: "FUZZ_PATH" };

/** The environment that the arguments ask for; a TypeError names the one that is not understood. */
function environment(args: readonly string[]): Record<string, string> {
  const chosen: Record<string, string> = {
    FUZZ_ROUNDS: "50000",
    FUZZ_SEED: String(Math.floor(Math.random() * 2 ** 31)),
  };
  for (const argument of args.filter((each) => each !== "--")) {
    const [, option = "", value = ""] = /^--([a-z]+)=(.+)$/.exec(argument) ?? [];
    const variable = names[option];
    if (variable === undefined) throw new TypeError(`fuzz knows --rounds=N, --seed=N and --path=P, not "${argument}"`);
    chosen[variable] = value;
  }
  return chosen;
}

const library = denoArguments(await chooseStandardLibrary(readWanted()));
const files = ["fuzz_test.ts", "fuzz_disk_test.ts"].map((name) => `${ROOT}/tests/deno/${name}`);
const config = `--config=${ROOT}/deno.json`;
const { code } = await new Deno.Command(Deno.execPath(), {
  args: ["test", "--allow-all", "--no-prompt", "--no-check", config, ...library, ...files],
  env: environment(Deno.args),
}).output().then(async (result) => {
  await Deno.stdout.write(result.stdout);
  await Deno.stderr.write(result.stderr);
  return result;
});
Deno.exit(code);
