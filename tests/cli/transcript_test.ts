/** The transcript in README.md is what a shell shows: it is replayed, line by line, in one shell. */
import { assert, assertEquals } from "@std/assert";
import * as fs from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { execute, Unavailable } from "../support/programs.ts";
import { skip } from "../support/skip.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { inShell } from "./command.ts";
import { notEmpty } from "../support/tally.ts";

/** The checkout, of which Node and Bun run a compiled copy further down. */
function root(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!fs.existsSync(join(folder, "README.md"))) folder = dirname(folder);
  return folder;
}

/** Commands with what they print, of the blocks that are transcripts. */
function transcript(text: string): [command: string, output: string][] {
  const blocks = [...text.matchAll(/^```console\n([^]*?)^```$/gm)].map(([, block = ""]) => block);
  return blocks.flatMap((block) =>
    block.split(/^\$ /m).slice(1).map((part): [string, string] => {
      const [command = "", ...output] = part.split("\n");
      return [command, output.join("\n")];
    })
  );
}

const mark = "---- next ----";

it("the transcript in README.md happens as it is written", async (t) => {
  if (process.platform === "win32") return skip(t, "needs a shell");
  try {
    execute("jq", ["--version"]);
  } catch (error) {
    if (error instanceof Unavailable) return skip(t, "needs the program jq (Debian: apt-get install jq)");
    throw error;
  }
  const lines = transcript(fs.readFileSync(join(root(), "README.md"), "utf8"));
  assert(lines.length > 10, `${lines.length} lines`);
  await withTemporaryDirectory(async (directory) => {
    const script = lines.map(([command]) => `${command}\necho "${mark}"`).join("\n");
    const { stdout } = await inShell(directory, `exec 2>&1 < /dev/null\n${script}`);
    // The number of a process, and the name of the script that the test starts in place of the installed command.
    const told = stdout.replaceAll(/ by process \d+ \([^)]*\)/g, " by process 4711 (atomic-write)");
    const found = told.replaceAll(directory, "/home/you").split(`${mark}\n`);
    for (const [index, [command, output]] of notEmpty(lines.entries())) assertEquals(found[index], output, command);
  });
});
