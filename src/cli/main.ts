/**
 * One call of the command: which command, what it was given, what it answers, how the process ends.
 *
 * The first argument (but for --json, --quiet and --help) is a command if it is the name of one; otherwise everything is
 * for `write`, so that `… | atomic-write FILE` works. A FILE that is named like a command must be given as `./NAME` or after the word `write`: a misplaced command must not become a file.
 */
import { type CommandHost, signalNumbers, type StopSignal } from "../runtime/host/command_host.ts";
import { currentCommandHost } from "../runtime/host/current_command_host.ts";
import { SystemError } from "../runtime/system_error.ts";
import { optionName, parseArguments, type ParsedArguments, UsageError } from "./arguments.ts";
import { type ExitStatus, exitStatus, statusOf } from "./exit_status.ts";
import { describeFailure, type Failure, OutputFailed, resultUntold } from "./failure.ts";
import { abortOnSignal } from "./interruption.ts";
import { nearest } from "./nearest.ts";
import { type Command, commandNamed, commands, groups, isGroup, isReserved, membersOf } from "./registry.ts";
import type { Report, Unit } from "./progress.ts";
import { shownText } from "./shown.ts";
import { hasLines, TerminalLine } from "./terminal_line.ts";
import { type CommandTable, commonOptions, type CommonValues, type OptionTable, type Outcome } from "./table.ts";

interface Selected {
  /** What it is called: one word, or that of its group and its own. */
  readonly name: string;
  readonly command: Command;
  readonly args: readonly string[];
  /** The word `write` was left out. */
  readonly implied: boolean;
}

/** A group whose help is asked for. */
interface Group {
  readonly group: string;
}

/** What may stand before the command. */
const commonWords: ReadonlySet<string> = new Set(
  Object.entries(commonOptions).flatMap(([key, { short }]) => [optionName(key), `-${short}`]),
);

function select(args: readonly string[]): Selected | Group {
  const place = args.findIndex((word) => !commonWords.has(word));
  const first = args[place];
  const others = args.toSpliced(place, 1);
  if (first === "help") return selectForHelp(others);
  if (isGroup(first)) return selectMember(first, others);
  const command = first === undefined ? undefined : commandNamed(first);
  if (first !== undefined && command !== undefined) return { name: first, command, args: others, implied: false };
  return { name: "write", command: commands.write, args, implied: true };
}

/** `help store put`: what is no command has no help. */
function selectForHelp(words: readonly string[]): Selected | Group {
  const [first] = words.filter((word) => !commonWords.has(word));
  if (first !== undefined && !isReserved(first)) {
    throw new UsageError(`There is no command "${first}"`, meantCommand(first));
  }
  return select([...words.slice(0, isGroup(first) ? 2 : 1), "--help"]);
}

/** A command that somebody may have meant. */
function meantCommand(word: string): string | undefined {
  const similar = nearest(word, [...Object.keys(commands), ...Object.keys(groups)]);
  return similar === undefined ? undefined : `did you mean the command ${similar}?`;
}

/** `store put`: the second word is the command. */
function selectMember(group: string, args: readonly string[]): Selected | Group {
  const place = args.findIndex((word) => !commonWords.has(word));
  const word = args[place];
  const members = membersOf(group);
  if (word === undefined && args.some((word) => word === "--help" || word === "-h")) return { group };
  const name = `${group} ${word}`;
  const command = word === undefined ? undefined : commandNamed(name);
  if (command !== undefined) return { name, command, args: args.toSpliced(place, 1), implied: false };
  const similar = nearest(word ?? "", members);
  throw new UsageError(
    word === undefined ? `${group} what?` : `There is no command "${name}"`,
    similar === undefined
      ? `there is ${members.map((member) => `${group} ${member}`).join(", ")}`
      : `did you mean ${group} ${similar}?`,
  );
}

/** Reads the arguments of a `write` that was left out: what they say may be meant for a mistyped command. */
function parseImplied<Table extends CommandTable>(args: readonly string[], table: Table): ParsedArguments<Table> {
  try {
    return parseArguments(args, table);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const meant = meantCommand(args.find((word) => !word.startsWith("-")) ?? "");
    throw meant === undefined ? error : new UsageError(error.message, meant);
  }
}

/** Reads the arguments. Where `write` was left out, a word that names a command may explain what is wrong. */
function parse<Table extends CommandTable>({ args, implied }: Selected, table: Table): ParsedArguments<Table> {
  if (!implied) return parseArguments(args, table);
  const misplaced = args.find(isReserved);
  if (misplaced === undefined) return parseImplied(args, table);
  const order = `"${misplaced}" is a command, and a command comes first`;
  let parsed: ParsedArguments<Table>;
  try {
    parsed = parseArguments(args, table);
  } catch (error) {
    throw error instanceof UsageError ? new UsageError(error.message, error.hint ?? order) : error;
  }
  const { file } = parsed.operands as { file?: string };
  if (file === misplaced) throw new UsageError(order, `a file of that name is "./${misplaced}"`);
  return parsed;
}

