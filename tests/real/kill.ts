/** One kill of a process that writes versions, at a moment nobody chose; for kill_test.ts and scripts/storm.ts. */
import * as fs from "node:fs";
import { tryLock } from "../../mod.ts";
import type { RuntimeName } from "../support/spawn.ts";
import { readVersion } from "../support/versions.ts";
import { listen, signal, type Spawn } from "./processes.ts";

/** What the writing process does. */
export interface Workload {
  way: string;
  options: Record<string, unknown>;
  /** A worker thread of it writes. */
  thread?: true;
}

/** The ways a write can be interrupted: bytes, pieces, a copy, a writer, with metadata to set, with backups to keep, …. */
export const workloads: Record<string, Workload> = {
  "writeFile": { way: "writeFile", options: {} },
  "writeFileSync": { way: "writeFileSync", options: {} },
  "copyFile": { way: "copyFile", options: {} },
  "openFileWriter": { way: "openFileWriter", options: {} },
  "with a mode to set": { way: "writeFile", options: { mode: 0o666 } },
  "with backups": { way: "writeFile", options: { backup: 3 } },
  "under a lock": { way: "writeFile", options: { lock: { timeout: 60_000 } } },
  "under a lock, in a worker thread": { way: "writeFile", options: { lock: { timeout: 60_000 } }, thread: true },
};

/** What a killed process had done. */
export interface Killed {
  begun: number;
  done: number;
  /** The version that was found; undefined: what was there before it began. */
  found: number | undefined;
}

const versionAt = (file: string) => fs.existsSync(file) ? readVersion(fs.readFileSync(file)) : undefined;

const last = (text: string, word: string): number =>
  Number([...text.matchAll(new RegExp(`^${word} (\\d+)$`, "gm"))].at(-1)?.[1] ?? 0);

/**
 * Lets a process write versions of `file`, kills it, and checks what is there: one whole version, not older than the
 * last that was acknowledged, not newer than the last that was begun; and the lock it wrote under, if it did, is free at
 * once. Throws when it is anything else.
 */
export async function killOnce(
  spawn: Spawn,
  file: string,
  writer: string,
  work: Workload,
  runtime?: RuntimeName,
): Promise<Killed> {
  const before = versionAt(file);
  const args = [file, writer, "0", work.way, JSON.stringify(work.options), work.thread === true ? "thread" : ""];
  const script = spawn("tests/real/scripts/write_versions.ts", args, { runtime });
  const heard = listen(script.child);
  // By its progress rather than by the clock: on a busy machine all would die in their first write.
  const progress = Math.floor(Math.random() * 5);
  const started = await heard.seen(progress === 0 ? /^begun 1$/ : new RegExp(`^done ${progress}$`));
  await new Promise((resolve) => setTimeout(resolve, Math.random() * 10));
  signal(script, "SIGKILL");
  const ended = await script.status;
  if (!started || ended.signal !== "SIGKILL" || ended.stderr !== "") {
    throw new Error(`the writer ended by itself (${ended.code}, ${ended.signal}): ${ended.stderr}`);
  }
  if ("lock" in work.options) {
    const lock = await tryLock(file);
    if (lock === undefined) throw new Error("the dead keep the lock");
    await lock.release();
  }
  const [begun, done] = [last(heard.text, "begun"), last(heard.text, "done")];
  const found = versionAt(file);
  const what = `${begun} begun, ${done} acknowledged, found ${JSON.stringify(found)}`;
  if (found?.writer !== writer) {
    if (done === 0 && JSON.stringify(found) === JSON.stringify(before)) return { begun, done, found: undefined };
    throw new Error(`what was acknowledged is not there: ${what}`);
  }
  if (found.version < done) throw new Error(`an acknowledged version is lost: ${what}`);
  if (found.version > begun) throw new Error(`a version that nobody began: ${what}`);
  return { begun, done, found: found.version };
}
