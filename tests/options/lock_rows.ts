/** The options of a lock, each with the difference it makes: of a lock for its own sake, and of one in the option `lock`. */
import { acquireLockSync } from "../../mod.ts";
import { inodeText } from "../../src/lock/owner_record.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import type { MemoryRuntime } from "../../src/testing/mod.ts";
import type { OptionRow, Scene, Seen } from "./option_row.ts";

/** A signal that has been aborted. */
export const stops = (): AbortSignal => AbortSignal.abort(new Error("stopped"));

const code = ({ code }: Seen): string | undefined => code;

/** Others that hold the lock, and are killed when a second has passed on the machine's clock, whoever waits how. */
const holders = new WeakMap<MemoryRuntime, MemoryRuntime>();

function holderOf(machine: MemoryRuntime): MemoryRuntime {
  const holder = holders.get(machine) ?? machine.fork();
  holders.set(machine, holder);
  return holder;
}

function untilKilled(machine: MemoryRuntime): Runtime {
  const holder = holderOf(machine);
  const { clock } = machine;
  const end = clock.monotonic() + 1_000;
  return {
    name: machine.name,
    fileSystem: machine.fileSystem,
    syncFileSystem: machine.syncFileSystem,
    clock: {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      sleep: (milliseconds, signal, options) => clock.sleep(milliseconds, signal, options),
      pause(milliseconds) {
        clock.pause(milliseconds);
        if (clock.monotonic() >= end) holder.kill();
      },
    },
    random: (length) => machine.random(length),
    createHash: () => machine.createHash(),
    process: machine.process,
    capabilities: machine.capabilities,
  };
}

/** Somebody holds a lock for a second: that of the file, or of what else is locked there. */
export const lockedAt = (target?: string) => ({
  before: ({ machine, path }: Scene): void => {
    const holder = holderOf(machine);
    acquireLockSync(target ?? path, { runtime: holder });
    void machine.clock.sleep(1_000, undefined, { keepAlive: false }).then(() => holder.kill());
  },
  around: untilKilled,
  see: code,
});

/** Somebody holds the lock of the file for a second. */
export const locked = lockedAt();

/** A lock directory of somebody who cannot be judged from here and does not renew it, although he said he would. */
const silent = (target: string) => ({ files: { [`${target}.lock/g1.5.${"b".repeat(26)}.n`]: "" } });

const lockFiles = ({ machine }: Seen): string[] =>
  Object.keys(machine.files()).filter((path) => path.endsWith(".lock") && /^\/[de]\//.test(path)).map((path) =>
    path.slice(0, 3)
  );

/** A process that was started inside the lock of a holder, as its environment says and the system confirms. */
const insideLockOf = (target: string) => ({
  before: ({ machine }: Scene): void => void acquireLockSync(target, { runtime: holderOf(machine) }),
  around: (machine: MemoryRuntime): Runtime => {
    const { pid } = holderOf(machine).process;
    const held = () => {
      const identity = machine.statusOf(`${target}.lock`)?.identity ?? "";
      return JSON.stringify([{ mark: inodeText(identity), pid, shared: false }]);
    };
    return {
      ...untilKilled(machine),
      process: {
        ...machine.process,
        environment: (name) => name === "ATOMIC_WRITE_HELD_LOCKS" ? held() : undefined,
        ancestors: () => [pid],
        lockHolder: () => ({ pid, shared: false }),
      },
    };
  },
});

/** The options that every lock has, wherever it is asked for; `prefix`: `lock.`, `target`: what is locked. */
const common = (prefix: string, target?: string): OptionRow[] => [
  {
    ...insideLockOf(target ?? "/d/a"),
    option: `${prefix}join`,
    value: true,
    base: prefix === "" ? { timeout: 10_000 } : { lock: { timeout: 10_000 } },
    see: code,
    without: "EDEADLK",
    with: undefined,
  },
  {
    ...lockedAt(target),
    option: `${prefix}onWait`,
    value: () => {
      throw new Error("told");
    },
    before: ({ machine, path }: Scene): void => {
      const holder = holderOf(machine);
      acquireLockSync(target ?? path, { runtime: holder });
      void machine.clock.sleep(3_000, undefined, { keepAlive: false }).then(() => holder.kill());
    },
    base: prefix === "" ? { timeout: 10_000 } : { lock: { timeout: 10_000 } },
    only: "async",
    without: undefined,
    with: "told",
  },
  {
    option: `${prefix}mode`,
    value: 0o600,
    base: prefix === "" ? {} : { lock: {} },
    before: ({ machine }: Scene): void => void machine.syncFileSystem.remove(target ?? "/d/a"),
    see: ({ machine }) => (machine.statusOf(`${target ?? "/d/a"}.lock`)?.mode ?? 0) & 0o077,
    without: 0o044,
    with: 0,
  },
  { ...lockedAt(target), option: `${prefix}timeout`, value: 0, without: undefined, with: "EBUSY" },
  { option: `${prefix}signal`, value: stops(), only: "async", see: code, without: undefined, with: "stopped" },
  {
    option: `${prefix}backend`,
    value: "directory",
    base: prefix === "" ? {} : { lock: {} },
    see: (seen) => lockFiles(seen).length,
    without: 1,
    with: 0,
  },
  {
    option: `${prefix}lockDirectory`,
    value: "/e",
    base: prefix === "" ? {} : { lock: {} },
    see: lockFiles,
    without: ["/d/"],
    with: ["/e/"],
  },
  {
    option: `${prefix}staleAfter`,
    value: 3_000,
    base: prefix === ""
      ? { backend: "directory", timeout: 10_000 }
      : { lock: { backend: "directory", timeout: 10_000 } },
    machine: silent(target ?? "/d/a"),
    see: code,
    without: "ETIMEDOUT",
    with: undefined,
  },
];

/** The options in the option `lock` of what takes the lock of `target`. */
export const lockRowsOf = (target: string): OptionRow[] => common("lock.", target);

/** The options in the option `lock`. */
export const innerLockRows: readonly OptionRow[] = common("lock.");

/** The options of a lock. */
export const lockRows: readonly OptionRow[] = [
  ...common(""),
  {
    option: "shared",
    value: true,
    base: { timeout: 0 },
    before: ({ machine, path }) => acquireLockSync(path, { runtime: holderOf(machine), shared: true }),
    see: code,
    without: "EBUSY",
    with: undefined,
  },
];

/** Of a call that tries once: what is different is whether it has the lock. */
export const tryLockRows: readonly OptionRow[] = [
  ...lockRows.filter(({ option }) => !["timeout", "shared", "staleAfter", "join", "onWait"].includes(option)),
  {
    ...insideLockOf("/d/a"),
    option: "join",
    value: true,
    see: ({ value }) => value,
    without: "no lock",
    with: "a lock",
  },
  {
    option: "shared",
    value: true,
    before: ({ machine, path }) => acquireLockSync(path, { runtime: holderOf(machine), shared: true }),
    see: ({ value }) => value,
    without: "no lock",
    with: "a lock",
  },
  {
    option: "staleAfter",
    value: 3_000,
    base: { backend: "directory" },
    see: ({ machine, value }) => [value, Object.keys(machine.files("/d")).some((name) => /\/g1\.0\./.test(name))],
    without: ["a lock", false],
    with: ["a lock", true],
  },
];
