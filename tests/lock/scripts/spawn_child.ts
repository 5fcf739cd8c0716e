/**
 * Starts a child while it holds a lock, gives the lock back, prints `released`, and waits: for a line, then for the
 * child. spawn_child.ts PATH OPTIONS_AS_JSON
 */
import { spawn } from "node:child_process";
import process from "node:process";
import { acquireLock } from "../../../mod.ts";

const [path = "", options = "{}"] = process.argv.slice(2);
const lock = await acquireLock(path, JSON.parse(options));
const child = spawn("sleep", ["60"], { stdio: "ignore" });
await new Promise((resolve) => child.once("spawn", resolve));
await lock.release();
console.log("released");
for await (const _ of process.stdin) break;
child.kill("SIGKILL");
process.exit(0);
