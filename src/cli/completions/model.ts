/** What can be completed, made from all the tables: the same for every shell. */
import { optionName } from "../arguments.ts";
import { commands, groups, membersOf } from "../registry.ts";
import { type CommandTable, commonOptions, type Operand } from "../table.ts";

/** An option. */
export interface CompletedOption {
  /** `--skip-equal`. */
  readonly long: string;
  /** `-q`. */
  readonly short?: string;
  readonly help: string;
  /** It takes a value. */
  readonly takesValue: boolean;
  /** All there is to choose from; else a value may be a file. */
  readonly words: readonly string[];
}

/** A command. */
export interface CompletedCommand {
  /** One word, or that of its group and its own. */
  readonly name: string;
  readonly summary: string;
  readonly options: readonly CompletedOption[];
  /** What its first operand can be, where that is no file. */
  readonly words: readonly string[];
}

/** Everything. */
export interface Completed {
  readonly commands: readonly CompletedCommand[];
  /** Words that come before a command's own. */
  readonly groups: readonly { readonly name: string; readonly summary: string; readonly members: readonly string[] }[];
}

function completedOptions(table: CommandTable): CompletedOption[] {
  return Object.entries({ ...table.options, ...commonOptions }).map(([key, option]) => {
    const { help, short, value, words } = option as CommandTable["options"][string];
    return {
      long: optionName(key),
      ...short === undefined ? {} : { short: `-${short}` },
      help,
      takesValue: value !== undefined,
      words: words ?? [],
    };
  });
}

/** Reads all the tables. */
export function completed(): Completed {
  const found: CompletedCommand[] = [];
  for (const [name, { summary, table }] of Object.entries(commands)) {
    const [first]: Operand[] = Object.values(table.operands);
    found.push({ name, summary, options: completedOptions(table), words: first?.words ?? [] });
  }
  return {
    commands: found,
    groups: Object.entries(groups).map(([name, summary]) => ({ name, summary, members: membersOf(name) })),
  };
}

/** The words that the first one can be, with what they mean. */
export function firstWords({ commands, groups }: Completed): { name: string; summary: string }[] {
  return [...commands.filter(({ name }) => !name.includes(" ")), ...groups];
}

/** The command whose name may be left out. */
export function writeOf({ commands }: Completed): CompletedCommand {
  const found = commands.find(({ name }) => name === "write");
  if (found === undefined) throw new Error("There is no command write");
  return found;
}

/** Options that take a value, by both names. */
export function valueNames({ options }: CompletedCommand): string[] {
  return options.filter(({ takesValue }) => takesValue).flatMap(({ long, short }) =>
    short === undefined ? [long] : [long, short]
  );
}

/** A word for a shell of this family. */
export const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
