/** Completions, in the shells themselves. What they complete is the same on every runtime, so one of them is enough. */
import { assert, assertEquals } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { bashCompletions } from "../../src/cli/completions/bash.ts";
import { fishCompletions } from "../../src/cli/completions/fish.ts";
import { completed, firstWords } from "../../src/cli/completions/model.ts";
import { zshCompletions } from "../../src/cli/completions/zsh.ts";
import { execute, Unavailable } from "../support/programs.ts";
import { skip } from "../support/skip.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { atomicWrite, put } from "./command.ts";
import { notEmpty } from "../support/tally.ts";

/** A line so far, with what may come next; of options only some are named. */
const lines: readonly (readonly [string[], string[]])[] = [
  [["sto"], ["store"]],
  [["store", ""], ["put", "get", "restore", "list", "rm", "ref", "verify", "gc"]],
  [["store", "gc", "--dry"], ["--dry-run"]],
  [["store", "put", "--w"], ["--when-unsupported", "--when-sync-fails"]],
  [["write", "--durability", ""], ["full", "barrier", "file", "none"]],
  [["--durability", "fi"], ["file"]],
  [["--mkd"], ["--mkdir"]],
  [["settings.json", "--mkd"], ["--mkdir"]],
  [["completions", ""], ["bash", "zsh", "fish"]],
  [["lock", "-w", "5", "--conf"], ["--conflict-exit-code"]],
];

/** In the shell's own words; what it prints is a line of words for each. */
const programs: Readonly<Record<string, (script: string) => string>> = {
  bash: (script) =>
    [
      `source ${script}`,
      'complete_line() { COMP_WORDS=(atomic-write "$@"); COMP_CWORD=$#; _atomic_write; echo "${COMPREPLY[*]}"; }',
      ...lines.map(([words]) => `complete_line ${words.map((word) => `'${word}'`).join(" ")}`),
    ].join("\n"),
  // The functions that zsh hands the words to, and which need a terminal, print those that fit instead.
  zsh: (script) =>
    [
      "compdef() { : }",
      'fitting() { for each in "$@"; do [[ $each == ${words[CURRENT]}* ]] && print -rn -- "$each "; done }',
      '_describe() { local -a found=("${(@P)argv[-1]}"); fitting "${(@)found%%:*}" }',
      'compadd() { shift; fitting "$@" }',
      "_files() { : }",
      `source ${script}`,
      'complete_line() { words=(atomic-write "$@"); CURRENT=$#words; _atomic_write; print }',
      ...lines.map(([words]) => `complete_line ${words.map((word) => `'${word}'`).join(" ")}`),
    ].join("\n"),
  fish: (script) =>
    [
      `source ${script}`,
      ...lines.map(([words]) =>
        `echo (complete -C '${["atomic-write", ...words].join(" ")}' | string replace -r '\\t.*' '')`
      ),
    ].join("\n"),
};

describe("completions", () => {
  const makers = { bash: bashCompletions, zsh: zshCompletions, fish: fishCompletions };
  for (const [shell, make] of Object.entries(makers)) {
    it(`are right in ${shell}`, async (t) => {
      await withTemporaryDirectory(async (directory) => {
        const script = join(directory, "script");
        put(directory, "script", make(await completed()));
        put(directory, "program", programs[shell]?.(script) ?? "");
        let ran: ReturnType<typeof execute>;
        try {
          const config = shell === "bash" ? "--norc" : shell === "zsh" ? "-f" : "--no-config";
          // fish makes folders at home even so, wherever these say that is.
          const home = {
            HOME: directory,
            XDG_CONFIG_HOME: directory,
            XDG_DATA_HOME: directory,
            XDG_CACHE_HOME: directory,
          };
          ran = execute(shell, [config, join(directory, "program")], home);
        } catch (error) {
          if (!(error instanceof Unavailable)) throw error;
          return skip(t, `needs the shell ${shell} (Debian: apt-get install ${shell})`);
        }
        const found = ran.output.split("\n").map((line) => line.trim().split(/\s+/));
        for (const [index, [words, expected]] of lines.entries()) {
          assertEquals(found[index]?.sort(), [...expected].sort(), `${shell}: ${words.join(" ")}\n${ran.output}`);
        }
      });
    });
  }

  it("are printed by the command, for every shell it knows", async () => {
    await withTemporaryDirectory(async (directory) => {
      const all = await completed();
      assertEquals((await atomicWrite(directory, ["completions", "bash"])).stdout, bashCompletions(all));
      const { code, stderr } = await atomicWrite(directory, ["completions", "tcsh"]);
      assertEquals([code, stderr], [64, 'atomic-write: SHELL must be bash, zsh, or fish, not "tcsh"\n']);
      assertEquals(fs.readdirSync(directory), []);
      for (const { name, options } of notEmpty(all.commands)) {
        assert(options.some(({ long }) => long === "--help"), name);
      }
      assert(firstWords(all).some(({ name }) => name === "store"));
    });
  });
});
