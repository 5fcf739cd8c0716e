/**
 * A process of a simulated machine, as a `MemoryRuntime`: puts system calls, delay and observers together.
 */
import { InvalidArgument } from "../../core/errors.ts";
import { createHash } from "../../runtime/hash.ts";
import type { ProcessHost } from "../../runtime/process_host.ts";
import type { Capabilities, FileStatus, FileSystem, Hash, Runtime } from "../../runtime/runtime.ts";
import { asEntry, lookUp, place } from "./build_machine.ts";
import { interceptFileSystem } from "../faults/intercept.ts";
import type { Credentials, Machine, OpenEntry, ProcessRecord } from "./machine.ts";
import type { MemoryRuntime } from "./memory_options.ts";
import { MemorySystemCalls } from "./memory_system_calls.ts";
import type { ForkOptions, InitialEntry } from "./memory_options.ts";
import { memoryProcess } from "./memory_process.ts";
import { NetworkClient } from "./network_client.ts";
import { listing } from "./picture.ts";
import type { MemoryClock } from "./scheduler.ts";
import type { SyncFileSystem } from "./sync_file_system.ts";
import { statusOf } from "./status.ts";
import { forkOptions } from "./machine_options.ts";

/** What is behind a `MemoryRuntime`. */
export interface ProcessParts {
  readonly machine: Machine;
  readonly record: ProcessRecord;
}

const parts = new WeakMap<MemoryRuntime, ProcessParts>();

/** The machine and the process behind a memory runtime. */
export function partsOf(runtime: MemoryRuntime): ProcessParts {
  const found = parts.get(runtime);
  if (found === undefined) throw new InvalidArgument("Not a runtime made by memoryRuntime");
  return found;
}

/** What all processes of one machine share; of other runtimes, themselves. */
export function machineBehind(runtime: Runtime): object {
  return parts.get(runtime as MemoryRuntime)?.machine ?? runtime;
}

/** All there is; attributes only where they are asked for: with them every replacement makes three more calls. */
const everything: Capabilities = {
  directorySync: true,
  anchored: true,
  fileLock: "call",
  owner: true,
  mode: true,
  attributes: false,
  replacesOpenFiles: true,
  symbolicLinks: true,
  barrierSync: false,
  pathStyle: "posix",
};

function openEntry(process: ProcessRecord, descriptor: number): OpenEntry {
  const found = [...process.open.values()].find((entry) => entry.descriptor === descriptor);
  if (found !== undefined) return found;
  throw new InvalidArgument(`inherits names descriptor ${descriptor}, which this process does not have open`);
}

/** One process of a machine. */
export class SimulatedProcess implements MemoryRuntime {
  readonly name: string = "memory";
  readonly fileSystem: FileSystem;
  readonly syncFileSystem: SyncFileSystem;
  readonly clock: MemoryClock;
  readonly process: ProcessHost;
  readonly capabilities: Capabilities;
  /** Not methods: callers may take them off their runtime. */
  readonly random = (length: number): Uint8Array => this.#machine.random.bytes(length);
  readonly createHash = (): Hash => createHash();
  readonly #machine: Machine;
  readonly #record: ProcessRecord;

  /** Starts a process on a machine. */
  constructor(machine: Machine, credentials: Credentials) {
    this.#machine = machine;
    this.#record = machine.startProcess(credentials);
    parts.set(this, { machine, record: this.#record });
    const { around, scheduler } = machine;
    const { delay = "none", network } = machine.plan.options;
    const server = new MemorySystemCalls(machine, this.#record);
    const calls = network === undefined ? server : new NetworkClient(server, this.#record, network);
    // An observer of a machine promises nothing either.
    this.syncFileSystem = around === undefined
      ? calls
      : interceptFileSystem(calls, around, machine.fileNumbers) as SyncFileSystem;
    this.fileSystem = delay === "none" ? this.syncFileSystem : interceptFileSystem(
      this.syncFileSystem,
      (call, proceed) => delay === "every" || call.method === "sync" ? scheduler.later(proceed) : proceed(),
    );
    this.clock = scheduler.clock;
    this.process = memoryProcess(machine, this.#record);
    const { capabilities, renameOverOpen } = machine.plan.options;
    const usual = { ...everything, anchored: network === undefined, replacesOpenFiles: renameOverOpen === undefined };
    this.capabilities = { ...usual, ...capabilities };
  }

  fork(options: ForkOptions = {}): SimulatedProcess {
    const { user, group, groups, umask, workingDirectory } = this.#record;
    const { inherits = [], ...given } = forkOptions(options);
    const inherited = inherits.map((descriptor) => openEntry(this.#record, descriptor));
    const child = new SimulatedProcess(this.#machine, { user, group, groups, umask, workingDirectory, ...given });
    for (const entry of inherited) entry.handTo(child.#record);
    return child;
  }

  kill(): void {
    this.#machine.kill(this.#record);
  }

  get openHandles(): string[] {
    return [...this.#record.open.values()].map((file) => file.path);
  }

  files(directory = "/"): Record<string, string> {
    return listing(this.#machine, directory);
  }

  readText(path: string): string | undefined {
    const node = lookUp(this.#machine, path, true)?.node;
    return node?.kind === "file" ? node.visible.content.text() : undefined;
  }

  readBytes(path: string): Uint8Array | undefined {
    const node = lookUp(this.#machine, path, true)?.node;
    return node?.kind === "file" ? node.visible.content.view().slice() : undefined;
  }

  statusOf(path: string): FileStatus | undefined {
    const node = lookUp(this.#machine, path, false)?.node;
    return node === undefined ? undefined : statusOf(node);
  }

  isLocked(path: string): boolean {
    const node = lookUp(this.#machine, path, true)?.node;
    return node !== undefined && this.#machine.locks.count(node.number) > 0;
  }

  put(path: string, entry: string | Uint8Array | InitialEntry = ""): void {
    place(this.#machine, path, asEntry(entry), this.#record);
  }

  syncAll(): void {
    this.#machine.disk.syncAll();
  }
}
