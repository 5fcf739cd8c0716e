/**
 * A new machine from its options: devices, mounts, what is there at the start; all of it durable.
 */
import { baseName, directoryName } from "../../core/path.ts";
import { Disk } from "./disk.ts";
import { type Credentials, type Device, Machine, type MachinePlan } from "./machine.ts";
import type { InitialEntry, MachineOptions, MountOptions } from "./memory_options.ts";
import type { Around } from "../faults/intercept.ts";
import { walk } from "./path_walk.ts";

let machinesMade = 0;
const encoder = new TextEncoder();

const superuser: Credentials = { user: 0, group: 0, groups: [], umask: 0, workingDirectory: "/" };

/** Looks a path up with every right; undefined when there is nothing. */
export function lookUp(machine: Machine, path: string, follow: boolean) {
  return walk(machine, superuser, "find", path, follow ? "target" : "link");
}

/** Puts something at a path, as if by magic, with missing directories; not durable yet. */
export function place(machine: Machine, path: string, entry: InitialEntry, owner: Credentials): void {
  const { disk } = machine;
  ensureDirectory(machine, directoryName(path, "posix"), owner);
  const found = lookUp(machine, path, false);
  if (found === undefined) throw new Error(`Cannot make ${path}`);
  const kind = entry.symlink === undefined ? entry.kind ?? "file" : "symlink";
  const usual = { file: 0o644, directory: 0o755, symlink: 0o777, other: 0o644 }[kind];
  const attributes = {
    mode: entry.mode ?? usual,
    user: entry.user ?? owner.user,
    group: entry.group ?? owner.group,
    modified: machine.scheduler.now(),
    ...entry.attributes === undefined ? {} : { extended: new Map(Object.entries(entry.attributes)) },
  };
  let inode: number;
  if (entry.link !== undefined) {
    const existing = lookUp(machine, entry.link, false)?.node;
    if (existing === undefined) throw new Error(`There is no ${entry.link} to link ${path} to`);
    inode = existing.number;
  } else if (kind === "directory" && found.node?.kind === "directory") {
    const { mode, user, group } = attributes;
    disk.changeAttributes(found.node.number, { kind: "owner", user, group, mode });
    return;
  } else {
    if (found.node?.kind === "directory") throw new Error(`There is a directory at ${path}`);
    inode = disk.make(kind, found.directory.device, attributes, entry.symlink);
  }
  if (entry.content !== undefined) {
    // TypedArray views of every kind come as the Uint8Array they are declared to be.
    const bytes = typeof entry.content === "string" ? encoder.encode(entry.content) : new Uint8Array(entry.content);
    if (bytes.length > 0) disk.changeFile(inode, { kind: "write", offset: 0, bytes, modified: attributes.modified });
  }
  disk.changeEntries(found.directory.number, [[baseName(path, "posix"), inode]], machine.scheduler.now());
}

function ensureDirectory(machine: Machine, path: string, owner: Credentials): void {
  if (lookUp(machine, path, true)?.node === undefined) place(machine, path, { kind: "directory" }, owner);
}

/** What a text, bytes or a description of a file say, as a description. */
export function asEntry(value: string | Uint8Array | InitialEntry): InitialEntry {
  return typeof value === "string" || value instanceof Uint8Array ? { content: value } : value;
}

/** Builds a machine whose root directory belongs to `owner`. */
export function buildMachine(options: MachineOptions, owner: Credentials, around?: Around): Machine {
  const disk = new Disk();
  const devices = new Map<string, Device>();
  const mounts = new Map<number, number>();
  const name = options.device ?? `memory-${++machinesMade}`;
  const now = options.startTime ?? 0;
  const addDevice = (path: string, mount: MountOptions): number => {
    const deviceName = name + path;
    const attributes = { mode: 0o755, user: owner.user, group: owner.group, modified: now };
    const root = disk.make("directory", deviceName, attributes);
    devices.set(deviceName, { ...mount, name: deviceName, path, root });
    return root;
  };
  const root = addDevice("", options.disk ?? {});
  const plan: MachinePlan = { options, devices, mounts, root };
  const machine = new Machine(plan, disk, undefined, around);

  const points = Object.entries(options.mounts ?? {}).sort(([a], [b]) => a.length - b.length);
  for (const [path, mount] of points) {
    place(machine, path, { kind: "directory" }, owner);
    const covered = lookUp(machine, path, true)?.node;
    if (covered !== undefined) mounts.set(covered.number, addDevice(path, mount));
  }
  for (const [path, entry] of Object.entries(options.files ?? {})) place(machine, path, asEntry(entry), owner);
  for (const [path, source] of Object.entries(options.bindMounts ?? {})) {
    const shown = lookUp(machine, source, true)?.node;
    if (shown === undefined) throw new Error(`There is no ${source} to mount at ${path}`);
    if (lookUp(machine, path, true)?.node === undefined) place(machine, path, {}, owner);
    const covered = lookUp(machine, path, true)?.node;
    if (covered !== undefined) mounts.set(covered.number, shown.number);
  }
  disk.syncAll();
  return machine;
}
