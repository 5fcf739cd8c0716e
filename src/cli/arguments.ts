/**
 * Arguments read by a command's table.
 *
 * Options and operands may be mixed; `--` ends the options, and where a command starts a program, all words behind it
 * are that program's. `--name value` and `--name=value` are the same, `-r` may be
 * joined with other letters, and of an option that is given twice the last one counts, so that a script can put its
 * wishes behind those of a wrapper. Names are never guessed: a script that relies on an abbreviation breaks when the
 * next option is added.
 */
import { mayBeLossy } from "../core/path.ts";
import { nearest } from "./nearest.ts";
import {
  type CommandTable,
  commonOptions,
  type CommonValues,
  type Operand,
  type OperandTable,
  type OperandValues,
  type Option,
  type OptionTable,
  type OptionValues,
  UnreadableValue,
} from "./table.ts";

/** The command was called wrongly. */
export class UsageError extends Error {
  override readonly name: string = "UsageError";
  /** A way out. */
  readonly hint: string | undefined;
  /** What is wrong, and perhaps a way out. */
  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}

/** Arguments of a command. */
export interface ParsedArguments<Table extends CommandTable> {
  readonly operands: OperandValues<Table["operands"]>;
  readonly options: OptionValues<Table["options"]>;
  readonly common: CommonValues;
}

