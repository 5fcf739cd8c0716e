/**
 * Everything that `--allow-read=DIR --allow-write=DIR` has to be enough for, in DIR. With "denied": one write, whose
 * error is printed.
 */
import {
  copyFile,
  inspectLock,
  listBackups,
  openFileWriter,
  readJsonFile,
  removeFile,
  restoreBackup,
  sweep,
  tryLock,
  updateJsonFile,
  updateJsonFileSync,
  withLock,
  writeFile,
  writeFileSync,
} from "../../../mod.ts";
import writeFileAtomic from "../../../src/compat/mod.ts";
import { openLog } from "../../../src/log/mod.ts";
import { openObjectStore, openReferences } from "../../../src/store/mod.ts";
import { applyFiles, recoverTransactions } from "../../../src/transaction/mod.ts";

const [directory = "", what = "all"] = Deno.args;

/** What is tried, by name; each answers something to be printed. */
const uses: Record<string, () => unknown> = {
  write: async () => (await writeFile(`${directory}/a`, "1", { mode: 0o600, backup: 2 })).durability,
  "write again": async () => (await writeFile(`${directory}/a`, "2", { backup: 2 })).replaced,
  "write at once": () => writeFileSync(`${directory}/b`, "1").durability,
  "write the same": async () => (await writeFile(`${directory}/a`, "2", { skipIfEqual: true })).changed,
  "create only": async () => (await writeFile(`${directory}/c`, "1", { ifExists: "fail" })).replaced,
  "make directories": async () => (await writeFile(`${directory}/d/e/f`, "1", { createDirectories: true })).durability,
  backups: async () => (await listBackups(`${directory}/a`)).length,
  restore: async () => (await restoreBackup(`${directory}/a`)).replaced,
  copy: async () => (await copyFile(`${directory}/a`, `${directory}/copy`)).bytesWritten,
  remove: async () => (await removeFile(`${directory}/copy`)).removed,
  stream: async () => {
    await using writer = await openFileWriter(`${directory}/g`);
    await writer.write("streamed");
    return (await writer.commit()).bytesWritten;
  },
  lock: () => withLock(`${directory}/a`, (lock) => lock.backend),
  "lock at once": async () => {
    using lock = await tryLock(`${directory}/a`);
    return [lock?.backend, await tryLock(`${directory}/a`), (await inspectLock(`${directory}/a`)) !== undefined];
  },
  update: async () => {
    await Promise.all([1, 2, 3].map(() => updateJsonFile<number>(`${directory}/n`, (n = 0) => n + 1)));
    updateJsonFileSync<number>(`${directory}/n`, (n = 0) => n + 1);
    return await readJsonFile(`${directory}/n`);
  },
  sweep: async () => (await sweep(directory, { recursive: true })).removed,
  compat: async () => {
    await writeFileAtomic(`${directory}/h`, "1");
    writeFileAtomic.sync(`${directory}/h`, "68", "hex");
  },
  transaction: async () => {
    const files = [{ path: `${directory}/t1`, data: "1" }, { path: `${directory}/t2`, data: "2" }];
    return [(await applyFiles({ files })).changed, (await recoverTransactions(directory)).conflicts];
  },
  store: async () => {
    const store = await openObjectStore(`${directory}/objects`);
    const references = await openReferences(`${directory}/references`);
    await references.update("heads/main", await store.put("kept"));
    return (await store.get(await references.read("heads/main") ?? "")).length;
  },
  log: async () => {
    await using log = await openLog(`${directory}/events.log`);
    return await log.append("happened");
  },
};

if (what === "all") {
  for (const [name, use] of Object.entries(uses)) console.log(`${name}: ${JSON.stringify(await use())}`);
} else {
  try {
    await uses[what]?.();
    console.log("no error");
  } catch (error) {
    const { name, message, code, targetState } = error as Error & { code?: string; targetState?: string };
    console.log(JSON.stringify({ name, message, code, targetState }));
  }
}
