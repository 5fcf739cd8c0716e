/**
 * What a command takes, as data: the parser, `--help`, the shells' completions and docs/command.md are all made from
 * one table for each command (grammar/).
 */
import { parseDigest } from "../core/digest.ts";
import type { CommandHost, StopSignal } from "../runtime/host/command_host.ts";
import type { ExitStatus } from "./exit_status.ts";
import type { Report, Unit } from "./progress.ts";
import { anyOf } from "./shown.ts";
import type { TerminalLine } from "./terminal_line.ts";

/** An option: `--name VALUE`, or a flag. Its name is the table's key with dashes: `skipEqual` is `--skip-equal`. */
export interface Option<Value> {
  /** What it does, in a sentence without its dot. */
  readonly help: string;
  /** Its one-letter name. */
  readonly short?: string;
  /** What other programs call it, as it is typed: accepted, and in no list. */
  readonly aliases?: readonly string[];
  /** The name of the value in help texts; a flag has none. */
  readonly value?: string;
  /** All there is to choose from. */
  readonly words?: readonly string[];
  /** Reads the value, or throws an UnreadableValue. */
  read(text: string): Value;
}

/** A value that cannot be one of this option. */
export class UnreadableValue extends Error {
  override readonly name: string = "UnreadableValue";
  /** `must be …`. */
  readonly wanted: string;
  /** Says what it should be: `must be …`. */
  constructor(wanted: string) {
    super(wanted);
    this.wanted = wanted;
  }
}

/** Something that is given without a name: FILE. It is shown in capitals. */
export interface Operand {
  readonly help: string;
  readonly optional?: boolean;
  /** It is all the words behind `--`, of which there must be one at least, unless it is optional. */
  readonly rest?: boolean;
  /** With `rest`: `--` may be left out, and the first word that is neither an option nor another operand begins it. */
  readonly bare?: boolean;
  /** It is all that is left of the words in front of `--`: one or more, or with `optional` none. */
  readonly many?: boolean;
  /** All there is to choose from, for the shells' completions. */
  readonly words?: readonly string[];
  /** `-` means standard input. */
  readonly standardInput?: boolean;
  /** What to do instead, where `-` might be expected to mean standard input, but does not. */
  readonly insteadOfDash?: string;
}

/** Options by name. */
export type OptionTable = Readonly<Record<string, Option<unknown>>>;
/** Operands in their order. */
export type OperandTable = Readonly<Record<string, Operand>>;

/** Everything a command takes. */
export interface CommandTable {
  /** What it does, in sentences; an element is a paragraph. */
  readonly description: readonly string[];
  readonly operands: OperandTable;
  readonly options: OptionTable;
  /** The exit statuses it may have beside those of every command (help.ts). */
  readonly statuses: readonly ExitStatus[];
  /** Lines that can be pasted into a shell. */
  readonly examples: readonly string[];
}

/** The values of options. */
export type OptionValues<Options extends OptionTable> = {
  readonly [Name in keyof Options]?: Options[Name] extends Option<infer Value> ? Value : never;
};

/** The values of operands. */
export type OperandValues<Operands extends OperandTable> = {
  readonly [Name in keyof Operands]: Operands[Name] extends { readonly rest: true } | { readonly many: true }
    ? readonly string[]
    : Operands[Name] extends { readonly optional: true } ? string | undefined
    : string;
};

/** A command called with these values. */
export interface Call<Table extends CommandTable = CommandTable> {
  readonly host: CommandHost;
  readonly operands: OperandValues<Table["operands"]>;
  readonly options: OptionValues<Table["options"]>;
  /** Whether the result is to be printed for a machine: standard output is then for nothing else. */
  readonly json: boolean;
  /** Prints on standard output while the work goes on. Throws an OutputFailed when nobody reads it. */
  print(content: string | Uint8Array): void;
  /** Says something on standard error while the work goes on, unless the user wants it quiet. */
  note(line: string): void;
  /**
   * What tells a person at a terminal how far long work has come: `title` is what is being done, `unit` what is counted.
   * Nothing is shown in the first second, and nowhere but on a terminal.
   */
  progress(title: string, unit: Unit): Promise<Report>;
  /**
   * A line of the terminal for what goes on: removed before anything else is written. Undefined where there is no
   * terminal, and where the user wants it quiet.
   */
  line(): TerminalLine | undefined;
  /**
   * From now on SIGINT, SIGTERM and SIGHUP do not end the process but abort this signal. Without it they do what they
   * always do: commands that may be stopped at any point need nothing else.
   *
   * @param attempt What is being tried: `Cannot write`.
   * @param path On which file.
   */
  abortOnSignal(attempt: string, path: string): AbortSignal;
}

