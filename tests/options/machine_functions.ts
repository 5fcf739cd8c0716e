/** `memoryRuntime` of `./testing`, and a row for everything that a simulated machine can be asked to be. */
import { crashStates, faultRuntime, type MemoryRuntime, memoryRuntime } from "../../src/testing/mod.ts";
import { make, makeSynced } from "./machine_files.ts";
import type { OptionRow, PublicFunction, Seen } from "./option_row.ts";
import type { Tested } from "./tested_function.ts";

const machineCall = (name: string, call: (options: object) => unknown): PublicFunction => ({
  name,
  exports: ["memoryRuntime"],
  bound: true,
  call: (_scene, options) => call(options),
});
const made = ({ value }: Seen): MemoryRuntime => value as MemoryRuntime;
const codeOf = (run: () => unknown): string => {
  try {
    run();
    return "done";
  } catch (error) {
    return (error as { code: string }).code;
  }
};
const processRows: OptionRow[] = [
  { option: "user", value: 7, see: (seen) => made(seen).process.owner()?.user, without: 1000, with: 7 },
  { option: "group", value: 7, see: (seen) => made(seen).process.owner()?.group, without: 1000, with: 7 },
  {
    option: "groups",
    value: [50],
    see: (seen) =>
      codeOf(() => {
        const file = make(made(seen), "/g");
        return file.setOwner(undefined, 50);
      }),
    without: "EPERM",
    with: "done",
  },
  {
    option: "umask",
    value: 0o077,
    see: (seen) => (make(made(seen), "/u").close(), made(seen).statusOf("/u")?.mode),
    without: 0o644,
    with: 0o600,
  },
  {
    option: "workingDirectory",
    value: "/w",
    see: (seen) => made(seen).process.workingDirectory(),
    without: "/",
    with: "/w",
  },
];

