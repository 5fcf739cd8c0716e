/** The lock of a file, as the options that flock(1) has ask for it. */
import { LockTimeoutError } from "../core/errors.ts";
import { acquireLock, type FileLock, holderSinceText, insideLock, type LockWait, releaseUnused } from "../lock/mod.ts";
import { UsageError } from "./arguments.ts";
import { exitStatus } from "./exit_status.ts";
import type { Call, Outcome } from "./table.ts";
import type { LockValues, WaitValues } from "./grammar/rows.ts";

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
  call: Pick<Call, "host" | "note">,
  path: string,
  waiting: Loose<LockValues>,
  manner: Manner,
): Promise<FileLock | Outcome & { readonly status: number }> {
  const { lockDirectory, join = false, verbose = false, ...values } = waiting;
  const line = new WaitLine(call, verbose);
  const place = lockDirectory === undefined ? {} : { lockDirectory };
  const told = line.isShown ? { onWait: (wait: LockWait) => line.show(wait) } : {};
  try {
    return await acquireLock(path, { ...manner, ...place, ...told, join, timeout: patienceOf(values) });
  } catch (error) {
    line.clear();
    return notInTime(error, values);
  } finally {
    line.clear();
  }
}

/**
 * The holder that is waited for: one line that is kept up to date at a terminal, elsewhere a line whenever it changes.
 */
class WaitLine {
  readonly #call: Pick<Call, "host" | "note">;
  readonly #atTerminal: boolean;
  readonly isShown: boolean;
  #text = "";

  constructor(call: Pick<Call, "host" | "note">, verbose: boolean) {
    this.#call = call;
    this.#atTerminal = call.host.isTerminal("errors") && call.host.environment("TERM") !== "dumb";
    this.isShown = this.#atTerminal || verbose;
  }

  show({ holder }: LockWait): void {
    const text = `waiting for ${holderSinceText(holder)}`;
    if (text === this.#text) return;
    this.#text = text;
    if (!this.#atTerminal) return this.#call.note(text);
    const width = (this.#call.host.columns("errors") ?? 80) - 1;
    this.#print(`\r${text.slice(0, width)}\x1b[K`);
  }

  clear(): void {
    if (this.#atTerminal && this.#text !== "") this.#print("\r\x1b[K");
    this.#text = "";
  }

  /** A terminal that does not take it must not end the wait. */
  #print(text: string): void {
    try {
      this.#call.host.write("errors", text);
    } catch {
      // See above.
    }
  }
}

/** How long to wait for a lock, in milliseconds; empty: without end. */
export function patience(
  { nonblock, timeout }: { readonly nonblock?: boolean | undefined; readonly timeout?: number | undefined },
): { timeout?: number } {
  if (nonblock && timeout !== undefined) throw new UsageError("--nonblock and --timeout cannot be combined");
  return nonblock ? { timeout: 0 } : timeout === undefined ? {} : { timeout: timeout * 1000 };
}
