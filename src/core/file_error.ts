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

/** What happened to the file: unchanged, replaced (visible, perhaps not yet durable), or unknown. */
export type TargetState = "unchanged" | "replaced" | "unknown";

/** What a {@linkcode FileError} is made from. */
export interface FileErrorDetails {
  /** A portable code such as `"ENOSPC"`, or one of this module's own such as `"ECONFLICT"`. */
  code: string;
  /** The file the caller named, resolved. */
  path: string;
  /** The step that failed, in the words of a trace: `"create"`, `"write"`, `"sync"`, `"rename"`, … */
  step: string;
  /** What happened to the file at `path`. */
  targetState: TargetState;
  /** The first cause. */
  cause?: unknown;
}

/** What is unchanged, by what was attempted, where that is not the one file that the message names. */
const subjects: readonly (readonly [attempts: RegExp, words: string])[] = [
  [
    /^Cannot (?:un)?lock|^Cannot (?:read|list|look|find|inspect|break|open|examine|verify|sweep|recover|run)/,
    "nothing is changed",
  ],
  [/^Cannot (?:append|checkpoint|repair)/, "the log is unchanged"],
  [/^Cannot (?:store|keep)/, "nothing of it is stored"],
  [/^Cannot quarantine/, "it is where it was"],
  [/^Cannot (?:collect|remove (?:from|objects))/, "nothing is removed"],
  [/^Cannot (?:apply|deploy)/, "every file is unchanged"],
  [/^Cannot (?:publish|roll back)/, "it is unchanged"],
];

/** What happened to it. */
function wordsFor(attempt: string, { code, step, targetState }: FileErrorDetails): string {
  if (targetState === "unchanged") {
    if (attempt.startsWith("Cannot create") && code !== "EEXIST") return "no file was created";
    return subjects.find(([attempts]) => attempts.test(attempt))?.[1] ?? "the file is unchanged";
  }
  if (targetState === "unknown") return "it is not known whether anything was changed";
  if (attempt.startsWith("Cannot seal")) return "every acknowledged record is in it";
  // All is done and durable before anything is activated: that failing makes the files no less certain.
  return step === "activate" ? "what is in place stays" : "the change is visible, but not proven durable";
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
  /** Failures while cleaning up after the first error. */
  readonly cleanupErrors: unknown[] = [];
  /** Temporary files and backups of this call that could not be removed. */
  readonly leftBehind: string[] = [];
  /** What a file that was replaced all the same has lost, in the words of `WriteResult.lost`. */
  readonly lost: string[] = [];

  /** Makes an error whose message is `attempt: reason (code); what happened to the file`. */
  constructor(attempt: string, reason: string, details: FileErrorDetails) {
    super(
      `${attempt}: ${reason} (${details.code}); ${wordsFor(attempt, details)}`,
      details.cause === undefined ? undefined : { cause: details.cause },
    );
    this.code = details.code;
    this.path = details.path;
    this.step = details.step;
    this.targetState = details.targetState;
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
