/**
 * A whole machine in memory, as a `Runtime`: what programs see, and beneath it what is certainly on the medium.
 *
 * Order of calls: `memoryRuntime(options)` builds a machine and answers its first process. Hand that to the code under
 * test; look at the result with `readText`, `files`, `statusOf`, `openHandles`. `fork` starts a further process on the
 * same machine, `kill` ends one as SIGKILL does. What the disk may hold after losing power at this instant, `crashStates`
 * answers (crash_states.ts); `exploreCrashes` (crash.ts) tries every instant.
 *
 * Rules are those of Linux on a local disk, for a process that is not root unless asked: permission bits, sticky
 * directories, umask, limits of names in bytes, symlinks, hard links, mounts, flock. Not simulated: access times, ACLs
 * and extended attributes, quotas, devices and FIFOs beyond their existence, and the reuse of inode numbers.
 */
import type { FileStatus, Runtime } from "../../runtime/runtime.ts";
import { buildMachine } from "./build_machine.ts";
import type { Around } from "../faults/intercept.ts";
import type { Credentials } from "./machine.ts";
import type { InitialEntry, MemoryOptions, ProcessOptions } from "./memory_options.ts";
import type { MemoryClock } from "./scheduler.ts";
import type { SyncFileSystem } from "./sync_file_system.ts";
import { SimulatedProcess } from "./simulated_process.ts";
import { machineOptions } from "../testing_options.ts";

/** A simulated process: a runtime, and what tests ask about its machine. */
export interface MemoryRuntime extends Runtime {
  /** Answers at once. */
  readonly syncFileSystem: SyncFileSystem;
  /** The machine's clock, which tests may move. */
  readonly clock: MemoryClock;
  /** Paths of what this process has open, in the order of opening. */
  readonly openHandles: string[];
  /** Another process on the same machine; what `options` leaves out is as in this one. */
  fork(options?: ProcessOptions): MemoryRuntime;
  /** Ends this process as SIGKILL does: files closed, locks free, and every later call of it fails with ESRCH. */
  kill(): void;
  /** Every file below `directory` (`/`) with its text; symlinks as `→ text`; empty directories with a slash at the end. */
  files(directory?: string): Record<string, string>;
  /** The text of the file that programs see at `path`; undefined when there is none. */
  readText(path: string): string | undefined;
  /** The bytes of the file that programs see at `path`; undefined when there is none. */
  readBytes(path: string): Uint8Array | undefined;
  /** What is at `path`, seen with every right, a symlink in its last component not followed. */
  statusOf(path: string): FileStatus | undefined;
  /** Whether an open file of any process holds a kernel lock on the file at `path`. */
  isLocked(path: string): boolean;
  /** Puts a file, or whatever the description says, at `path`, with every right and missing directories; not durable. */
  put(path: string, entry?: string | Uint8Array | InitialEntry): void;
  /** Puts everything onto the medium, on all devices, as sync(1) on a perfect disk. */
  syncAll(): void;
}

function credentialsOf(options: ProcessOptions): Credentials {
  const { user = 1000, group = user, groups = [], umask = 0o022, workingDirectory = "/" } = options;
  return { user, group, groups, umask, workingDirectory };
}

/**
 * A whole machine in memory, and its first process.
 *
 * The process is user 1000, owns `/`, and may do what the kernel would let it do. Everything that chance decides, the
 * seed decides; time is virtual.
 *
 * @example
 * ```ts
 * import { memoryRuntime } from "@durable/atomic-write/testing";
 *
 * const machine = memoryRuntime({ files: { "/data/a.txt": "old" } });
 * const file = machine.syncFileSystem.create("/data/b.txt", 0o666);
 * file.write(new TextEncoder().encode("new"));
 * console.log(machine.files()); // { "/data/a.txt": "old", "/data/b.txt": "new" }
 * console.log(machine.openHandles); // ["/data/b.txt"]
 * ```
 */
export function memoryRuntime(options: MemoryOptions = {}): MemoryRuntime {
  return startMachine(machineOptions(options));
}

/** `memoryRuntime`, with every call of every process seen by `around`. */
export function startMachine(options: MemoryOptions, around?: Around): MemoryRuntime {
  const credentials = credentialsOf(options);
  return new SimulatedProcess(buildMachine(options, credentials, around), credentials);
}
