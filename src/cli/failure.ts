/**
 * What went wrong, as the command tells it: a line for people, an object for machines, a status for scripts.
 */
import {
  FileError,
  InvalidArgument,
  messageOf,
  OutOfRange,
  type Remedy,
  RollbackFailedError,
  WriteError,
} from "../core/errors.ts";
import { quoted } from "./shown.ts";
import { isStopSignal, signalNumbers, type StopSignal } from "../runtime/host/command_host.ts";
import { optionName, UsageError } from "./arguments.ts";
import { type ExitStatus, exitStatus, statusOf, statusOfFileError } from "./exit_status.ts";
import { Interrupted } from "./interruption.ts";
import { ProgramFailed } from "./program/failed.ts";
import type { OptionTable } from "./table.ts";
import { outputLines, type ProgramReport, StepFailed } from "./program/failed.ts";

/** What `--json` prints of an error. */
interface ErrorForMachines {
  readonly code: string;
  readonly step: string;
  readonly targetState: string;
  readonly path?: string;
  readonly message: string;
  readonly hint?: string;
  /** Names of this command that it could not remove. */
  readonly leftBehind?: readonly string[];
  /** Programs that have failed, in the order in which they ran. */
  readonly programs?: readonly ProgramReport[];
  /** After a rollback that did not come to its end: what is where. */
  readonly files?: RollbackFailedError["files"];
  /** Where that is written down for `recover`. */
  readonly journal?: string;
}

/** An error as the command tells it. */
export interface Failure {
  readonly status: ExitStatus;
  /** Lines for standard error. */
  readonly lines: readonly string[];
  readonly error: ErrorForMachines;
  /** The signal the command ends by. */
  readonly signal?: StopSignal;
}

/** Standard output takes no more of what a command prints while it works. */
export class OutputFailed extends Error {
  override readonly name: string = "OutputFailed";
  /** Why: EPIPE when nobody reads any more. */
  readonly code: string;
  /** Only a command that changes nothing prints while it works. */
  constructor(code: string) {
    super(`Cannot print the result (${code})`);
    this.code = code;
  }
}

/** What is said when a change was made but could not be reported. */
export const resultUntold = (code: string): string =>
  `The command was carried out, but its result cannot be printed (${code})`;

/** The failure of a record that is not the first: what was appended before it stays. */
export function failedAfterRecord(error: unknown, last: number): unknown {
  if (!FileError.is(error)) return error;
  const { reason, code, path, step, targetState } = error;
  const details = { code, path, step, targetState, cause: error };
  return new WriteError("Cannot append more to", `${reason}, after record number ${last}`, details);
}

function outputFailure({ code, message }: OutputFailed): Failure {
  const error = { code, step: "write", targetState: "unchanged", message };
  // A reader who has gone away needs no message: that is how SIGPIPE ends every other program.
  return code === "EPIPE" ? { status: 128 + signalNumbers.SIGPIPE, lines: [], error } : failure(statusOf(code), error);
}

/** Where there is something to do about an error that its message does not say. */
const hints: readonly { code: string; step?: string; verbs?: readonly string[]; option?: string; hint: string }[] = [
  { code: "ENODATA", option: "allowEmpty", hint: "use --allow-empty if it is meant to be empty" },
  {
    code: "ENOENT",
    step: "openDirectory",
    verbs: ["Cannot create", "Cannot replace", "Cannot write", "Cannot copy", "Cannot update", "Cannot append to"],
    option: "mkdir",
    hint: "--mkdir creates missing directories",
  },
  { code: "EBUSY", step: "rename", hint: "a single mounted file cannot be replaced: mount its directory" },
  { code: "EBUSY", step: "resolve", hint: "mount its directory instead" },
  {
    code: "ENOTCAPABLE",
    step: "program",
    hint: "grant the runtime --allow-run",
  },
  { code: "ENOTCAPABLE", hint: "grant the runtime --allow-read and --allow-write for the directory of the file" },
];

/** What helps, in the words of the command where the module names an option or a function of its own. */
const advice: Readonly<Record<Remedy["use"], (remedy: Remedy) => string | undefined>> = {
  adopt: () => "publish over it with --adopt",
  breakLock: ({ path = "." }) => `if you know that it is dead, run: atomic-write lock --break ${quoted(path)}`,
  join: () => "use its lock (--join), or leave this one out",
  lockDirectory: () => "choose a --lock-directory",
  recoverTransactions: ({ path = "." }) => `run: atomic-write recover ${quoted(path)}`,
  symlink: () => "--symlink trust follows it",
  unsafePath: () => "--unsafe-path allow uses it nevertheless",
  trust: ({ users = [] }) => `--trust ${users} makes it count`,
};

/** The options that these words name. A command that has none of the kind says what is wrong, and no more. */
const optionsOfAdvice: Partial<Record<Remedy["use"], string>> = {
  adopt: "adopt",
  join: "join",
  lockDirectory: "lockDirectory",
  symlink: "symlink",
  unsafePath: "unsafePath",
  trust: "trust",
};

/** Whether the command has that option, if one is needed. */
const isTaken = (option: string | undefined, options: OptionTable | undefined): boolean =>
  option === undefined || options === undefined || Object.hasOwn(options, option);

