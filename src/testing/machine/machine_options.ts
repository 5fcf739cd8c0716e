/** Reading what a simulated machine and its processes are asked to be, before any of it is built. */
import { InvalidArgument } from "../../core/errors.ts";
import { count, fileMode, flag, oneOf, type OptionReader, wrongArgument } from "../../core/options.ts";
import { isRuntime } from "../../runtime/as_runtime.ts";
import {
  byPath,
  finite,
  listOf,
  namedBytes,
  numbers,
  type Readers,
  readOptionsOf,
  text,
  within,
} from "../option_readers.ts";
import type {
  ForkOptions,
  InitialEntry,
  MemoryOptions,
  MountOptions,
  NetworkOptions,
  ProcessOptions,
} from "./memory_options.ts";

const isContent = (value: unknown): value is string | Uint8Array =>
  typeof value === "string" || ArrayBuffer.isView(value);

const bytesOrText: OptionReader<string | Uint8Array> = (value, name) => {
  if (isContent(value)) return value;
  throw wrongArgument(name, "a string or bytes", value);
};

const entryReaders: Readers<InitialEntry> = {
  attributes: namedBytes,
  content: bytesOrText,
  kind: oneOf("file", "directory", "other"),
  symlink: text,
  link: text,
  mode: fileMode,
  user: count,
  group: count,
};

const entry: OptionReader<string | Uint8Array | InitialEntry> = (value, name) =>
  isContent(value) ? value : within(entryReaders)(value, name);

const mountReaders: Readers<MountOptions> = {
  readOnly: flag,
  capacity: count,
  inodes: count,
  fileSync: flag,
  directorySync: flag,
  hardLinks: flag,
  owners: flag,
  fileLock: flag,
  clone: flag,
  wholeSync: flag,
  journal: oneOf("silent", "ext4", "xfs"),
  volatile: flag,
};

const counts: OptionReader<readonly number[]> = (value, name) =>
  Array.isArray(value) && value.length === 0 ? [] : listOf(count)(value, name);

const processReaders: Readers<ProcessOptions> = {
  user: count,
  group: count,
  groups: counts,
  umask: fileMode,
  workingDirectory: text,
};

const capability: Readers<NonNullable<MemoryOptions["capabilities"]>> = {
  directorySync: flag,
  anchored: flag,
  fileLock: oneOf("call", "program", "none"),
  owner: flag,
  mode: flag,
  attributes: flag,
  listsBesideMode: flag,
  symbolicLinks: flag,
  barrierSync: flag,
  replacesOpenFiles: flag,
};

const networkReaders: Readers<NetworkOptions> = {
  cachedLooks: count,
  lostReplies: listOf(oneOf("rename", "link", "symbolicLink", "remove", "makeDirectory", "removeDirectory")),
};

const machineReaders: Readers<MemoryOptions> = {
  network: within(networkReaders),
  ...processReaders,
  seed: finite,
  disk: within(mountReaders),
  mounts: byPath(within(mountReaders)),
  bindMounts: byPath(text),
  files: byPath(entry),
  userNumbers: numbers,
  groupNumbers: numbers,
  capabilities: within(capability),
  processFacts: flag,
  device: text,
  startTime: finite,
  clock: oneOf("automatic", "manual"),
  delay: oneOf("none", "syncs", "every"),
  protectedLinks: flag,
  openFileLimit: count,
  renameOverOpen: oneOf("EPERM", "EACCES", "EBUSY"),
  mandatoryLocks: flag,
};

/** The options of a machine and its first process. */
export const machineOptions = (options: unknown): MemoryOptions =>
  readOptionsOf("memoryRuntime", options, machineReaders);

/** The options of another process. */
export const forkOptions = (options: unknown): ForkOptions =>
  readOptionsOf("fork", options, { ...processReaders, inherits: counts });

/** The option `machine` of a tool that builds the machine itself. */
const machineOf = (readers: Partial<Readers<MemoryOptions>>): OptionReader<MemoryOptions> => (value, name) => {
  if (isRuntime(value)) {
    throw new InvalidArgument(`${name} takes the options of a machine, such as { files: … }, and not a machine`);
  }
  return within(readers as Readers<MemoryOptions>)(value, name);
};

/** The machine of an exploration of crashes. */
export const explorableMachine: OptionReader<MemoryOptions> = machineOf(machineReaders);

const { clock: _clock, delay: _delay, ...scheduledReaders } = machineReaders;

/** The machine of an exploration of schedules, which decides itself when things happen. */
export const schedulableMachine: OptionReader<Omit<MemoryOptions, "clock" | "delay">> = machineOf(scheduledReaders);
