/** `--help`, made from the tables. */
import { operandName, optionName } from "./arguments.ts";
import { columns, wrap } from "./layout.ts";
import { commands, groups } from "./registry.ts";
import { type CommandTable, commonOptions, type OptionTable } from "./table.ts";

const meanings: readonly (readonly [status: number, meaning: string, everywhere?: true])[] = [
  [0, "done", true],
  [1, "the lock was not free in time"],
  [2, "conflict: not in the required state"],
  [64, "wrong usage", true],
  [65, "bad data"],
  [66, "no input"],
  [70, "internal error", true],
  [73, "cannot create", true],
  [74, "disk error or no space", true],
  [75, "busy, try again", true],
  [77, "no permission", true],
  [90, "rolled back"],
  [91, "not rolled back, or possibly not in effect"],
  [126, "program cannot be run"],
  [127, "no such program"],
];

/** Whether every command may end with this status. */
export function isCommonStatus(status: number): boolean {
  return meanings.some(([known, , everywhere]) => known === status && everywhere);
}

function statusLines(statuses: readonly number[] | undefined, width: number): string[] {
  const some = meanings.filter(([status, , everywhere]) => everywhere || (statuses?.includes(status) ?? true));
  const list = some.map(([status, meaning]) => `${status} ${meaning}`).join(", ");
  return wrap(`${list}; 128 + N: ended by signal N.`, width, "  ");
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
    ...section("Exit status", statusLines(table.statuses, width)),
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
    ...wrap("Files are replaced completely and durably, or not at all.", width, ""),
    ...section("Commands", columns(list, width)),
    "",
    ...wrap(
      "`atomic-write COMMAND --help` explains a command; `atomic-write write --help` the options of the first form.",
      width,
      "",
    ),
    ...section("Exit status", statusLines(undefined, width)),
    "",
  ].join("\n");
}
