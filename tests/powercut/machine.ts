/**
 * A machine whose power can be cut: a file system on a loop device over memory.
 *
 *     await withMachine(row, async (machine) => { …; machine.cut(seed); …kill who writes…; machine.restore(); … });
 *
 * Two ways to lose power, by `disk`:
 *
 * - `"kernel"`: the kernel is told to stop writing at once (the shutdown ioctl of ext4 and xfs). What it had not given
 *   to the disk is gone; what it had given is kept, flushed or not. It shows missing writes, not missing flushes.
 * - `"volatile"`: the disk forgets (volatile_disk.ts): of what it was given since the last flush, any sectors are kept.
 *   It shows missing flushes as well, and needs nothing of the file system: btrfs has no such ioctl.
 */
import * as fs from "node:fs";
import { join } from "node:path";
import { CHECKERS, type LoopType, MKFS, mount, REPAIRERS, SMALLEST, unmount } from "../support/mounts.ts";
import { execute, must, Unavailable } from "../support/programs.ts";
import type { DiskStatus, FailurePlan } from "./failing_disk.ts";
import { spawnScript } from "../support/spawn.ts";
import { removeDirectory, testDirectory } from "../support/temporary_directory.ts";

/** A file system and what becomes of it at a cut. */
export interface FileSystemRow {
  readonly type: LoopType;
  readonly options?: string;
  readonly disk: "kernel" | "volatile";
}

/** The file systems whose power is cut. */
export const fileSystems: Record<string, FileSystemRow> = {
  "ext4": { type: "ext4", disk: "kernel" },
  "ext4 noauto_da_alloc": { type: "ext4", options: "noauto_da_alloc", disk: "kernel" },
  "xfs": { type: "xfs", disk: "kernel" },
  "ext4, volatile cache": { type: "ext4", options: "noauto_da_alloc", disk: "volatile" },
  "xfs, volatile cache": { type: "xfs", disk: "volatile" },
  "btrfs, volatile cache": { type: "btrfs", disk: "volatile" },
  // As if the disk lied about its flushes: nothing is durable here, which the method has to show.
  "ext4 that never flushes": { type: "ext4", options: "nobarrier", disk: "volatile" },
};

export interface Machine {
  /** The root of the file system. */
  readonly directory: string;
  /** A folder that no cut touches. */
  readonly outside: string;
  /** Cuts the power: what is on the medium is decided now, by the seed where there is a choice. */
  cut(seed: number): void;
  /** Mounts what is on the medium. Nobody may have a file open on it any more. */
  restore(): void;
  /** After `restore` could not mount it: repairs the file system and mounts it. False where nothing repairs it. */
  repair(): boolean;
  /** The complaint of the file system's checker, "" when it has none. */
  check(): string;
  /** Where the disk is ours: what else it can do. */
  readonly medium?: Medium;
}

/** A disk that fails as it is told to, and that can be made what it was. */
export interface Medium {
  /** From now on requests fail as the plan says, until the cut or `mend`. */
  fail(plan: FailurePlan): void;
  mend(): void;
  /** What was asked of the disk, and what failed, since `fail`. */
  status(): DiskStatus;
  /** What is there now comes back with `renew`. Nobody may have a file open. */
  remember(): void;
  renew(): void;
}

/** Those that keep their promises. */
export const honestFileSystems: readonly string[] = Object.keys(fileSystems).filter((name) => !name.includes("never"));

const MEBIBYTE = 1 << 20;

/** What was waited for in vain. */
export class DidNotHappen extends Error {
  override name = "DidNotHappen";
}

/** Waits, without letting the event loop run, for something that another process does. */
function waitFor(what: string, isTrue: () => boolean): void {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  const end = Date.now() + 30_000;
  while (!isTrue()) {
    if (Date.now() > end) throw new DidNotHappen(`${what} did not happen`);
    Atomics.wait(pause, 0, 0, 2);
  }
}

/**
 * Puts a disk with a volatile cache before an image; answers its folder, which is below `memory`.
 *
 * Its process has a mount namespace without the file system on the disk: were it the last one to leave a namespace with
 * it, it would have to unmount it and wait for itself to write. What it mounts below `memory` is seen here nevertheless.
 */
