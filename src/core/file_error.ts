/**
 * The base of every error this module throws by itself, beside TypeError and RangeError for bad arguments.
 *
 * A `FileError` answers the three questions a caller has: what could not be done (`message`, `step`), why (`code`,
 * `cause`), and what happened to the file (`targetState`). `X.is(value)` recognises an error of class X even when it was
 * made by another copy of this module. Failures while cleaning up never take the place of the first error: they are in
 * `cleanupErrors`, and what could not be removed is in `leftBehind`.
 *
 * Each class has a literal `name`, so that TypeScript tells classes of the same shape apart: without it, the branch
 * after `X.is(error)` would have no error left.
 */

import { quoted, shownText } from "./quotation.ts";

/** What happened to the file: unchanged, replaced (visible, perhaps not yet durable), or unknown. */
export type TargetState = "unchanged" | "replaced" | "unknown";

/** What an error speaks of when it says what happened: what stays as it was if nothing was changed. */
export type Subject =
  | "file"
  | "new file"
  | "target"
  | "files"
  | "log"
  | "record"
  | "more records"
  | "sealed log"
  | "object"
  | "objects"
  | "quarantined object"
  | "publication"
  | "nothing";

/** What an attempt is about, by the words that begin its message; everything else is about a file. */
const subjects: Readonly<Record<string, Subject>> = {
  "Cannot append more to": "more records",
  "Cannot append to": "record",
  "Cannot apply": "files",
  "Cannot break the lock of": "nothing",
  "Cannot checkpoint": "log",
  "Cannot collect garbage in": "objects",
  "Cannot create": "new file",
  "Cannot deploy": "files",
  "Cannot examine": "nothing",
  "Cannot find": "nothing",
  "Cannot inspect the lock of": "nothing",
  "Cannot keep": "object",
  "Cannot list": "nothing",
  "Cannot list the backups of": "nothing",
  "Cannot list the generations of": "nothing",
  "Cannot lock": "nothing",
  "Cannot look at": "nothing",
  "Cannot look at the lock of": "nothing",
  "Cannot open": "nothing",
  "Cannot publish": "publication",
  "Cannot quarantine": "quarantined object",
  "Cannot read": "nothing",
  "Cannot read from": "nothing",
  "Cannot read the references in": "nothing",
  "Cannot recover": "nothing",
  "Cannot remove from": "objects",
  "Cannot remove objects from": "objects",
  "Cannot repair": "log",
  "Cannot roll back": "publication",
  "Cannot run": "nothing",
  "Cannot seal": "sealed log",
  "Cannot store": "object",
  "Cannot store into": "object",
  "Cannot sweep": "nothing",
  "Cannot unlock": "nothing",
  "Cannot verify": "nothing",
};

/** What would help: an option of the call that failed, or another function of this module. */
export interface Remedy {
  /** The name of the option or function. */
  readonly use:
    | "adopt"
    | "breakLock"
    | "join"
    | "lockDirectory"
    | "recoverTransactions"
    | "symlink"
    | "trust"
    | "unsafePath";
  /** What to call the function with. */
  readonly path?: string;
  /** Numbers of the users to trust. */
  readonly users?: readonly number[];
}

/** What a {@linkcode FileError} is made from. */
export interface FileErrorDetails {
  /** A portable code such as `"ENOSPC"`, or one of this module's own such as `"ECONFLICT"`. */
  code: string;
  /** The file the caller named, resolved. */
  path: string;
  /** What the message names, if it is not `path`. */
  named?: string;
  /** The step that failed, in the words of a trace: `"create"`, `"write"`, `"sync"`, `"rename"`, … */
  step: string;
  /** What happened to the file at `path`. */
  targetState: TargetState;
  /** What would help, where one option or function does. */
  remedy?: Remedy | undefined;
  /** The first cause. */
  cause?: unknown;
}

const messageParts = ["verb", "named", "reason", "subject", "outcome", "remedy"] as const;

/** What is said of the subject of an attempt that changed nothing. */
const unchanged: Readonly<Record<Subject, string>> = {
  "file": "the file is unchanged",
  "new file": "no file was created",
  "target": "the target is unchanged",
  "files": "every file is unchanged",
  "log": "the log is unchanged",
  "record": "nothing was appended",
  "more records": "what was appended before is in the log",
  "sealed log": "the log is unchanged",
  "object": "nothing was stored",
  "objects": "nothing was removed",
  "quarantined object": "it is where it was",
  "publication": "it is unchanged",
  "nothing": "nothing was changed",
};

