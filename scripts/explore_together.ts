/**
 * `deno task explore:together`: every pair of operations that can meet, at every place, in one process and in two, in
 * every order of their steps (docs/proof.md).
 *
 *     deno task explore:together -- --pairs=write+copy --minutes=10 --part=1/8
 *
 * `--limit` is how many orders are run of each meeting without a failing call, and with each call that fails (which of
 * more, the seed decides); `--part` is a share of the meetings; after `--minutes` of processor time no further one begins.
 */
import { ROOT } from "./toolchain/folders.ts";
import { chooseStandardLibrary, denoArguments, readWanted } from "./toolchain/standard_library.ts";

const library = denoArguments(await chooseStandardLibrary(readWanted()));
const program = `${ROOT}/tests/proof/together/explore_all.ts`;
const { code } = await new Deno.Command(Deno.execPath(), {
  args: ["run", "-A", "--no-prompt", "--no-check", `--config=${ROOT}/deno.json`, ...library, program, ...Deno.args],
  stdout: "inherit",
  stderr: "inherit",
}).output();
Deno.exit(code);
