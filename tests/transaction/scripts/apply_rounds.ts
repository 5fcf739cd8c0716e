/**
 * Applies version after version to a set of files: apply_rounds.ts WRITER COUNT OPTIONS FILE…. Prints "begun N" before
 * and "done N" after each transaction. COUNT 0: until it is killed. OPTIONS, as JSON: `stop`, to be stopped (SIGSTOP)
 * right after the commit point; `backup`; `fail`, for an activation that fails every other time.
 */
import { assertEquals } from "@std/assert";
import * as fs from "node:fs";
import process from "node:process";
import { shownPath } from "../../../src/runtime/anchor.ts";
import { applyFiles, applyFilesSync } from "../../../src/transaction/mod.ts";
import { hookedRuntime } from "../../support/hooked_runtime.ts";
import { makeVersion, readVersion } from "../../support/versions.ts";
import { notEmpty } from "../../support/tally.ts";

const [writer = "", count = "0", optionText = "{}", ...paths] = process.argv.slice(2);
const { stop = false, fail = false, backup = 3, sync = false } = JSON.parse(optionText);

/** A line that is with the reader before anything else happens, even if this process is killed next. */
const tell = (text: string) => fs.writeSync(1, `${text}\n`);

const runtime = hookedRuntime({
  rename: (real, from, to) => {
    // Perhaps a name in an open directory.
    if (stop && paths.includes(shownPath(to))) {
      tell("stopped");
      process.kill(process.pid, "SIGSTOP");
    }
    return real.rename(from, to);
  },
});

/** Inside the locks nobody else is half way: all files are of one version. */
function validate(staged: ReadonlyMap<string, string>): void {
  assertEquals(staged.size, paths.length);
  const found = paths.map((path) => fs.existsSync(path) ? readVersion(fs.readFileSync(path)) : undefined);
  for (const each of notEmpty(found)) assertEquals(each, found[0]);
}

for (let version = 1; version <= (Number(count) || Infinity); version++) {
  tell(`begun ${version}`);
  let activations = 0;
  const activate = () => {
    if (fail && version % 2 === 0 && ++activations === 1) throw new Error("on purpose");
  };
  const files = paths.map((path) => ({ path, data: makeVersion({ writer, version }) }));
  // Two writers name the files in different orders.
  if (version % 2 === 0) files.reverse();
  const plan = { files, validate, activate, backup };
  try {
    if (sync && version % 3 === 0) applyFilesSync(plan, { runtime });
    else await applyFiles(plan, { runtime });
    tell(`done ${version}`);
  } catch (error) {
    if (!(fail && error instanceof Error && error.name === "ActivationError")) throw error;
    tell(`undone ${version}`);
  }
}
