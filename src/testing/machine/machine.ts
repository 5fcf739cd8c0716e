/**
 * What all processes of one simulated machine share: the disk, its mounts, kernel locks, time and chance.
 */
import { Disk } from "./disk.ts";
import type { Attributes, DiskImage, DiskNode } from "./disk_node.ts";
import { FileLocks } from "./file_locks.ts";
import type { Around, FileNumbers } from "../faults/intercept.ts";
import type { MachineOptions, MountOptions } from "./memory_options.ts";
import { SeededRandom } from "../random.ts";
import { Scheduler } from "./scheduler.ts";

/** One file system of the machine. */
export interface Device extends MountOptions {
  readonly name: string;
  /** Where it is mounted, without a slash at the end. */
  readonly path: string;
  readonly root: number;
}

/** What a simulated process is and may. */
export interface Credentials {
  readonly user: number;
  readonly group: number;
  /** Further groups. */
  readonly groups: readonly number[];
  readonly umask: number;
  readonly workingDirectory: string;
}

/** A file as the table of a process has it. */
export interface OpenEntry {
  readonly inode: number;
  readonly path: string;
  readonly descriptor: number;
  /** Closes it when the process dies. */
  close(): void;
  /** A process that this one starts has it open, too: by the same number, with the same position and lock. */
  handTo(child: ProcessRecord): void;
}

/** A process as the kernel sees it. */
export interface ProcessRecord extends Credentials {
  readonly pid: number;
  readonly started: string;
  alive: boolean;
  /** Set when the callback that it was started for has ended: the error for every later call. */
  over: (() => Error) | undefined;
  /** Its open files. */
  readonly open: Map<object, OpenEntry>;
  /** The number of the next one; none is used twice. */
  nextDescriptor: number;
  /** What happens when it has a file open no more. */
  readonly lastCloses: Map<number, () => void>;
}

/** What of a machine survives a power cut, apart from the disk: how it is built. */
export interface MachinePlan {
  readonly options: MachineOptions;
  readonly devices: ReadonlyMap<string, Device>;
  /** Inode that is hidden by a mount, and the inode seen instead. */
  readonly mounts: ReadonlyMap<number, number>;
  readonly root: number;
}

/** What a machine was before: until a power cut, or until all its processes were killed. */
export interface MachinePast {
  readonly starts: number;
  /** How often its processes began anew, with the machine or without. */
  readonly lives: number;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly end: "power cut" | "kill";
}

/** The beginning of 2026. */
const firstStart = Date.UTC(2026, 0, 1);
/** What a machine takes to come back: longer than what is called abandoned after a minute. */
const rebootTime = 300_000;

/** A machine that runs. */
export class Machine {
  readonly plan: MachinePlan;
  readonly disk: Disk;
  readonly locks = new FileLocks();
  readonly scheduler: Scheduler;
  readonly random: SeededRandom;
  /** How often it was started. */
  readonly starts: number;
  /** How often its processes began anew. */
  readonly lives: number;
  readonly processes = new Map<number, ProcessRecord>();
  /** Sees every call of every process, when it takes effect. */
  readonly around: Around | undefined;
  /** Open files that `around` sees, counted over all processes. */
  readonly fileNumbers: FileNumbers = { next: 1 };
  #nextPid: number;

  /** Starts a machine on a disk. */
  constructor(plan: MachinePlan, image: DiskImage | Disk, past?: MachinePast, around?: Around) {
    const { seed = 1, clock = "automatic", startTime = firstStart } = plan.options;
    this.plan = plan;
    this.disk = image instanceof Disk ? image : new Disk(image);
    this.starts = (past?.starts ?? 0) + (past?.end === "kill" ? 0 : 1);
    this.lives = (past?.lives ?? 0) + 1;
    this.around = around;
    // Names drawn in this life must differ from those drawn before it.
    this.random = new SeededRandom(seed + this.lives * 2 ** 33);
    const start = past === undefined ? startTime : past.now + (past.end === "kill" ? 0 : rebootTime);
    this.scheduler = new Scheduler(new SeededRandom(seed + 2 ** 32), clock === "automatic", start);
    this.#nextPid = 1000 * this.lives;
  }

  /** The kernel's name for this start of the machine. */
  get boot(): string {
    return this.starts.toString(16).padStart(32, "0");
  }

  /** The device an inode is on. */
  device(node: DiskNode): Device {
    const device = this.plan.devices.get(node.device);
    if (device === undefined) throw new Error(`There is no device ${node.device}`);
    return device;
  }

  /** What is seen at an inode: itself, or what is mounted over it. */
  seen(number: number): DiskNode {
    return this.disk.node(this.plan.mounts.get(number) ?? number);
  }

  /** A new process. */
  startProcess(credentials: Credentials): ProcessRecord {
    const pid = this.#nextPid++;
    const process: ProcessRecord = {
      ...credentials,
      pid,
      started: String(7 * pid),
      alive: true,
      over: undefined,
      open: new Map(),
      // After its input, its output, and its errors.
      nextDescriptor: 3,
      lastCloses: new Map(),
    };
    this.processes.set(pid, process);
    return process;
  }

  /** Ends a process at once: its files are closed, and locks that no other process has inherited are free. */
  kill(process: ProcessRecord): void {
    for (const file of [...process.open.values()]) file.close();
    process.alive = false;
  }

  /** What the processes were started for has ended: from now on their calls are refused. */
  end(refusal: () => Error): void {
    for (const process of this.processes.values()) process.over = refusal;
  }

  /** Metadata of something new. */
  attributes(mode: number, process: Credentials, directory?: Attributes): Attributes {
    const inherited = directory !== undefined && (directory.mode & 0o2000) !== 0;
    const group = inherited ? directory.group : process.group;
    return { mode, user: process.user, group, modified: this.scheduler.now() };
  }

  /** Bytes a device has left. */
  room(device: Device): number {
    if (device.capacity === undefined) return Infinity;
    let used = 0;
    for (const node of this.#living(device)) if (node.kind === "file") used += node.visible.content.size;
    return Math.max(0, device.capacity - used);
  }

  /** Whether a device can hold another inode. */
  hasInode(device: Device): boolean {
    return device.inodes === undefined || this.#living(device).length < device.inodes;
  }

  /** Frees what nothing leads to any more. */
  collect(): void {
    this.disk.collect(() => {
      const roots = [...this.plan.devices.values()].map((device) => device.root);
      return [
        this.plan.root,
        ...roots,
        ...this.plan.mounts.keys(),
        ...this.plan.mounts.values(),
        ...this.#openInodes(),
      ];
    });
  }

  /** Whether any process has the file open. */
  isOpen(inode: number): boolean {
    for (const open of this.#openInodes()) if (open === inode) return true;
    return false;
  }

  *#openInodes(): Generator<number> {
    for (const process of this.processes.values()) {
      for (const file of process.open.values()) yield file.inode;
    }
  }

  #living(device: Device): DiskNode[] {
    const open = new Set(this.#openInodes());
    const living: DiskNode[] = [];
    for (const node of this.disk.nodes()) {
      const counts = node.links > 0 || open.has(node.number);
      if (node.device === device.name && node.number !== device.root && counts) living.push(node);
    }
    return living;
  }
}
