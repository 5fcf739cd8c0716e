/**
 * Waits for a lock that somebody else holds, gives up after 100 ms, and ends by itself; or with `exit` ends itself while
 * it waits. give_up.ts PATH exit|timeout|abort
 */
import process from "node:process";
import { acquireLock } from "../../../mod.ts";

const [path = "", how = ""] = process.argv.slice(2);
if (how === "exit") {
  acquireLock(path).then(() => console.log("had it"));
  acquireLock(path, { timeout: 60_000 }).then(() => console.log("had it"));
  acquireLock(`${path}.2`, { timeout: 60_000 }).then(() => console.log("had it"));
  setTimeout(() => process.exit(7), 300);
} else {
  const options = how === "abort" ? { signal: AbortSignal.timeout(100) } : { timeout: 100 };
  await acquireLock(path, options).catch((error) => console.log(error.name));
}