function serveDisk(memory: string, image: string): string {
  if (!fs.existsSync("/dev/fuse")) throw new Unavailable("needs /dev/fuse");
  const served = join(memory, "served");
  fs.mkdirSync(served);
  must("mount", "--make-shared", memory);
  // A disk does not wait for a processor that others keep busy.
  const wrapper = ["nice", "--adjustment=-15", "unshare", "--mount", "--propagation", "unchanged"];
  spawnScript("tests/powercut/scripts/serve_disk.ts", [image, served], { wrapper });
  waitFor("the mount of the volatile disk", () => fs.existsSync(join(served, "control")));
  return served;
}

/** Whether a loop device is on this file. */
function isLoop(path: string): boolean {
  return fs.readdirSync("/sys/block").filter((name) => name.startsWith("loop")).some((name) => {
    const backing = `/sys/block/${name}/loop/backing_file`;
    // It may go at any moment.
    try {
      return fs.readFileSync(backing, "utf8").trim().endsWith(path);
    } catch {
      return false;
    }
  });
}

function prepare(folder: string, { type, options, disk }: FileSystemRow): Machine {
  const [memory, directory, outside] = [join(folder, "memory"), join(folder, "root"), join(folder, "outside")];
  fs.mkdirSync(memory);
  fs.mkdirSync(outside);
  // In memory, so that the cuts are quick and no real disk is worn out by them; unmounting frees it.
  mount("-t", "tmpfs", "-o", "size=1g", "tmpfs", memory);
  const image = join(memory, "image");
  fs.writeFileSync(image, "");
  fs.truncateSync(image, Math.max(64 * MEBIBYTE, SMALLEST[type]));
  must(`mkfs.${type}`, ...MKFS[type], image);
  const served = disk === "volatile" ? serveDisk(memory, image) : undefined;
  const medium = served === undefined ? image : join(served, "disk");
  const control = (text: string) => fs.writeFileSync(join(served ?? "", "control"), text);
  const mountIt = () => mount("-t", type, "-o", options === undefined ? "loop" : `loop,${options}`, medium, directory);
  // Mounted again while its loop device still lives, it would be the same file system, with all it had in memory.
  const unmountWholly = () => {
    // Busy for a moment: programs that a killed process had started (flock, sync) are still ending.
    waitFor(`the end of all work in ${directory}`, () => execute("umount", [directory]).code === 0);
    waitFor("the end of the loop device", () => !isLoop(medium));
  };
  const remounted = (text: string) => {
    unmountWholly();
    control(text);
    mountIt();
  };
  const ours: Medium | undefined = served === undefined ? undefined : {
    fail: (plan) => control(`fail ${JSON.stringify(plan)}`),
    mend: () => control("mend"),
    status: () => JSON.parse(fs.readFileSync(join(served, "control"), "utf8")) as DiskStatus,
    remember: () => remounted("remember"),
    renew: () => remounted("renew"),
  };
  mountIt();
  return {
    ...(ours === undefined ? {} : { medium: ours }),
    directory,
    outside,
    cut(seed) {
      if (served !== undefined) return control(`cut ${seed}`);
      const { code, output } = execute("xfs_io", ["-x", "-c", "shutdown", directory]);
      if (code !== 0 || output !== "") throw new Error(`cannot shut ${type} down: ${output}`);
    },
    restore() {
      unmountWholly();
      if (served !== undefined) control("restore");
      mountIt();
    },
    repair() {
      const [command, ...args] = REPAIRERS[type] ?? [];
      if (command === undefined) return false;
      // Every bit but the first tells of errors that are left: https://man7.org/linux/man-pages/man8/e2fsck.8.html
      const { code, output } = execute(command, [...args, medium]);
      if (code === null || code > 1) throw new Error(`${command} ended with status ${code}: ${output}`);
      mountIt();
      return true;
    },
    check() {
      unmountWholly();
      const [command, ...args] = CHECKERS[type];
      const { code, output } = execute(command, [...args, medium]);
      mountIt();
      return code === 0 ? "" : output;
    },
  };
}

/** Runs with a machine; throws Unavailable where there can be none. */
export async function withMachine<T>(row: FileSystemRow, run: (machine: Machine) => Promise<T>): Promise<T> {
  const folder = fs.mkdtempSync(join(testDirectory(), "atomic-write-power-"));
  try {
    fs.mkdirSync(join(folder, "root"));
    return await run(prepare(folder, row));
  } finally {
    for (const name of ["root", "memory/served", "memory"]) unmount(join(folder, name));
    removeDirectory(folder);
  }
}
