/** Which lock is in force, and whether it keeps a second process out. */
import type { LockBackend } from "../../lock/lock_info.ts";
import { acquireLock } from "../../lock/with_lock.ts";
import { type Bench, medianTime, scratchFile } from "./probe.ts";

/** What was found. */
export interface Locking {
  readonly backend: LockBackend;
  /** How this runtime reaches the kernel's lock. */
  readonly by: "call" | "program" | "none";
  /** Median milliseconds of taking a free lock and giving it back. */
  readonly milliseconds: number;
  /** Whether a second process was kept out, and let in afterwards; "unchecked" where none could be started. */
  readonly excludes: boolean | "unchecked";
}

const rounds = 7;
const refused = 9;

/** Whether another process of this command gets the lock. */
async function secondProcessGets({ host }: Bench, path: string): Promise<boolean | undefined> {
  const own = host.ownCommand();
  if (own === undefined) return undefined;
  const [program = ""] = own;
  try {
    const words = [...own, "lock", "-q", "-n", "-E", String(refused), path, "--", program, "--version"];
    const child = await host.start(words, "piped");
    child.endInput();
    while (await child.readOutput() !== undefined);
    const { status } = await child.ended;
    return status === 0 ? true : status === refused ? false : undefined;
  } catch {
    // Starting programs may be forbidden.
    return undefined;
  }
}

/** Takes locks. */
export async function locking(bench: Bench): Promise<Locking> {
  const path = scratchFile(bench, "locked");
  let backend: LockBackend = "directory";
  const milliseconds = await medianTime(bench, rounds, async () => {
    const lock = await acquireLock(path);
    backend = lock.backend;
    await lock.release();
  });
  const lock = await acquireLock(path);
  let during: boolean | undefined;
  try {
    during = await secondProcessGets(bench, path);
  } finally {
    await lock.release();
  }
  const after = during === undefined ? undefined : await secondProcessGets(bench, path);
  const { fileLock } = bench.engine.capabilities;
  const excludes = during === undefined || after === undefined ? "unchecked" : !during && after;
  return { backend, by: backend === "directory" ? "none" : fileLock, milliseconds, excludes };
}
