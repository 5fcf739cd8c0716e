/**
 * Serves a file as a disk with a volatile write cache: serve_disk.ts FILE DIRECTORY. Mounts DIRECTORY, which then holds
 * `disk` for a loop device and `control`, which takes "cut SEED", "restore", "fail PLAN_AS_JSON", "mend", "remember" and
 * "renew" and is read for the disk's status; ends when DIRECTORY is unmounted.
 *
 * Everything is answered one after the other, so the moment of a cut is one between two writes. No signal is handled:
 * when this process is killed, every request fails, and everything on top can be unmounted.
 */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import process from "node:process";
import { FailingDisk, type FailurePlan } from "../failing_disk.ts";
import { answer, BUFFER_SIZE } from "../fuse.ts";
import { survivalOf } from "../volatile_disk.ts";

const [file = "", directory = ""] = process.argv.slice(2);
const disk = new FailingDisk(file);
const device = fs.openSync("/dev/fuse", "r+");

function command(text: string): boolean {
  const [word, rest = ""] = text.trim().split(/ (.*)/s);
  if (word === "cut") disk.cut(survivalOf(Number(rest)));
  else if (word === "restore") disk.restore();
  else if (word === "fail") disk.fail(JSON.parse(rest) as FailurePlan);
  else if (word === "mend") disk.mend();
  else if (word === "remember") disk.remember();
  else if (word === "renew") disk.renew();
  else return false;
  return true;
}

const options = "fd=3,rootmode=40000,user_id=0,group_id=0,default_permissions";
const mount = spawn("mount", ["-i", "-t", "fuse", "-o", options, "volatile-disk", directory], {
  stdio: ["ignore", "inherit", "inherit", device],
});
mount.on("error", (error) => {
  console.error(error.message);
  process.exit(1);
});

const buffer = new Uint8Array(BUFFER_SIZE);
const pause = new Int32Array(new SharedArrayBuffer(4));
const codeOf = (error: unknown) => error instanceof Error && "code" in error ? error.code : undefined;

/** The next message; undefined when the directory was unmounted. */
function receive(): Uint8Array | undefined {
  for (let attempt = 0;;) {
    try {
      return buffer.subarray(0, fs.readSync(device, buffer));
    } catch (error) {
      const code = codeOf(error);
      if (code === "ENODEV") return undefined;
      // Not mounted yet; a request that was taken back; a signal.
      if (code === "EPERM" && attempt++ < 1000) Atomics.wait(pause, 0, 0, 2);
      else if (code !== "ENOENT" && code !== "EINTR" && code !== "EAGAIN") throw error;
    }
  }
}

for (let message = receive(); message !== undefined; message = receive()) {
  const reply = answer(message, disk, command);
  try {
    if (reply !== undefined) fs.writeSync(device, reply);
  } catch (error) {
    // Whoever asked is not waiting any more.
    if (codeOf(error) !== "ENOENT") throw error;
  }
}
disk.close();
process.exit(0);
