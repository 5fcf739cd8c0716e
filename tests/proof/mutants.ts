/**
 * The protocol, broken on purpose: each mutant swallows, moves or replaces calls at the seam, so that the engine itself
 * does what a careless one would do. Exploration must catch every one of them.
 */
import type { Awaitable } from "../../src/core/operation.ts";
import { baseOf, NamesByPath } from "../../src/runtime/directory.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { type Around, interceptRuntime } from "../../src/testing/faults/intercept.ts";
import { faultRuntime, type MemoryRuntime, type SeamCall } from "../../src/testing/mod.ts";
import { overlaid } from "../support/hooked_runtime.ts";

/** A way of getting it wrong. */
export interface Mutant {
  readonly name: string;
  /** Which row of the table shows it: part of its name. */
  readonly row: string;
  breaks(machine: MemoryRuntime): Runtime;
}

const isTemporary = (path: string): boolean => path.endsWith(".tmp");
const isSync = ({ method }: SeamCall): boolean => method === "sync";

/** Calls that are not made at all; only such may be chosen whose answer nobody looks at. */
const swallowing = (swallowed: (call: SeamCall) => boolean) => (machine: MemoryRuntime): Runtime => {
  const nothing = <T>(): Awaitable<T> => undefined as Awaitable<T>;
  return interceptRuntime(machine, (call, proceed) => swallowed(call) ? nothing() : proceed());
};

/** What is done in place of a rename. */
const renaming = (
  rename: (machine: MemoryRuntime, from: string, to: string) => void,
  swallowed: (call: SeamCall) => boolean = () => false,
) =>
(machine: MemoryRuntime): Runtime => {
  const around: Around = <T>(call: SeamCall, proceed: () => Awaitable<T>): Awaitable<T> => {
    if (call.method === "rename") rename(machine, call.path, String(call.operands[0]));
    return call.method === "rename" || swallowed(call) ? undefined as Awaitable<T> : proceed();
  };
  return interceptRuntime(machine, around);
};

function syncFile(machine: MemoryRuntime, path: string): void {
  const file = machine.syncFileSystem.open(path, "read");
  file?.sync("full");
  file?.close();
}

function writeInPlace(machine: MemoryRuntime, from: string, to: string): void {
  const fileSystem = machine.syncFileSystem;
  const bytes = machine.readBytes(from) ?? new Uint8Array();
  const file = fileSystem.open(to, "read-write") ?? fileSystem.create(to, 0o666);
  file.truncate(0);
  file.write(bytes);
  file.sync("full");
  file.close();
  fileSystem.remove(from);
}

/** The same machine, whose temporary files are in another directory. */
function elsewhere(machine: MemoryRuntime): Runtime {
  const moved = (path: string) => isTemporary(path) ? path.replace(/^\/d\//, "/e/") : path;
  const real = machine.syncFileSystem;
  const fileSystem = {
    ...Object.fromEntries(
      Object.getOwnPropertyNames(Object.getPrototypeOf(real)).concat(Object.keys(real)).map((name) => {
        const method: unknown = Reflect.get(real, name);
        return [name, typeof method === "function" ? method.bind(real) : method];
      }),
    ),
    openDirectory(path: string, options?: { follow?: boolean }) {
      const directory = real.openDirectory(path, options);
      return directory &&
        overlaid(directory, (key) => key === "names" ? new NamesByPath(fileSystem, baseOf(path)) : undefined);
    },
    create: (path: string, mode: number) => real.create(moved(path), mode),
    linkStat: (path: string) => real.linkStat(moved(path)),
    rename: (from: string, to: string) => real.rename(moved(from), to),
    remove: (path: string) => real.remove(moved(path)),
  } as unknown as typeof real;
  return { ...interceptRuntime(machine, (_call, proceed) => proceed()), fileSystem, syncFileSystem: fileSystem };
}

function retrying(machine: MemoryRuntime): Runtime {
  const at = (call: SeamCall) => isSync(call) && isTemporary(call.path);
  const { runtime } = faultRuntime(machine, { at, error: "EIO" });
  return interceptRuntime(runtime, (call, proceed) => {
    if (!at(call)) return proceed();
    try {
      return proceed();
    } catch {
      return proceed();
    }
  });
}

function metadataLate(machine: MemoryRuntime): Runtime {
  const late: (() => unknown)[] = [];
  const around: Around = <T>(call: SeamCall, proceed: () => Awaitable<T>): Awaitable<T> => {
    if (call.method === "setMode" || call.method === "setOwner") {
      late.push(proceed);
      return undefined as Awaitable<T>;
    }
    if (call.method === "close") { for (const each of late.splice(0)) each(); }
    return proceed();
  };
  return interceptRuntime(machine, around);
}

/** Every mutant. */
export const mutants: readonly Mutant[] = [
  {
    name: "no file sync",
    row: "write (present, 1 pieces): no options",
    breaks: swallowing((call) => isSync(call) && isTemporary(call.path)),
  },
  {
    name: "no directory sync",
    row: "write (present, 1 pieces): no options",
    breaks: swallowing((call) => isSync(call) && call.path === "/d"),
  },
  {
    name: "sync after rename",
    row: "write (present, 1 pieces): no options",
    breaks: renaming((machine, from, to) => {
      machine.syncFileSystem.rename(from, to);
      syncFile(machine, to);
    }, (call) => isSync(call) && isTemporary(call.path)),
  },
  { name: "write in place", row: "write (present, 1 pieces): no options", breaks: renaming(writeInPlace) },
  { name: "temporary file in another directory", row: "write (present, 1 pieces): no options", breaks: elsewhere },
  { name: "a failed sync is tried again", row: "write (present, 1 pieces): no options", breaks: retrying },
  {
    name: "the target is removed before the rename",
    row: "write (present, 1 pieces): no options",
    breaks: renaming((machine, from, to) => {
      machine.syncFileSystem.remove(to);
      machine.syncFileSystem.rename(from, to);
    }),
  },
  {
    name: "what was staged is unlinked after the rename",
    row: "write (present, 1 pieces): no options",
    breaks: renaming((machine, from, to) => {
      machine.syncFileSystem.rename(from, to);
      machine.syncFileSystem.remove(to);
    }),
  },
  { name: "mode and owner after the sync", row: "write (present, 1 pieces): no options", breaks: metadataLate },
  {
    name: "backup not synced",
    row: "write (present, 1 pieces): backup 2 elsewhere",
    breaks: swallowing((call) => isSync(call) && (call.path.endsWith(".bak") || call.path === "/k")),
  },
  {
    name: "the copy of a backup not synced",
    row: "write (present, 1 pieces): backup 2 by copying",
    breaks: (machine) => {
      let synced = 0;
      return swallowing((call) => isSync(call) && isTemporary(call.path) && ++synced === 2)(machine);
    },
  },
  {
    name: "ancestors not synced",
    row: "write (absent, 1 pieces): directories created",
    breaks: swallowing((call) => isSync(call) && ["/", "/d", "/d/x"].includes(call.path)),
  },
  {
    name: "a removal not synced",
    row: "remove /d/a, durability full",
    breaks: swallowing((call) => isSync(call) && call.path === "/d"),
  },
];
