/**
 * Small protocols with the mistakes that exploration of schedules must find: rules that this package once had, and others
 * that are easily made. Each writes a file beside its target, syncs it, renames it, and syncs the directory by its rule.
 */
import type { OpenFile, Runtime } from "../../../src/runtime/runtime.ts";
import type { TogetherOperation } from "../../../src/testing/mod.ts";

/** How syncs of one directory are shared. */
export type DirectorySyncs = (directory: OpenFile) => Promise<void>;

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** As this package had it: whoever comes during a sync shares the next one; of a failure only those who share it know. */
export function nextSync(): DirectorySyncs {
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const start = (directory: OpenFile): Promise<void> => {
    const own = (async () => void await directory.sync("full"))();
    running = own;
    const end = () => {
      if (running === own) running = undefined;
    };
    own.then(end, end);
    return own;
  };
  return (directory) => {
    if (running === undefined) return start(directory);
    // Its error is told to those who wait for it.
    const after = running.then(() => {}, () => {});
    return next ??= after.then(() => {
      next = undefined;
      return start(directory);
    });
  };
}

/** Whoever comes during a sync shares the one in flight, which may have begun before his rename. */
export function syncInFlight(): DirectorySyncs {
  let running: Promise<void> | undefined;
  return (directory) => {
    if (running !== undefined) return running;
    const own = (async () => void await directory.sync("full"))();
    running = own;
    const end = () => running = undefined;
    own.then(end, end);
    return own;
  };
}

/** The next sync is shared, and its error is told to whoever leads it alone. */
export function errorForLeader(): DirectorySyncs {
  let last: Promise<void> = Promise.resolve();
  let waiting: Promise<void> | undefined;
  return (directory) => {
    // The mistake: whoever follows is not told.
    if (waiting !== undefined) return waiting.catch(() => {});
    // The error of the one before was told to its leader.
    const own = last.catch(() => {}).then(() => {
      waiting = undefined;
      return directory.sync("full");
    });
    waiting = own;
    last = own;
    return own;
  };
}

/** What holds: one writer after the other, and after a failure nobody any more. */
export function oneAfterTheOther(): (write: () => Promise<void>) => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  return (write) => {
    // Whoever comes after a failure is refused with it.
    last = last.then(write);
    return last;
  };
}

async function writeWhole({ fileSystem }: Runtime, path: string, text: string): Promise<void> {
  const file = await fileSystem.create(path, 0o644);
  try {
    await file.write(encode(text));
    await file.sync("full");
  } finally {
    await file.close();
  }
}

/** A write of `/d/NAME`, acknowledged when its directory is synced. */
export function plainWrite(name: string, sync: DirectorySyncs): TogetherOperation {
  return async (runtime, acknowledge) => {
    const { fileSystem } = runtime;
    await writeWhole(runtime, `/d/${name}.tmp`, name);
    const directory = await fileSystem.openDirectory("/d");
    if (directory === undefined) throw new Error("There is no /d");
    await fileSystem.rename(`/d/${name}.tmp`, `/d/${name}`);
    await sync(directory);
    await directory.close();
    acknowledge(name);
  };
}

/** Leaves equal content alone and syncs it, as this package did: what another's failed sync has lost stays lost. */
export const equalNoOp: TogetherOperation = async ({ fileSystem }, acknowledge) => {
  const file = await fileSystem.open("/d/a", "read");
  if (file === undefined) return;
  const buffer = new Uint8Array(3);
  await file.read(buffer);
  if (new TextDecoder().decode(buffer) !== "new") return;
  await file.sync("full");
  acknowledge("new");
};

/** Another program, which writes in place and whose sync may fail. */
export const inPlace: TogetherOperation = async ({ fileSystem }) => {
  const file = await fileSystem.open("/d/a", "read-write");
  await file?.write(encode("new"));
  await file?.sync("full");
  await file?.close();
};

/** Opens a log as this package did: what is read there is synced once more, and believed. */
export const oldReopening: TogetherOperation = async ({ fileSystem }, acknowledge) => {
  const log = await fileSystem.open("/d/log", "read-write");
  if (log === undefined) return;
  const buffer = new Uint8Array(8);
  const size = await log.read(buffer);
  await log.sync("full");
  for (const record of new TextDecoder().decode(buffer.subarray(0, size))) acknowledge(record);
};

/** Appends a record, acknowledged when synced. */
export const appending: TogetherOperation = async ({ fileSystem }, acknowledge) => {
  const log = await fileSystem.open("/d/log", "read-write");
  await log?.seek(1);
  await log?.write(encode("2"));
  await log?.sync("full");
  acknowledge("2");
};

/** A counter in a file, and a turn that is given back when it has been read, or when it is written. */
export function counting(givenBack: "too early" | "at the end"): TogetherOperation {
  let last: Promise<void> = Promise.resolve();
  let runtimeOfLast: Runtime | undefined;
  return async (runtime) => {
    const { fileSystem } = runtime;
    if (runtime !== runtimeOfLast) last = Promise.resolve();
    runtimeOfLast = runtime;
    const before = last;
    let leave = (): void => {};
    last = new Promise<void>((resolve) => leave = resolve);
    await before;
    const file = await fileSystem.open("/d/counter", "read-write");
    if (file === undefined) throw new Error("There is no counter");
    const buffer = new Uint8Array(1);
    await file.read(buffer);
    if (givenBack === "too early") leave();
    await file.seek(0);
    await file.write(encode(String(Number(new TextDecoder().decode(buffer)) + 1)));
    await file.close();
    leave();
  };
}