/** `skipEqual` as it is typed: `--skip-equal`. */
export function optionName(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** `file` as it is shown: FILE. */
export function operandName(key: string): string {
  return key.toUpperCase();
}

interface Found {
  /** As it was typed. */
  readonly name: string;
  readonly key: string;
  readonly option: Option<unknown>;
}

/** Bun takes a "--" that comes first for its own, so that this is the surest way. */
function asFile(name: string): string {
  return `to name a file that starts with "-", write ./${name}`;
}

function findLong(name: string, table: OptionTable): Found {
  const entry = Object.entries(table).find(([key, { aliases }]) => optionName(key) === name || aliases?.includes(name));
  if (entry !== undefined) return { name, key: entry[0], option: entry[1] };
  const similar = nearest(name, Object.keys(table).map(optionName));
  throw new UsageError(`There is no option ${name}`, similar === undefined ? asFile(name) : `did you mean ${similar}?`);
}

function findShort(letter: string, table: OptionTable): Found {
  const entry = Object.entries(table).find(([, { short, aliases }]) =>
    short === letter || aliases?.includes(`-${letter}`)
  );
  if (entry === undefined) throw new UsageError(`There is no option -${letter}`, asFile(`-${letter}`));
  return { name: `-${letter}`, key: entry[0], option: entry[1] };
}

function valueOf({ name, option }: Found, text: string): unknown {
  try {
    return option.read(text);
  } catch (error) {
    if (!(error instanceof UnreadableValue)) throw error;
    throw new UsageError(`${name} ${error.wanted}, not ${JSON.stringify(text)}`);
  }
}

/** A name that is not UTF-8 would be changed, and another file written. */
function checkFaithful(name: string, text: string): void {
  if (!mayBeLossy(text)) return;
  throw new UsageError(`${name} must be UTF-8, which ${JSON.stringify(text)} was not, or holds U+FFFD`);
}

interface SplitArguments {
  readonly values: Map<string, unknown>;
  /** What is left in front of `--`. */
  readonly rest: string[];
  /** What is behind it. */
  readonly tail: string[];
}

/** How many operands come before a program that needs no `--` in front of it. */
function operandsBeforeProgram(table: OperandTable): number {
  const isBare = Object.values(table).some(({ bare }) => bare);
  return isBare ? Object.keys(table).length - 1 : Infinity;
}

/** Splits arguments into the values of options and what is left, of which there are at most `most` before the tail. */
function readOptions(args: readonly string[], table: OptionTable, most: number): SplitArguments {
  const values = new Map<string, unknown>();
  const rest: string[] = [];
  const tail: string[] = [];
  const queue = [...args];
  const takeValue = (found: Found, joined: string | undefined) => {
    const text = joined ?? queue.shift();
    if (text === undefined) throw new UsageError(`${found.name} needs a value: ${found.option.value}`);
    checkFaithful(found.name, text);
    values.set(found.key, valueOf(found, text));
  };
  for (let word = queue.shift(); word !== undefined; word = queue.shift()) {
    if (word === "--") {
      tail.push(...queue.splice(0));
    } else if (word.startsWith("--")) {
      const equals = word.indexOf("=");
      const found = findLong(equals < 0 ? word : word.slice(0, equals), table);
      const joined = equals < 0 ? undefined : word.slice(equals + 1);
      if (found.option.value !== undefined) takeValue(found, joined);
      else if (joined === undefined) values.set(found.key, found.option.read(""));
      else throw new UsageError(`${found.name} takes no value`);
    } else if (word.startsWith("-") && word !== "-") {
      for (let letters = word.slice(1); letters !== ""; letters = letters.slice(1)) {
        const found = findShort(letters.slice(0, 1), table);
        if (found.option.value === undefined) {
          values.set(found.key, found.option.read(""));
          continue;
        }
        takeValue(found, letters.length > 1 ? letters.slice(1) : undefined);
        break;
      }
    } else if (rest.length < most) {
      rest.push(word);
    } else {
      tail.push(word, ...queue.splice(0));
    }
  }
  return { values, rest, tail };
}

function checkOperand(name: string, text: string, operand: Operand | undefined): void {
  if (text === "") throw new UsageError(`${name} must not be empty`);
  checkFaithful(name, text);
  if (text !== "-" || operand?.standardInput) return;
  const ways = [...operand?.insteadOfDash === undefined ? [] : [operand.insteadOfDash], 'a file of that name is "./-"'];
  throw new UsageError(`${name} must be the name of a file, not "-"`, ways.join("; "));
}

function readOperands({ rest: front, tail }: SplitArguments, table: OperandTable): Record<string, string | string[]> {
  const values: Record<string, string | string[]> = {};
  const program = Object.keys(table).find((key) => table[key]?.rest);
  const keys = Object.keys(table).filter((key) => key !== program);
  const rest = program === undefined ? [...front, ...tail] : [...front];
  const taken = keys.map(operandName).join(" ");
  for (const [index, key] of keys.entries()) {
    const operand = table[key];
    const found = operand?.many ? rest.splice(index) : rest.slice(index, index + 1);
    if (found.length === 0 && !operand?.optional) {
      throw new UsageError(`${operandName(key)} is missing`, "see --help");
    }
    for (const text of found) checkOperand(operandName(key), text, operand);
    if (operand?.many) values[key] = found;
    else if (found[0] !== undefined) values[key] = found[0];
  }
  const extra = rest[keys.length];
  if (extra !== undefined) {
    const way = program === undefined ? undefined : `put the program after "--": -- ${extra} …`;
    const verb = keys.length === 1 ? "is" : "are";
    throw new UsageError(`Unexpected argument ${JSON.stringify(extra)}; only ${taken} ${verb} accepted`, way);
  }
  if (program !== undefined) {
    if (tail.length === 0 && !table[program]?.optional) {
      throw new UsageError(`${operandName(program)} is missing`, 'put it after "--"');
    }
    if (tail[0] === "") throw new UsageError(`${operandName(program)} must not be empty`);
    values[program] = tail;
  }
  return values;
}

/** Reads arguments by a table; throws a UsageError. With `--help` the operands may be missing. */
export function parseArguments<Table extends CommandTable>(
  args: readonly string[],
  table: Table,
): ParsedArguments<Table> {
  const most = operandsBeforeProgram(table.operands);
  const split = readOptions(args, { ...table.options, ...commonOptions }, most);
  const { values } = split;
  const pick = (names: OptionTable) => Object.fromEntries([...values].filter(([key]) => Object.hasOwn(names, key)));
  const common = pick(commonOptions) as CommonValues;
  return {
    operands: (common.help ? {} : readOperands(split, table.operands)) as OperandValues<Table["operands"]>,
    options: pick(table.options) as OptionValues<Table["options"]>,
    common,
  };
}
