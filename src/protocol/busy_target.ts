/**
 * A rename onto a file that somebody has open, where the system refuses that: Windows does, for as long as any handle is
 * open. https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-movefileexa Readers, scanners and indexers are done
 * in a moment; so the rename is made again, until it succeeds or the time for it is over.
 *
 * 1. A `BusyTarget` before the first try. 2. `waitAfter` what a try has thrown: true after a pause, and the caller, who
 * looks at everything once more that may have changed in the meantime, tries again. False: it is to be thrown, because
 * the time is over (`timedOut`), or because no waiting helps: what is there is a directory or read-only, or nothing is.
 *
 * It changes nothing. A signal that aborts ends the pause.
 */
import { type Awaitable, type Operation, wait } from "../core/operation.ts";
import type { FileStatus } from "../runtime/runtime.ts";
import type { SystemError } from "../runtime/system_error.ts";
import { backOff } from "./back_off.ts";
import type { ParentDirectory } from "./directories.ts";
import type { Engine } from "./engine.ts";
import { usualBusyTimeout } from "./write_plan.ts";

/** The longest pause: most have a file open for less. */
const longestPause = 20;

/** What Windows answers: a sharing violation, or plain "access denied", as libuv and Rust translate them. */
const busyCodes: ReadonlySet<string> = new Set(["EBUSY", "EACCES", "EPERM"]);
const anyWriteBit = 0o222;

/** For how long to go on, and what ends it. */
export interface BusyRules {
  /** Milliseconds. */
  readonly busyTimeout: number;
  readonly signal: AbortSignal | undefined;
}

/** How long to go on where nobody has said it, and nothing may end it: what is decided is carried out. */
export const usualBusyRules: BusyRules = { busyTimeout: usualBusyTimeout, signal: undefined };

/** The target of one commit, which somebody may have open. */
export class BusyTarget {
  readonly #engine: Engine;
  readonly #look: () => Awaitable<FileStatus | undefined>;
  readonly #rules: BusyRules;
  #until: number | undefined;
  #tries = 0;
  /** Whether it was in use until the time was over. */
  timedOut = false;

  /** The file by that name in an open directory. */
  constructor(home: ParentDirectory, name: string, rules: BusyRules) {
    this.#engine = home.engine;
    this.#look = () => home.names.linkStat(name);
    this.#rules = rules;
  }

  /** Whether the rename that failed so is to be tried once more; if so, after a pause. */
  *waitAfter(error: SystemError): Operation<boolean> {
    const { capabilities, runtime } = this.#engine;
    if (capabilities.replacesOpenFiles || !busyCodes.has(error.code)) return false;
    if (!(yield* this.#isInUse(error))) return false;
    const { busyTimeout, signal } = this.#rules;
    const now = runtime.clock.monotonic();
    this.#until ??= now + busyTimeout;
    const left = this.#until - now;
    this.timedOut = left <= 0;
    if (this.timedOut) return false;
    yield* backOff(this.#engine, this.#tries++, signal, Math.min(left, longestPause));
    return true;
  }

  *#isInUse(error: SystemError): Operation<boolean> {
    let status: FileStatus | undefined;
    try {
      status = yield* wait(this.#look());
    } catch {
      // It is being removed, and has no status any more.
      return true;
    }
    // Nothing is replaced: then what is to be renamed is in use itself.
    if (status === undefined) return error.code === "EBUSY";
    return status.kind === "file" && (status.mode & anyWriteBit) !== 0;
  }
}