async function help(host: CommandHost, selected: Selected | Group): Promise<ExitStatus> {
  const { commandHelp, groupHelp, topHelp } = await import("./help.ts");
  const width = Math.min(host.columns("output") ?? 80, 100);
  if ("group" in selected) return print(host, groupHelp(selected.group, width), false);
  const { name, command, implied } = selected;
  const text = implied ? topHelp(width) : commandHelp(name, command.table, width);
  return print(host, text, false);
}

/** Prints; the status. A reader who has gone away is no failure of a change that was made. */
function print(host: CommandHost, text: string, changing: boolean): ExitStatus {
  try {
    host.write("output", text);
    return exitStatus.done;
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    if (error.code === "EPIPE") return changing ? exitStatus.done : 128 + signalNumbers.SIGPIPE;
    complain(host, [changing ? resultUntold(error.code) : `Cannot print the result (${error.code})`]);
    return statusOf(error.code);
  }
}

function printPiece(host: CommandHost, content: string | Uint8Array): void {
  clearLines();
  try {
    host.write("output", content);
  } catch (error) {
    throw error instanceof SystemError ? new OutputFailed(error.code) : error;
  }
}

/** What is shown of work that goes on. */
const shownLines = new Set<Pick<TerminalLine, "clear">>();

function clearLines(): void {
  for (const line of shownLines) line.clear();
}

async function progress(host: CommandHost, title: string, unit: Unit): Promise<Report> {
  if (!hasLines(host)) return () => {};
  const { startProgress } = await import("./progress.ts");
  const line = startProgress(host, title, unit);
  shownLines.add(line);
  return (done, total, step) => line.report(done, total, step);
}

function startLine(host: CommandHost): TerminalLine | undefined {
  if (!hasLines(host)) return undefined;
  const line = new TerminalLine(host);
  shownLines.add(line);
  return line;
}

/** Writes lines to standard error; where nobody reads them, there is nobody to tell. */
function complain(host: CommandHost, lines: readonly string[]): void {
  clearLines();
  try {
    host.write("errors", lines.map((line) => `atomic-write: ${shownText(line)}\n`).join(""));
  } catch {
    // See above.
  }
}

/** How the process shall end. */
interface End {
  readonly status: ExitStatus;
  readonly signal?: StopSignal | undefined;
}

function report(host: CommandHost, outcome: Outcome, common: CommonValues, known: OptionTable): End {
  clearLines();
  const failures = (outcome.failures ?? []).map((error) => describeFailure(error, known));
  const [first] = failures;
  const errors = first === undefined ? {} : { error: first.error, errors: failures.map(({ error }) => error) };
  const lines = common.json
    ? [shownText(JSON.stringify({ ...outcome.result, ...errors }))]
    : common.quiet
    ? []
    : (outcome.output ?? []).map((line) => outcome.isColoured ? line : shownText(line));
  const printed = print(host, lines.map((line) => `${line}\n`).join(""), outcome.changing);
  if (!common.quiet) complain(host, outcome.notes ?? []);
  else if (!common.json) complain(host, outcome.reasons ?? []);
  complain(host, failures.flatMap((failure) => failure.lines));
  const status = outcome.status ?? first?.status ?? exitStatus.done;
  return { status: status === exitStatus.done ? printed : status, signal: outcome.signal ?? first?.signal };
}

/** `found` gets the table of the command before that runs. */
async function execute(
  host: CommandHost,
  args: readonly string[],
  found: (table: CommandTable) => void,
): Promise<End> {
  const selected = select(args);
  if ("group" in selected) return { status: await help(host, selected) };
  const { table } = selected.command;
  const { operands, options, common } = parse(selected, table);
  if (common.help) return { status: await help(host, selected) };
  found(table);
  const { run } = await selected.command.load();
  const outcome = await run({
    host,
    operands,
    options,
    json: common.json === true,
    print: (content) => common.quiet ? undefined : printPiece(host, content),
    note: (line) => common.quiet ? undefined : complain(host, [line]),
    progress: (title, unit) => common.quiet ? Promise.resolve(() => {}) : progress(host, title, unit),
    line: () => common.quiet ? undefined : startLine(host),
    abortOnSignal: (attempt, path) => abortOnSignal(host, attempt, path),
  });
  return report(host, outcome, common, table.options);
}

function asksForJson(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return (end < 0 ? args : args.slice(0, end)).includes("--json");
}

function fail(host: CommandHost, failure: Failure): ExitStatus {
  complain(host, failure.lines);
  if (asksForJson(host.arguments)) print(host, `${shownText(JSON.stringify({ error: failure.error }))}\n`, false);
  return failure.status;
}

/** Runs the command and ends the process. */
export async function main(): Promise<never> {
  const host = await currentCommandHost();
  let end: End;
  let table: CommandTable | undefined;
  try {
    end = await execute(host, host.arguments, (found) => table = found);
  } catch (error) {
    const failure = describeFailure(error, table?.options);
    end = { ...failure, status: fail(host, failure) };
  }
  if (end.signal !== undefined) return await host.endBySignal(end.signal);
  return host.exit(end.status);
}
