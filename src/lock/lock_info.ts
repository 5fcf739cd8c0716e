/** What there is to tell about a lock that is held. */

/** How a file is locked: by the kernel (flock), or by a lock directory if there is no kernel lock. */
export type LockBackend = "flock" | "directory";

/** Who holds a lock, as far as that can be determined. */
export interface LockInfo {
  /** The lock file or lock directory. */
  path: string;
  /** Which kind of lock it is. */
  backend: LockBackend;
  /** Whether the holder lives, judged from here. */
  liveness: "alive" | "dead" | "unknown";
  /**
   * Whether this process is known to hold the lock: the system says so, or the lock directory does. False: only the
   * record in the lock file says so, and nothing here can tell whether it still holds.
   */
  confirmed: boolean;
  /** Whether it is held shared, where the system tells. */
  shared?: boolean;
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
