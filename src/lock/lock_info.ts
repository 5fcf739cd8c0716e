/** What there is to tell about a lock that is held. */
import type { LockBackend } from "./lock_plan.ts";

/** Who holds a lock, as far as it can be told. */
export interface LockInfo {
  /** The lock file or lock directory. */
  path: string;
  /** Which kind of lock it is. */
  backend: LockBackend;
  /** Whether the holder lives, judged from here. */
  liveness: "alive" | "dead" | "unknown";
  /** The holder's process number, in its own pid namespace. */
  pid?: number;
  /** When that process started, as its kernel counts. */
  started?: string;
  /** Which start of which machine. */
  boot?: string;
  /** Which pid namespace. */
  namespace?: string;
  /** The holder's host name. */
  host?: string;
  /** The holder's program. */
  program?: string;
  /** Since when, in milliseconds since 1970. */
  since?: number;
  /** Directory backend: what tells this holder from every other, for {@linkcode breakLock}. */
  token?: string;
}
