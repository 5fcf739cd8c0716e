/**
 * The control: a save that is right in every step and shares its directory syncs the way this module once did. Whoever
 * comes while a sync is in flight waits for the next one; when a sync fails, those who waited for that one are told, and
 * the next sync answers for the rest. On a disk that fails, ext4 and xfs have by then given the error away.
 */
import * as fs from "node:fs";
import { basename, dirname, join } from "node:path";

interface Waiter {
  readonly directory: number;
  resolve(): void;
  reject(error: unknown): void;
}

/** By directory: present while a sync is in flight. */
const waiting = new Map<string, Waiter[]>();

const fsync = (file: number): Promise<void> =>
  new Promise((resolve, reject) => fs.fsync(file, (error) => error === null ? resolve() : reject(error)));

async function syncTogether(path: string, directory: number): Promise<void> {
  const queue = waiting.get(path);
  if (queue !== undefined) {
    return await new Promise<void>((resolve, reject) => queue.push({ directory, resolve, reject }));
  }
  waiting.set(path, []);
  try {
    await fsync(directory);
  } finally {
    void next(path);
  }
}

async function next(path: string): Promise<void> {
  const batch = waiting.get(path) ?? [];
  const leader = batch[0];
  if (leader === undefined) return void waiting.delete(path);
  waiting.set(path, []);
  await fsync(leader.directory).then(
    () => batch.forEach((each) => each.resolve()),
    (error) => batch.forEach((each) => each.reject(error)),
  );
  await next(path);
}

let count = 0;

/** Replaces a file. */
export async function forgetfulWrite(path: string, data: Uint8Array): Promise<{ durability: "full" }> {
  const directory = fs.openSync(dirname(path), "r");
  try {
    const temporary = join(dirname(path), `.${basename(path)}.${count++}.new`);
    const file = fs.openSync(temporary, "wx");
    try {
      fs.writeSync(file, data);
      await fsync(file);
    } finally {
      fs.closeSync(file);
    }
    fs.renameSync(temporary, path);
    await syncTogether(dirname(path), directory);
    return { durability: "full" };
  } finally {
    fs.closeSync(directory);
  }
}