/** What a command has to say at its end. */
export interface Outcome {
  /** For machines. */
  readonly result: object;
  /** Lines for standard output. */
  readonly output?: readonly string[];
  /** Whether these lines have colours: then whatever else would drive a terminal has been escaped in them already. */
  readonly isColoured?: boolean;
  /** Lines for standard error: what went well, but not as it might be expected. */
  readonly notes?: readonly string[];
  /** Those of these lines that call for the status: where it is to be quiet, they are on standard error. */
  readonly reasons?: readonly string[];
  /** What failed while other things were done. The first one decides how the command ends, unless `status` does. */
  readonly failures?: readonly unknown[];
  /** By default 0. */
  readonly status?: ExitStatus;
  /** The signal that the program ended by which this command ran: it ends likewise. */
  readonly signal?: StopSignal;
  /** Whether a file may have been changed: a status of 0 then stands even when nobody reads the output. */
  readonly changing: boolean;
}

/** A flag. */
export function flag(help: string, short?: string, aliases: readonly string[] = []): Option<boolean> {
  return { help, ...short === undefined ? {} : { short }, aliases, read: () => true };
}

/** One of some words. */
export function oneOf<const Word extends string>(words: readonly Word[], help: string): Option<Word> {
  return {
    help,
    value: words.join("|"),
    words,
    read(text) {
      const word = words.find((candidate) => candidate === text);
      if (word === undefined) throw new UnreadableValue(`must be ${anyOf(words)}`);
      return word;
    },
  };
}

/** A whole number from `least` on. */
export function count(value: string, help: string, least = 0): Option<number> {
  return {
    help,
    value,
    read(text) {
      const number = /^[0-9]+$/.test(text) ? Number(text) : NaN;
      if (!Number.isSafeInteger(number)) throw new UnreadableValue("must be a whole number");
      if (number < least) throw new UnreadableValue(`must be ${least} at least`);
      return number;
    },
  };
}

/** Any text but an empty one. */
export function text(value: string, help: string, short?: string): Option<string> {
  return {
    help,
    value,
    ...short === undefined ? {} : { short },
    read(text) {
      if (text === "") throw new UnreadableValue("must not be empty");
      return text;
    },
  };
}

/** A SHA-256. */
export function sha256(help: string): Option<string> {
  return {
    help,
    value: "DIGEST",
    read(text) {
      const digest = parseDigest(text);
      if (digest === undefined) throw new UnreadableValue("must be a SHA-256 in 64 hexadecimal digits");
      return digest;
    },
  };
}

/** A span of time in seconds, which may have a fraction. */
export function seconds(
  value: string,
  help: string,
  short?: string,
  aliases: readonly string[] = [],
): Option<number> {
  return {
    help,
    value,
    aliases,
    ...short === undefined ? {} : { short },
    read(text) {
      const number = /^([0-9]+\.?[0-9]*|\.[0-9]+)$/.test(text) ? Number(text) : NaN;
      if (!Number.isFinite(number)) throw new UnreadableValue("must be a number of seconds");
      return number;
    },
  };
}

/** A program and its arguments. Nothing is split: a shell would interpret a text in ways that nobody can rely on. */
export function programWords(help: string): Option<readonly string[]> {
  return {
    help,
    value: "PROGRAM|JSON",
    read(text) {
      if (!text.startsWith("[")) {
        if (text === "") throw new UnreadableValue("must name a program");
        return [text];
      }
      let words: unknown;
      try {
        words = JSON.parse(text);
      } catch {
        // Told below.
      }
      if (!Array.isArray(words) || words.length === 0 || words[0] === "" || !words.every(isWord)) {
        throw new UnreadableValue(
          "must be a program, or a JSON array of a program and its arguments, all of them strings",
        );
      }
      return words;
    },
  };
}

const isWord = (value: unknown): boolean => typeof value === "string" && !value.includes("\0");

/** What every command takes. */
export const commonOptions = {
  json: flag("Print the result, or the error, as one JSON object on standard output"),
  quiet: flag("Print nothing but errors", "q"),
  help: flag("Print this help", "h"),
} satisfies OptionTable;

/** Their values. */
export type CommonValues = OptionValues<typeof commonOptions>;
