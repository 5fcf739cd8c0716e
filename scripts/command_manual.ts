/**
 * docs/command.md, made from the command's own tables: `deno task manual`. With `--check` nothing is written: the exit
 * code is 1 when the file is not what the tables say (a part of `deno task static`).
 */
import { operandName, optionName } from "../src/cli/arguments.ts";
import { operandsText } from "../src/cli/help.ts";
import { exitStatus } from "../src/cli/exit_status.ts";
import { commands } from "../src/cli/registry.ts";
import { type CommandTable, commonOptions, type OptionTable } from "../src/cli/table.ts";
import { formatted } from "./formatted.ts";
import { ROOT } from "./toolchain/folders.ts";

const path = "docs/command.md";

const statusMeanings: Readonly<Record<keyof typeof exitStatus, string>> = {
  done: "Done.",
  notInTime: "Timed out waiting for the lock (`-E` chooses another status). Nothing was done.",
  conflict: "The file was not in the required state: `--create`, `--if-match`, `--expect`.",
  usage: "Wrong usage. Nothing was touched.",
  badData: "The input is empty or invalid, or stored content is damaged.",
  noInput: "The input does not exist or cannot be read.",
  internal: "An internal error: a bug in this program.",
  cannotCreate: "The file cannot be created there by any user (read-only, missing directory …).",
  inputOutput: "Disk error, no space, or quota exceeded.",
  tryAgain: "Something was busy or exhausted; trying again later may work.",
  noPermission: "Permission denied, by the system or by the runtime's sandbox.",
  rolledBack: "A deployment was rolled back: every file is unchanged.",
  rollbackFailed:
    "A deployment was not rolled back, or may not have taken effect: the message says what state each file is in.",
  notRunnable: "The program to run is not executable. Nothing was changed.",
  noProgram: "The program to run does not exist. Nothing was changed.",
};

/** What Markdown would take for its own. */
const escaped = (text: string) => text.replace(/[*_<>|]/g, "\\$&");

function optionLines(options: OptionTable): string[] {
  return Object.entries(options).map(([key, { short, value, help }]) => {
    const names = [...short === undefined ? [] : [`-${short}`], optionName(key)].map((name) => `\`${name}\``);
    return `- ${names.join(", ")}${value === undefined ? "" : ` \`${value}\``}: ${escaped(help)}.`;
  });
}

function section(name: string, summary: string, table: CommandTable): string[] {
  const shown = name === "write" ? "[write]" : name;
  const operands = Object.entries(table.operands).map(([key, { help }]) =>
    `- \`${operandName(key)}\`: ${escaped(help)}.`
  );
  return [
    `## ${name}`,
    "",
    `${summary}.`,
    "",
    "```text",
    `atomic-write ${shown} [OPTION…] ${operandsText(table)}`,
    "```",
    "",
    ...table.description.flatMap((paragraph) => [escaped(paragraph), ""]),
    ...operands.length === 0 ? [] : [...operands, ""],
    ...Object.keys(table.options).length === 0 ? [] : [...optionLines(table.options), ""],
    "```sh",
    ...table.examples,
    "```",
    "",
  ];
}

/** The text, before it is formatted. */
export function manual(): string {
  const sections: string[] = [];
  for (const [name, { summary, table }] of Object.entries(commands)) sections.push(...section(name, summary, table));
  return [
    "# The command",
    "",
    "Generated from the command's own tables by `deno task manual`. The tests run every example.",
    "",
    "```text",
    "… | atomic-write [OPTION…] FILE",
    "atomic-write COMMAND [OPTION…] …",
    "```",
    "",
    "Files are replaced completely and durably, or not at all; messages say what happened to the file. The word `write` can",
    "be omitted. `--name VALUE` and `--name=VALUE` are the same; `--` ends the options. `atomic-write --version` prints the",
    "version, and `atomic-write COMMAND --help` prints what is below.",
    "",
    "Options of every command:",
    "",
    ...optionLines(commonOptions),
    "",
    "Errors are printed on standard error as a line that begins with `atomic-write:`. On a terminal, progress with rate and",
    "remaining time is shown on standard error after the first second. SIGINT, SIGTERM and SIGHUP leave the file unchanged",
    "and nothing beside it; the command then ends by that signal. If the reader of its output has gone away, a command that",
    "only prints exits with 141, as a shell shows SIGPIPE; a command that changes something completes, with status 0.",
    "",
    ...sections,
    "## Exit status",
    "",
    "| Status | Meaning |",
    "| --- | --- |",
    ...Object.entries(exitStatus).map(([name, status]) =>
      `| ${status} | ${statusMeanings[name as keyof typeof exitStatus] ?? name} |`
    ),
    "| 128 + N | Ended by signal N; 141: the reader of the output has gone away. |",
    "",
    "`lock` and `update` exit with the status of their program.",
    "",
  ].join("\n");
}

if (import.meta.main) {
  const text = await formatted(manual());
  if (!Deno.args.includes("--check")) await Deno.writeTextFile(`${ROOT}/${path}`, text);
  else if (await Deno.readTextFile(`${ROOT}/${path}`).catch(() => "") !== text) {
    console.log(`${path} is not what the command's tables say: run deno task manual`);
    Deno.exit(1);
  }
}
