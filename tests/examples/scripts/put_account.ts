/** Adds one account to a registry; with "hold" it takes the lock of the registry, says so, and never gives it back. */
import process from "node:process";
import { putAccounts } from "../../../examples/account_registry.ts";
import { acquireLock, type LockOptions } from "../../../mod.ts";

const [directory = "", key = "", backend = "auto", what = "put"] = process.argv.slice(2);
const lock: LockOptions = { backend: backend as "auto" };
if (what === "hold") {
  await acquireLock(`${directory}/current`, lock);
  console.log("held");
  setInterval(() => {}, 60_000);
} else {
  await putAccounts(directory, { [key]: { email: `${key}@example.org`, secret: key } }, lock);
}