/** What helps somebody whose command has these options. */
function advised(remedy: Remedy, options: OptionTable | undefined): string | undefined {
  const option = optionsOfAdvice[remedy.use];
  return isTaken(option, options) ? advice[remedy.use](remedy) : undefined;
}

function hintFor({ code, step, verb }: FileError, options: OptionTable | undefined): string | undefined {
  return hints.find((hint) => {
    return hint.code === code && (hint.step ?? step) === step && isTaken(hint.option, options) &&
      (hint.verbs?.some((words) => verb.startsWith(words)) ?? true);
  })?.hint;
}

function failure(
  status: ExitStatus,
  error: ErrorForMachines,
  more: { readonly lines?: readonly string[]; readonly signal?: StopSignal } = {},
): Failure {
  const hint = error.hint === undefined ? [] : [`hint: ${error.hint}`];
  return { ...more, status, error, lines: [error.message, ...hint, ...more.lines ?? []] };
}

/** The programs whose failures are behind an error, the first one first. */
function programsOf(error: FileError): StepFailed[] {
  const causes = [error.cause, ...RollbackFailedError.is(error) ? error.rollbackErrors : []];
  return causes.filter((cause) => cause instanceof StepFailed);
}

const contents = {
  old: "is the old one",
  new: "is the new one",
  other: "is neither the old nor the new one",
  unknown: "cannot be read",
} as const;

const directoryOf = (path: string): string => JSON.stringify(path.replace(/[/\\][^/\\]*$/, ""));

function rollbackLines({ files, journal, rollbackErrors }: RollbackFailedError): string[] {
  const others = rollbackErrors.filter((error) => !(error instanceof StepFailed));
  return [
    ...others.map((error) => `while rolling back: ${error instanceof Error ? error.message : String(error)}`),
    ...files.map(({ path, content, backup }) => {
      const kept = backup === undefined ? "" : `; the old one is ${JSON.stringify(backup)}`;
      return `${JSON.stringify(path)} ${contents[content]}${kept}`;
    }),
    ...journal === undefined ? [] : [
      `when the cause is fixed, do it again, or run: atomic-write recover --activate PROGRAM ${directoryOf(journal)}`,
    ],
  ];
}

function fileFailure(error: FileError, options: OptionTable | undefined): Failure {
  const { code, step, targetState, path, leftBehind } = error;
  const message = messageOf(error, (remedy) => advised(remedy, options));
  const hint = hintFor(error, options);
  const programs = programsOf(error);
  const details = {
    ...{ code, step, targetState, path, message },
    ...hint === undefined ? {} : { hint },
    ...leftBehind.length === 0 ? {} : { leftBehind },
    ...programs.length === 0 ? {} : { programs: programs.map(({ report }) => report) },
    ...RollbackFailedError.is(error) ? { files: error.files } : {},
    ...RollbackFailedError.is(error) && error.journal !== undefined ? { journal: error.journal } : {},
  };
  const lines = [
    ...programs.flatMap((program) => [`${program.report.step}: ${program.message}`, ...outputLines(program)]),
    ...RollbackFailedError.is(error) ? rollbackLines(error) : [],
    ...leftBehind.map((name) => `left behind: ${JSON.stringify(name)}`),
  ];
  if (error instanceof ProgramFailed) {
    const { signal } = error;
    return failure(error.status, details, isStopSignal(signal) ? { lines, signal } : { lines });
  }
  if (error instanceof Interrupted) {
    const { stopSignal: signal } = error;
    if (signal === undefined) return failure(128 + signalNumbers[error.signal], details, { lines });
    return failure(exitStatus.done, details, { lines, signal });
  }
  return failure(statusOfFileError(error), details, { lines });
}

function callFailure(message: string, hint: string | undefined): Failure {
  const error = { code: "EUSAGE", step: "arguments", targetState: "unchanged", message };
  return failure(exitStatus.usage, hint === undefined ? error : { ...error, hint });
}

/**
 * Whether a function of this module has refused a value that cannot be so, before it touched anything. (A RangeError of
 * the runtime's own says that memory or the stack was exhausted: no value is to blame.)
 */
export const isRefusedValue = (error: unknown): error is RangeError => error instanceof OutOfRange;

/** Whether a function of this module has refused an argument. (Any other TypeError is a mistake of the program.) */
export const isWrongArgument = (error: unknown): error is TypeError => error instanceof InvalidArgument;

/** Tells an error. `options`: those of the command, where it is known by then. */
export function describeFailure(error: unknown, options?: OptionTable): Failure {
  if (FileError.is(error)) return fileFailure(error, options);
  if (error instanceof OutputFailed) return outputFailure(error);
  if (error instanceof UsageError) return callFailure(error.message, error.hint);
  if (isRefusedValue(error)) {
    return callFailure(error.message.replace(/^[a-z]\w*(?= must )/, optionName), undefined);
  }
  const message = `Internal error: ${error instanceof Error ? error.message : String(error)}`;
  const lines = error instanceof Error && error.stack !== undefined ? [error.stack] : [];
  return failure(exitStatus.internal, { code: "EINTERNAL", step: "unknown", targetState: "unknown", message }, {
    lines,
  });
}