/** What happened to the subject of an attempt, as its error says it. */
function outcomeOf(subject: Subject, { code, step, targetState }: FileErrorDetails): string {
  if (targetState === "unchanged") {
    // The file that was to be created is there already: it stays as it is.
    return unchanged[subject === "new file" && code === "EEXIST" ? "file" : subject];
  }
  if (targetState === "unknown") return "it is not known whether anything was changed";
  if (subject === "sealed log") return "every acknowledged record is in it";
  // All is done and durable before anything is activated: that failing makes the files no less certain.
  return step === "activate" ? "what is in place stays" : "the change is visible, but not proven durable";
}

/** The advice of the library, in the words of its own API. */
const advice: Readonly<Record<Remedy["use"], (remedy: Remedy) => string>> = {
  adopt: () => "publish over it with `adopt: true`",
  breakLock: () => "if you know that it is dead, breakLock frees the lock",
  join: () => "use its lock (`join: true`), or leave this one out",
  lockDirectory: () => "choose a `lockDirectory`",
  symlink: () => '`symlink: "trust"` follows it',
  unsafePath: () => '`unsafePath: "allow"` uses it nevertheless',
  trust: ({ users = [] }) => `\`trust: [${users}]\` makes it count`,
  recoverTransactions: ({ path }) => `run recoverTransactions(${path === undefined ? "…" : quoted(path)})`,
};

/**
 * The message of an error: `verb "name": reason; advice (code); what happened`. `advise` puts the remedy into other words
 * than those of the library, as the command does with its options, or leaves it out.
 */
export function messageOf(
  { verb, named, reason, code, remedy, outcome }: Pick<
    FileError,
    "verb" | "named" | "reason" | "code" | "remedy" | "outcome"
  >,
  advise: (remedy: Remedy) => string | undefined = (remedy) => advice[remedy.use](remedy),
): string {
  const advised = remedy === undefined ? undefined : advise(remedy);
  const words = advised === undefined ? reason : `${reason}; ${advised}`;
  // A reason may quote what others have written: names and records on the disk.
  return shownText(`${verb} ${JSON.stringify(named)}: ${words} (${code}); ${outcome}`);
}

const brand = (name: string): symbol => Symbol.for(`@durable/atomic-write/${name}`);

/** Whether `value` is an instance of the class of that name, of this or another copy of the module. */
export function bears(value: unknown, name: string): boolean {
  return typeof value === "object" && value !== null && Reflect.get(value, brand(name)) === true;
}

/** Base of all errors that concern a file. */
export class FileError extends Error {
  static {
    mark(this, "FileError");
  }
  /** The name of its class. */
  override readonly name: string = "FileError";
  /** A portable code such as `"ENOSPC"`. */
  readonly code: string;
  /** The file the caller named, resolved. */
  readonly path: string;
  /** The step that failed, in the words of a trace. */
  readonly step: string;
  /** What happened to the file at `path`. */
  readonly targetState: TargetState;
  /** What could not be done: how the message begins, before the name. */
  readonly verb: string;
  /** What the message names: `path`, or what was to be done with it. */
  readonly named: string;
  /** Why, in words. */
  readonly reason: string;
  /** What the message speaks of where it says what happened. */
  readonly subject: Subject;
  /** What happened, in words: how the message ends. */
  readonly outcome: string;
  /** What would help, where one option or function does. */
  readonly remedy: Remedy | undefined;
  /** Failures while cleaning up after the first error. */
  readonly cleanupErrors: unknown[] = [];
  /** Temporary files and backups of this call that could not be removed. */
  readonly leftBehind: string[] = [];
  /** What a file that was replaced all the same has lost, in the words of `WriteResult.lost`. */
  readonly lost: string[] = [];
  /** What of it could not be seen, in the words of `WriteResult.unchecked`. */
  readonly unchecked: string[] = [];

  /** Makes an error whose message is `verb "path": reason; advice (code); what happened`. */
  constructor(verb: string, reason: string, details: FileErrorDetails) {
    const { code, path, named = path, remedy } = details;
    const subject = subjects[verb] ?? (verb.startsWith("Cannot copy ") ? "target" : "file");
    const outcome = outcomeOf(subject, details);
    super(
      messageOf({ verb, named, reason, code, remedy, outcome }),
      details.cause === undefined ? undefined : { cause: details.cause },
    );
    this.code = code;
    this.path = path;
    this.step = details.step;
    this.targetState = details.targetState;
    this.verb = verb;
    this.named = named;
    this.reason = reason;
    this.subject = subject;
    this.outcome = outcome;
    this.remedy = remedy;
    // The parts of the message are not repeated below it when the error is printed.
    for (const part of messageParts) Object.defineProperty(this, part, { enumerable: false });
  }

  /** Whether `value` is a FileError, of this or another copy of the module. */
  static is(value: unknown): value is FileError {
    return bears(value, "FileError");
  }
}

/** Marks a class so that `bears` finds it on instances of every copy of the module. */
export function mark(target: { prototype: object }, name: string): void {
  Object.defineProperty(target.prototype, brand(name), { value: true });
}
