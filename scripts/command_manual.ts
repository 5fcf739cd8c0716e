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
  notInTime: "The lock was not free in time (`-E` chooses another status): nothing was done.",
  conflict: "The file was not as required: `--create`, `--if-match`, `--expect`.",
  usage: "Called wrongly. Nothing was touched.",
  badData: "The input is empty or not what it must be, or stored content is damaged.",
  noInput: "The input does not exist or cannot be read.",
  internal: "A mistake in this program.",
  cannotCreate: "The file cannot be made or replaced there, whoever tries.",
  inputOutput: "The disk: an error, no space, no quota.",
  tryAgain: "Something was busy or used up; it may work in a moment.",
  noPermission: "The user, or the runtime on his behalf, is not permitted to.",
  rolledBack: "A deployment was rolled back: every file is as it was.",
  rollbackFailed: "A deployment was not rolled back, or may not have taken effect: the message says what is where.",
  notRunnable: "A program to run cannot be run. Nothing was changed.",
  noProgram: "There is no such program. Nothing was changed.",
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
    "Made from the command's own tables by `deno task manual`; every example here is run by the tests.",
    "",
    "```text",
    "… | atomic-write [OPTION…] FILE",
    "atomic-write COMMAND [OPTION…] …",
    "```",
    "",
    "What a file holds is replaced whole and stays, or nothing is changed; messages say what became of the file. The word",
    "`write` may be left out. `--name VALUE` and `--name=VALUE` are the same; `--` ends the options. `atomic-write --version`",
    "prints the version, `atomic-write COMMAND --help` what is below.",
    "",
    "Every command takes:",
    "",
    ...optionLines(commonOptions),
    "",
    "Errors are a line on standard error that begins with `atomic-write:`. Progress, with rate and time left, is shown on a",
    "terminal only, on standard error, from the first second on. SIGINT, SIGTERM and SIGHUP leave the file as it was and",
    "nothing beside it; the command then ends by that signal. When nobody reads its output any more, a command that only",
    "prints ends with 141, as a shell shows SIGPIPE; one that changes something is brought to its end, with status 0.",
    "",
    ...sections,
    "## Exit status",
    "",
    "| Status | Meaning |",
    "| --- | --- |",
    ...Object.entries(exitStatus).map(([name, status]) =>
      `| ${status} | ${statusMeanings[name as keyof typeof exitStatus] ?? name} |`
    ),
    "| 128 + N | Ended by signal N; 141: nobody reads the output any more. |",
    "",
    "`lock` and `update` end with the status of their program.",
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
