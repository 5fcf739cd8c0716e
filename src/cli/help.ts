/** `--help`, made from the tables. */
import { operandName, optionName } from "./arguments.ts";
import { commands, groups } from "./registry.ts";
import { type CommandTable, commonOptions, type OptionTable } from "./table.ts";

const statuses = [
  "0 done, 1 lock not had in time, 2 conflict (--create, --if-match), 64 wrong usage, 65 bad data, 66 no input, 70 internal error, 73 cannot " +
  "create, 74 disk error or no space, 75 busy, try again, 77 no permission, 90 rolled back, 91 rollback failed; 128 and " +
  "its number: ended by a signal.",
];

/** Breaks a text into lines of at most `width` characters. */
function wrap(text: string, width: number, indent: string): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width - indent.length) {
      lines.push(indent + line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, indent + line];
}

/** Two columns, or where there is no room for them, the second below the first. */
function columns(rows: readonly (readonly [string, string])[], width: number): string[] {
  const first = Math.min(24, Math.max(...rows.map(([name]) => name.length)) + 4);
  const isNarrow = width < first + 30;
  const indent = " ".repeat(isNarrow ? 8 : first);
  return rows.flatMap(([name, help]) => {
    const lines = wrap(help, width, indent);
    const head = `  ${name}`;
    if (isNarrow || head.length > first - 2) return [head, ...lines];
    return [head + (lines[0] ?? "").slice(head.length), ...lines.slice(1)];
  });
}

function optionRows(options: OptionTable): [string, string][] {
  return Object.entries(options).map(([key, { short, value, help }]) => {
    const name = `${short === undefined ? "" : `-${short}, `}${optionName(key)}${
      value === undefined ? "" : ` ${value}`
    }`;
    return [name, `${help}.`];
  });
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", `${title}:`, ...lines];
}

/** `FILE [WHICH]`: the operands as a usage line shows them. */
export function operandsText(table: CommandTable): string {
  return Object.entries(table.operands).map(([key, { optional, rest, many }]) => {
    const name = operandName(key);
    if (rest) return `-- ${name} [ARGUMENT…]`;
    const some = many ? `${name}…` : name;
    return optional ? `[${some}]` : some;
  }).join(" ");
}

/** The help of a group of commands. */
export function groupHelp(group: string, width: number): string {
  const list = Object.entries(commands).filter(([name]) => name.startsWith(`${group} `));
  return [
    `Usage: atomic-write ${group} COMMAND [OPTION…] …`,
    "",
    ...wrap(`${groups[group]}.`, width, ""),
    ...section("Commands", columns(list.map(([name, { summary }]) => [name, `${summary}.`]), width)),
    "",
    ...wrap(`\`atomic-write ${group} COMMAND --help\` explains a command.`, width, ""),
    "",
  ].join("\n");
}

/** The help of one command. */
export function commandHelp(name: string, table: CommandTable, width: number): string {
  const operands = Object.entries(table.operands);
  const command = name === "write" ? "[write]" : name;
  return [
    `Usage: atomic-write ${command} [OPTION…] ${operandsText(table)}`,
    ...table.description.flatMap((paragraph) => ["", ...wrap(paragraph, width, "")]),
    "",
    ...columns(operands.map(([key, { help }]) => [operandName(key), `${help}.`]), width),
    ...section("Options", columns(optionRows({ ...table.options, ...commonOptions }), width)),
    ...section("Examples", table.examples.map((line) => `  ${line}`)),
    ...section("Exit status", statuses.flatMap((text) => wrap(text, width, "  "))),
    "",
  ].join("\n");
}

/** The help of the whole. */
export function topHelp(width: number): string {
  const list = Object.entries(commands).map(([name, { summary }]) => [name, `${summary}.`] as const);
  return [
    "Usage: … | atomic-write [OPTION…] FILE",
    "       atomic-write COMMAND [OPTION…] …",
    "",
    ...wrap("Files that survive: what a file holds is replaced whole and stays, or nothing is changed.", width, ""),
    ...section("Commands", columns(list, width)),
    "",
    ...wrap(
      "`atomic-write COMMAND --help` explains a command; `atomic-write write --help` the options of the first form.",
      width,
      "",
    ),
    ...section("Exit status", statuses.flatMap((text) => wrap(text, width, "  "))),
    "",
  ].join("\n");
}
