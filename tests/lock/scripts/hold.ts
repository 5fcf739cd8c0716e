/**
 * Takes a lock, prints `held BACKEND SHARED` (or `not in time`), waits for a line or the end of standard input, gives it
 * back, prints `released`. hold.ts PATH [OPTIONS_AS_JSON] [sync] [tells]
 *
 * With `tells` it prints `waits` when it has found the lock held and is about to wait for it.
 */
import * as fs from "node:fs";
import process from "node:process";
import { acquireLock, acquireLockSync, LockTimeoutError } from "../../../mod.ts";
import { currentRuntime } from "../../../src/runtime/current.ts";
import type { Runtime } from "../../../src/runtime/runtime.ts";
import { interceptRuntime } from "../../../src/testing/faults/intercept.ts";

/** The runtime, which says so when it begins to wait. */
function telling(): Runtime {
  const runtime = currentRuntime();
  const { clock } = runtime;
  let told = false;
  const tell = () => {
    // At once: a synchronous wait lets nothing else be written.
    if (!told) fs.writeSync(1, "waits\n");
    told = true;
  };
  const watched = interceptRuntime(runtime, (call, proceed) => {
    if (call.method === "lock") tell();
    return proceed();
  });
  return {
    ...watched,
    clock: {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      sleep: (milliseconds, signal, options) => (tell(), clock.sleep(milliseconds, signal, options)),
      pause: (milliseconds) => (tell(), clock.pause(milliseconds)),
    },
  };
}

const [path = "", given = "{}", how = "", tells = ""] = process.argv.slice(2);
const options = { ...JSON.parse(given), ...tells === "" ? {} : { runtime: telling() } };
try {
  const lock = how === "sync" ? acquireLockSync(path, options) : await acquireLock(path, options);
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