/** What makes machines. */
export const machineFunctions: readonly Tested[] = [
  {
    called: machineCall("memoryRuntime", (options) => memoryRuntime(options)),
    rows: [
      ...processRows,
      {
        option: "seed",
        value: 2,
        see: (seen) => made(seen).random(4).join() === memoryRuntime({ seed: 1 }).random(4).join(),
        without: true,
        with: false,
      },
      {
        option: "disk",
        value: { readOnly: true },
        see: (seen) => codeOf(() => make(made(seen), "/a")),
        without: "done",
        with: "EROFS",
      },
      {
        option: "mounts",
        value: { "/m": {} },
        see: (seen) => made(seen).statusOf("/m")?.kind,
        without: undefined,
        with: "directory",
      },
      {
        option: "network",
        value: {},
        see: (seen) => codeOf(() => make(made(seen), "/a").tryLock(false)),
        without: "done",
        with: "ENOLCK",
      },
      {
        option: "bindMounts",
        value: { "/a": "/b" },
        base: { files: { "/a": "a", "/b": "b" } },
        see: (seen) => made(seen).readText("/a"),
        without: "a",
        with: "b",
      },
      {
        option: "files",
        value: { "/a": "a" },
        see: (seen) => made(seen).readText("/a"),
        without: undefined,
        with: "a",
      },
      {
        option: "userNumbers",
        value: { me: 7 },
        see: (seen) => made(seen).process.userNumber("me"),
        without: undefined,
        with: 7,
      },
      {
        option: "groupNumbers",
        value: { us: 7 },
        see: (seen) => made(seen).process.groupNumber("us"),
        without: undefined,
        with: 7,
      },
      {
        option: "capabilities",
        value: { fileLock: "none" },
        see: (seen) => made(seen).capabilities.fileLock,
        without: "call",
        with: "none",
      },
      {
        option: "processFacts",
        value: false,
        see: (seen) => made(seen).process.facts() === undefined,
        without: false,
        with: true,
      },
      {
        option: "device",
        value: "disk-1",
        see: (seen) => made(seen).statusOf("/")?.device === "disk-1",
        without: false,
        with: true,
      },
      { option: "startTime", value: 5, see: (seen) => made(seen).clock.now() < 1_000, without: false, with: true },
      {
        option: "clock",
        value: "manual",
        see: async (seen) => {
          const { clock } = made(seen);
          void clock.sleep(1_000);
          for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
          return clock.monotonic() >= 1_000;
        },
        without: true,
        with: false,
      },
      {
        option: "delay",
        value: "every",
        see: (seen) => made(seen).fileSystem.stat("/") instanceof Promise,
        without: false,
        with: true,
      },
      {
        option: "protectedLinks",
        value: false,
        base: {
          files: {
            "/t/": { kind: "directory", mode: 0o1777, user: 0 },
            "/t/link": { symlink: "/f", user: 7 },
            "/f": "found",
          },
        },
        see: (seen) => codeOf(() => made(seen).syncFileSystem.open("/t/link", "read")),
        without: "EACCES",
        with: "done",
      },
      {
        option: "openFileLimit",
        value: 1,
        see: (seen) => codeOf(() => [make(made(seen), "/a"), make(made(seen), "/b")]),
        without: "done",
        with: "EMFILE",
      },
      {
        option: "mandatoryLocks",
        value: true,
        see: (seen) =>
          codeOf(() => {
            const machine = made(seen);
            const file = make(machine, "/a");
            file.tryLock(false);
            const other = machine.fork().syncFileSystem.open("/a", "read");
            other?.read(new Uint8Array(1));
          }),
        without: "done",
        with: "EBUSY",
      },
      {
        option: "renameOverOpen",
        value: "EACCES",
        see: (seen) =>
          codeOf(() => {
            const machine = made(seen);
            makeSynced(machine, "/a");
            makeSynced(machine, "/b");
            machine.fork().syncFileSystem.open("/b", "read");
            machine.syncFileSystem.rename("/a", "/b");
          }),
        without: "done",
        with: "EACCES",
      },
    ],
  },
  {
    called: machineCall("memoryRuntime, its fork", (options) => {
      const parent = memoryRuntime({ groups: [] });
      make(parent, "/held");
      return parent.fork(options);
    }),
    rows: [
      ...processRows.map((row): OptionRow =>
        row.option === "groups" || row.option === "umask" ? { ...row, before: () => {} } : row
      ),
      { option: "inherits", value: [3], see: (seen) => made(seen).openHandles, without: [], with: ["/held"] },
    ],
  },
  {
    called: machineCall("memoryRuntime, its disk", (options) => memoryRuntime({ disk: options, files: { "/f": "f" } })),
    rows: [
      {
        option: "readOnly",
        value: true,
        see: (seen) => codeOf(() => make(made(seen), "/a")),
        without: "done",
        with: "EROFS",
      },
      {
        option: "capacity",
        value: 0,
        see: (seen) => codeOf(() => make(made(seen), "/a")),
        without: "done",
        with: "ENOSPC",
      },
      {
        option: "inodes",
        value: 3,
        see: (seen) => codeOf(() => ["/a", "/b", "/c"].map((path) => make(made(seen), path, 0))),
        without: "done",
        with: "ENOSPC",
      },
      {
        option: "fileSync",
        value: false,
        see: (seen) => codeOf(() => makeSynced(made(seen), "/a")),
        without: "done",
        with: "EINVAL",
      },
      {
        option: "directorySync",
        value: false,
        see: (seen) => codeOf(() => made(seen).syncFileSystem.openDirectory("/")?.sync("full")),
        without: "done",
        with: "EINVAL",
      },
      {
        option: "hardLinks",
        value: false,
        see: (seen) => codeOf(() => made(seen).syncFileSystem.link("/f", "/g")),
        without: "done",
        with: "EPERM",
      },
      {
        option: "owners",
        value: false,
        see: (seen) => codeOf(() => make(made(seen), "/a").setMode(0o600)),
        without: "done",
        with: "EPERM",
      },
      {
        option: "fileLock",
        value: false,
        see: (seen) => codeOf(() => make(made(seen), "/a").tryLock(false)),
        without: "done",
        with: "ENOTSUP",
      },
      {
        option: "clone",
        value: true,
        see: (seen) => {
          const machine = made(seen);
          const source = machine.syncFileSystem.open("/f", "read");
          return source === undefined ? "missing" : make(machine, "/a", 0).clone(source);
        },
        without: false,
        with: true,
      },
      {
        option: "wholeSync",
        value: true,
        see: (seen) => made(seen).syncFileSystem.openDirectory("/")?.watchFileSystem?.(),
        without: false,
        with: true,
      },
      {
        option: "journal",
        value: "silent",
        see: (seen) => {
          const machine = made(seen);
          make(machine, "/a").close();
          const { runtime } = faultRuntime(machine, { at: ({ method }) => method === "sync", error: "EIO" });
          codeOf(() => makeSynced(runtime, "/b"));
          machine.syncFileSystem.open("/a", "read")?.sync("full");
          machine.syncFileSystem.openDirectory("/")?.sync("full");
          return [...crashStates(machine)].some((state) => state.start().readText("/a")?.length === 3_000);
        },
        without: true,
        with: false,
      },
      {
        option: "volatile",
        value: true,
        see: (seen) => [...crashStates(made(seen))].every((state) => state.start().readText("/f") === undefined),
        without: false,
        with: true,
      },
    ],
  },
  {
    called: machineCall(
      "memoryRuntime, a file of it",
      (options) => memoryRuntime({ user: 0, capabilities: { attributes: true }, files: { "/t": "t", "/e": options } }),
    ),
    rows: [
      { option: "content", value: "text", see: (seen) => made(seen).readText("/e"), without: "", with: "text" },
      {
        option: "kind",
        value: "directory",
        see: (seen) => made(seen).statusOf("/e")?.kind,
        without: "file",
        with: "directory",
      },
      {
        option: "symlink",
        value: "t",
        see: (seen) => made(seen).statusOf("/e")?.kind,
        without: "file",
        with: "symlink",
      },
      { option: "link", value: "/t", see: (seen) => made(seen).readText("/e"), without: "", with: "t" },
      { option: "mode", value: 0o600, see: (seen) => made(seen).statusOf("/e")?.mode, without: 0o644, with: 0o600 },
      { option: "user", value: 7, see: (seen) => made(seen).statusOf("/e")?.user, without: 0, with: 7 },
      { option: "group", value: 7, see: (seen) => made(seen).statusOf("/e")?.group, without: 0, with: 7 },
      {
        option: "attributes",
        value: { "user.note": new Uint8Array([1]) },
        see: (seen) => made(seen).syncFileSystem.open("/e", "read")?.attributes().size,
        without: 0,
        with: 1,
      },
    ],
  },
];
