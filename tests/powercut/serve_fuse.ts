/**
 * Mounts a FUSE file system and answers the kernel until it is unmounted: for scripts in processes of their own, which
 * end with it. Everything is answered one after the other. No signal is handled: when this process is killed, every
 * request fails, and everything on top can be unmounted.
 */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import process from "node:process";
import { BUFFER_SIZE } from "./fuse.ts";

const codeOf = (error: unknown) => error instanceof Error && "code" in error ? error.code : undefined;

/** Serves `directory` with the answers of `answer`, which are undefined where the kernel expects none. */
export function serveFuse(
  name: string,
  directory: string,
  answer: (message: Uint8Array) => Uint8Array | undefined,
): void {
  const device = fs.openSync("/dev/fuse", "r+");
  const options = "fd=3,rootmode=40000,user_id=0,group_id=0,default_permissions";
  const mount = spawn("mount", ["-i", "-t", "fuse", "-o", options, name, directory], {
    stdio: ["ignore", "inherit", "inherit", device],
  });
  mount.on("error", (error) => {
    console.error(error.message);
    process.exit(1);
  });
  const buffer = new Uint8Array(BUFFER_SIZE);
  for (let message = receive(device, buffer); message !== undefined; message = receive(device, buffer)) {
    const reply = answer(message);
    try {
      if (reply !== undefined) fs.writeSync(device, reply);
    } catch (error) {
      // Whoever asked is not waiting any more.
      if (codeOf(error) !== "ENOENT") throw error;
    }
  }
}

const pause = new Int32Array(new SharedArrayBuffer(4));

/** The next message; undefined when the directory was unmounted. */
function receive(device: number, buffer: Uint8Array): Uint8Array | undefined {
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
