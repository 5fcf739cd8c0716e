/** The options of everything that writes a file, each with the difference it makes; option_row.ts says how they are run. */
import { faultRuntime, type MemoryRuntime } from "../../src/testing/mod.ts";
import type { WriteResult } from "../../mod.ts";
import { digestOf } from "../proof/write_features.ts";
import { innerLockRows, locked, stops } from "./lock_rows.ts";
import type { OptionRow, Seen } from "./option_row.ts";

const result = ({ value }: Seen): WriteResult => value as WriteResult;
const orCode = (see: (seen: Seen) => unknown) => (seen: Seen): unknown => seen.code ?? see(seen);
const durability = orCode((seen) => result(seen).durability);
const statusOf = ({ machine, path }: Seen) => machine.statusOf(path);
/** Nothing can be there on the machine that runs the tests: the directory above is a device. */
export const simulatedOnly = "/dev/null/simulated";

const failing = (machine: MemoryRuntime) =>
  faultRuntime(machine, {
    at: ({ method, path }) => method === "sync" && path === "/d",
    error: "EIO",
    times: "always",
  }).runtime;

/** How durable a change must be, and what happens where that cannot be had. */
export const syncRows: readonly OptionRow[] = [
  { option: "durability", value: "none", see: durability, without: "full", with: "none" },
  {
    option: "whenUnsupported",
    value: "throw",
    machine: { disk: { directorySync: false } },
    see: durability,
    without: "file",
    with: "EINVAL",
  },
  { option: "whenSyncFails", value: "report", around: failing, see: durability, without: "EIO", with: "file" },
];

/** A machine to work on. */
export const runtimeRow: OptionRow = {
  option: "runtime",
  valueIn: ({ runtime }) => runtime,
  path: `${simulatedOnly}/a`,
  machine: { files: { [`${simulatedOnly}/a`]: "old" } },
  see: ({ code }) => code,
  without: "ENOTDIR",
  with: undefined,
};

/** Where root works in another user's directory, and names cannot be reached through what is open. */
export const unsafePathRow: OptionRow = {
  option: "unsafePath",
  value: "allow",
  path: "/n/d/a",
  machine: {
    user: 0,
    capabilities: { anchored: false },
    files: {
      "/n": { kind: "directory", user: 7 },
      "/n/d": { kind: "directory", user: 7 },
      "/n/d/a": { content: "[]", user: 7 },
    },
  },
  see: ({ code }) => code,
  without: "EACCES",
  with: undefined,
};

/** What ends a call that is under way. */
export const signalRow: OptionRow = {
  option: "signal",
  value: stops(),
  only: "async",
  see: ({ code }) => code,
  without: undefined,
  with: "stopped",
};

/** Every option of a write, but those that only some of them have. */
export const writeRows: readonly OptionRow[] = [
  ...syncRows,
  { option: "mode", value: 0o600, see: (seen) => statusOf(seen)?.mode, without: 0o640, with: 0o600 },
  { option: "owner.group", value: 60, see: (seen) => statusOf(seen)?.group, without: 50, with: 60 },
  {
    option: "owner.user",
    value: 7,
    machine: { user: 0 },
    see: (seen) => statusOf(seen)?.user,
    without: 0,
    with: 7,
  },
  {
    option: "defaults.mode",
    value: 0o604,
    path: "/d/new",
    see: (seen) => statusOf(seen)?.mode,
    without: 0o644,
    with: 0o604,
  },
  {
    option: "defaults.creationMode",
    value: 0o777,
    path: "/d/new",
    see: (seen) => statusOf(seen)?.mode,
    without: 0o644,
    with: 0o755,
  },
  {
    option: "defaults.owner.group",
    value: 60,
    path: "/d/new",
    see: (seen) => statusOf(seen)?.group,
    without: 1000,
    with: 60,
  },
  {
    option: "defaults.owner.user",
    value: 7,
    path: "/d/new",
    machine: { user: 0 },
    see: (seen) => statusOf(seen)?.user,
    without: 0,
    with: 7,
  },
  { option: "ifExists", value: "fail", see: ({ code }) => code, without: undefined, with: "EEXIST" },
  { option: "ifMatch", value: digestOf("other"), see: ({ code }) => code, without: undefined, with: "ECONFLICT" },
  {
    option: "skipIfEqual",
    value: true,
    times: 2,
    see: (seen) => result(seen).changed,
    without: true,
    with: false,
  },
  {
    option: "symlink",
    value: "replace",
    path: "/d/link",
    see: ({ machine }) => machine.statusOf("/d/link")?.kind,
    without: "symlink",
    with: "file",
  },
  {
    option: "hardLink",
    value: "refuse",
    path: "/d/hard",
    see: ({ code }) => code,
    without: undefined,
    with: "EMLINK",
  },
  {
    option: "whenLost",
    value: "throw",
    path: "/d/setuid",
    machine: { files: { "/d/setuid": { content: "[]", mode: 0o4755 } }, capabilities: { attributes: true } },
    see: ({ code }) => code,
    without: undefined,
    with: "EPERM",
  },
  {
    option: "whenReadOnly",
    value: "refuse",
    path: "/d/sealed",
    machine: { files: { "/d/sealed": { content: "[]", mode: 0o444 } } },
    see: ({ code }) => code,
    without: undefined,
    with: "EACCES",
  },
  {
    option: "busyTimeout",
    value: 70,
    machine: { renameOverOpen: "EBUSY" },
    before: ({ machine, path }) => machine.fork().syncFileSystem.open(path, "read"),
    see: ({ machine, code }) => [code, Math.round(machine.clock.monotonic())],
    without: ["EBUSY", 2000],
    with: ["EBUSY", 70],
  },
  {
    option: "createDirectories",
    value: true,
    path: "/d/x/y",
    see: ({ code }) => code,
    without: "ENOENT",
    with: undefined,
  },
  { option: "backup", value: 1, see: (seen) => result(seen).backup === undefined, without: true, with: false },
  {
    option: "backupDirectory",
    value: "/e",
    base: { backup: 1 },
    see: (seen) => result(seen).backup?.replace(/\.a\..*\.bak$/, ""),
    without: "/d/",
    with: "/e/",
  },
  { option: "digest", value: true, see: (seen) => result(seen).digest === undefined, without: true, with: false },
  { ...locked, option: "lock", value: { timeout: 0 }, without: undefined, with: "EBUSY" },
  ...innerLockRows,
  signalRow,
  unsafePathRow,
  runtimeRow,
];
