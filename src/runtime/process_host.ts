/**
 * The process this code runs in, as a part of the seam (runtime.ts): who it is, what the system tells of other processes
 * and of the locks they hold, and the environment it was started in.
 *
 * Nothing here waits or changes anything. What the system does not tell, or may not be asked, is `undefined`.
 */

/** What identifies a running process for as long as the machine runs: a pid alone is reused. */
export interface ProcessFacts {
  /** Which start of the machine, as the kernel names it; letters and digits only. */
  boot: string;
  /** Which pid namespace, by the kernel's number. */
  namespace: string;
  /** The process's number in its pid namespace. */
  pid: number;
  /** When the process started, as the kernel counts. */
  started: string;
}

/** A kernel lock that a process holds. */
export interface KernelLock {
  /** The process. */
  pid: number;
  /** Whether others may hold it, too. */
  shared: boolean;
  /** The number of the descriptor it is held through, where that was looked at. */
  descriptor?: number;
}

/** The process this code runs in. */
export interface ProcessHost {
  /** The process's number. */
  pid: number;
  /**
   * The same object for every runtime that serves the code of this thread: what all copies of this module must know of
   * one another is kept by it. A worker has its own.
   */
  isolate: object;
  /** The current working directory, now. */
  workingDirectory(): string;
  /**
   * Effective user and group, or undefined where that is not known or not permitted to be asked. (The group of a new
   * file may still be its directory's.)
   */
  owner(): { user: number; group: number } | undefined;
  /**
   * The number that represents every user whom the user namespace of this process does not map; undefined where it maps
   * all of them, or that is not known.
   */
  unmappedUser?(): number | undefined;
  /** The facts of this process, or undefined where they cannot be read. */
  facts(): ProcessFacts | undefined;
  /** What people call this machine and this program, as far as it may be asked. */
  description(): { host?: string; program?: string };
  /** Whether the process with these facts runs. "unknown" unless that is provable from here. */
  liveness(facts: ProcessFacts): "alive" | "dead" | "unknown";
  /**
   * Who holds a kernel lock on the file with this identity (`FileStatus.identity`), as far as the system reports it
   * without taking the lock: a process; `"nobody"`, where that is certain of `suspect` and no other holder is listed;
   * undefined where it does not tell. `suspect` is the process that is said to hold it.
   */
  lockHolder(identity: string, suspect?: number): KernelLock | "nobody" | undefined;
  /** The processes that started this one, its parent first, as far as the system tells. */
  ancestors?(): number[];
  /** The name and arguments of a running process; empty where the system does not tell. */
  programOf?(pid: number): string;
  /** A variable of the environment; undefined when it is not set or may not be read. */
  environment?(name: string): string | undefined;
  /**
   * Calls back when the event loop of this thread has nothing left to do and the program would end, until the returned
   * function is called.
   */
  onIdle?(listener: () => void): () => void;
  /** How many files this process may have open at once, where the system says so. */
  openFileLimit?(): number | undefined;
  /** The real paths at which something is mounted, single files among them, where the system tells. */
  mountPoints?(): readonly string[] | undefined;
  /** Number of the user by that name; undefined when there is none. */
  userNumber(name: string): number | undefined;
  /** Number of the group by that name; undefined when there is none. */
  groupNumber(name: string): number | undefined;
}
