/** The lock of a file, as the options that flock(1) has ask for it. */
import { LockTimeoutError } from "../core/errors.ts";
import {
  acquireLock,
  type FileLock,
  holderSinceText,
  insideLock,
  isOwnHold,
  type LockWait,
  releaseUnused,
} from "../lock/mod.ts";
import { UsageError } from "./arguments.ts";
import { exitStatus } from "./exit_status.ts";
import type { Call, Outcome } from "./table.ts";
import type { LockValues, WaitValues } from "./grammar/rows.ts";
import type { TerminalLine } from "./terminal_line.ts";

/** Values of which any may be undefined. */
type Loose<Values> = { readonly [Name in keyof Values]?: Values[Name] | undefined };

export { insideLock, releaseUnused };

/** How long to wait for a lock, in milliseconds. */
export function patienceOf({ nonblock, timeout }: Loose<WaitValues>): number {
  if (nonblock && timeout !== undefined) throw new UsageError("--nonblock and --timeout cannot be combined");
  return nonblock ? 0 : timeout === undefined ? Infinity : timeout * 1000;
}

/** What a command has to say when a lock was not free in time; any other error is thrown. */
export function notInTime(
  error: unknown,
  { conflictExitCode }: Loose<WaitValues>,
): Outcome & { readonly status: number } {
  if (!LockTimeoutError.is(error)) throw error;
  const { code, step, targetState, message } = error;
  return {
    result: { error: { code, step, targetState, path: error.path, message } },
    notes: [message],
    status: conflictExitCode ?? exitStatus.notInTime,
    changing: false,
  };
}

/** How a command takes a lock. */
interface Manner {
  readonly shared: boolean;
  readonly signal: AbortSignal;
  /** Permission bits of a lock file that is created, if there is no file. */
  readonly mode?: number;
}

/** Takes the lock. Not in time: what the command has to say then. */
export async function lockInTime(
  call: Pick<Call, "line" | "note">,
  path: string,
  waiting: Loose<LockValues>,
  manner: Manner,
): Promise<FileLock | Outcome & { readonly status: number }> {
  const { lockDirectory, join = false, verbose = false, unsafePath, ...values } = waiting;
  const shown = new ShownWait(call, verbose);
  const place = {
    ...lockDirectory === undefined ? {} : { lockDirectory },
    ...unsafePath === undefined ? {} : { unsafePath },
  };
  try {
    return await acquireLock(path, { ...manner, ...place, ...shown.options, join, timeout: patienceOf(values) });
  } catch (error) {
    return notInTime(error, values);
  } finally {
    shown.clear();
  }
}

/** Shows the holder that is waited for: one line that is kept up to date at a terminal, elsewhere a line whenever it changes. */
export class ShownWait {
  /** The options of the lock that is waited for. */
  readonly options: { readonly onWait?: (wait: LockWait) => void };
  readonly #line: TerminalLine | undefined;
  #said = "";

  /** Elsewhere than at a terminal only with `verbose`. */
  constructor({ line, note }: Pick<Call, "line" | "note">, verbose = false) {
    this.#line = line();
    const show = this.#line === undefined
      ? (text: string) => this.#sayNew(text, note)
      : this.#line.show.bind(this.#line);
    const isShown = verbose || this.#line !== undefined;
    this.options = isShown
      ? {
        onWait({ holder }) {
          // It has just got the lock.
          if (!isOwnHold(holder)) show(`waiting for ${holderSinceText(holder)}`);
        },
      }
      : {};
  }

  #sayNew(text: string, note: Call["note"]): void {
    if (text !== this.#said) note(text);
    this.#said = text;
  }

  /** Removes the line. */
  clear(): void {
    this.#line?.clear();
  }
}
