/**
 * Takes a lock, prints `held BACKEND SHARED` (or `not in time`), waits for a line or the end of standard input, gives it
 * back, prints `released`. hold.ts PATH [OPTIONS_AS_JSON] [sync]
 */
import process from "node:process";
import { acquireLock, acquireLockSync, LockTimeoutError } from "../../../mod.ts";

const [path = "", options = "{}", how = ""] = process.argv.slice(2);
try {
  const lock = how === "sync"
    ? acquireLockSync(path, JSON.parse(options))
    : await acquireLock(path, JSON.parse(options));
  lock.signal.addEventListener("abort", () => console.log("lost"));
  console.log(`held ${lock.backend} ${lock.shared}`);
  for await (const _ of process.stdin) break;
  await lock.release();
  console.log("released");
} catch (error) {
  if (!LockTimeoutError.is(error)) throw error;
  console.log("not in time");
}
process.exit(0);
