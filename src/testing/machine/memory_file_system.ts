/**
 * A whole machine in memory, as a `Runtime`: what programs see, and beneath it what is certainly on the disk.
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
import { readGiven } from "../../core/operation.ts";
import { buildMachine } from "./build_machine.ts";
import type { Around } from "../faults/intercept.ts";
import type { Credentials } from "./machine.ts";
import type { MemoryOptions, MemoryRuntime, ProcessOptions } from "./memory_options.ts";
import { SimulatedProcess } from "./simulated_process.ts";
import { machineOptions } from "./machine_options.ts";

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
  return startMachine(readGiven(() => machineOptions(options)));
}

/** `memoryRuntime`, with every call of every process seen by `around`. */
export function startMachine(options: MemoryOptions, around?: Around): MemoryRuntime {
  const credentials = credentialsOf(options);
  return new SimulatedProcess(buildMachine(options, credentials, around), credentials);
}
