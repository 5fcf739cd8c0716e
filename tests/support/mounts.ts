/**
 * Real file systems for tests that need a full, small, read-only or crashing one. Linux and root only.
 *
 *     await withTmpfs(t, { size: 1 << 20 }, async ({ directory }) => { … });
 *     await withLoopFileSystem(t, { type: "ext4", size: 16 << 20 }, async ({ directory, crash }) => { … });
 *
 * Where root, loop devices or a mkfs program are missing, the test is skipped with the reason and the callback is not
 * called. Whatever happens — a failure, SIGINT, SIGTERM — the file system is unmounted and its loop device is free
 * afterwards; the loop device detaches itself with its last mount. After a SIGKILL the test command does it.
 */
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { execute, must, Unavailable } from "./programs.ts";
import { skip } from "./skip.ts";
import { removeDirectory, testDirectory } from "./temporary_directory.ts";

export interface Mounted {
  /** The root of the file system. */
  directory: string;
  /** Unmounts and mounts again, with other mount options if given (`"ro"`). Nothing may be open below the directory. */
  remount(options?: string): void;
}

export interface LoopMounted extends Mounted {
  /** The file that holds the file system. */
  image: string;
  /**
   * Cuts the file system off from its medium without flushing, as a power cut would, and mounts what is on the medium.
   * Btrfs cannot be shut down: there the medium is what the image holds while the file system is still mounted, so
   * nothing else may be written at that moment.
   */
  crash(): void;
  /** The complaint of the file system's checker about the unmounted image, "" when it has none. */
  check(): string;
}

export type LoopType = "ext4" | "xfs" | "btrfs";

export interface LoopOptions {
  type: LoopType;
  /** Bytes; raised to the smallest size that mkfs accepts. */
  size: number;
  /** Further arguments for mkfs. */
  mkfs?: readonly string[];
  /** Mount options: `"ro,noatime"`. */
  options?: string;
}

type Test = Parameters<typeof skip>[0];

/** Bytes that mkfs wants at least. */
export const SMALLEST: Record<LoopType, number> = { ext4: 1 << 20, xfs: 300 << 20, btrfs: 120 << 20 };

/** Arguments that mkfs gets in any case. */
export const MKFS: Record<LoopType, readonly string[]> = {
  // Lazy initialisation would write to the image at random moments of a test.
  ext4: ["-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0"],
  xfs: ["-q", "-f"],
  btrfs: ["-q", "-f"],
};

/** What checks an unmounted image without touching it. */
export const CHECKERS: Record<LoopType, readonly [string, ...string[]]> = {
  ext4: ["e2fsck", "-f", "-n"],
  xfs: ["xfs_repair", "-n"],
  btrfs: ["btrfs", "check", "--readonly"],
};

/**
 * What an owner does with a file system that cannot be mounted. Only where that reads the journal first, as a mount does:
 * `xfs_repair` would have to throw the log away.
 */
export const REPAIRERS: Partial<Record<LoopType, readonly [string, ...string[]]>> = {
  ext4: ["e2fsck", "-f", "-y"],
};

/** A mount that is refused for lack of rights or devices is a machine's limit, not a test's failure. */
export function mount(...args: string[]): void {
  const { code, output } = execute("mount", args);
  if (code === 0) return;
  if (/permission denied|not permitted|failed to setup loop device|unknown filesystem type/i.test(output)) {
    throw new Unavailable(`cannot mount here: ${output}`);
  }
  throw new Error(`mount ${args.join(" ")} ended with status ${code}: ${output}`);
}

function isMounted(directory: string): boolean {
  return fs.readFileSync("/proc/self/mounts", "utf8").split("\n").some((line) => line.split(" ")[1] === directory);
}

/** Unmounts, and waits for killed processes to end. */
export function unmount(directory: string): void {
  for (let attempt = 0; attempt < 20 && isMounted(directory); attempt++) {
    if (execute("umount", [directory]).code === 0) continue;
    // Busy: a process that was just killed may still be ending.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
  }
  while (isMounted(directory)) must("umount", "--lazy", directory);
}

/** What has to be undone if a signal ends the process now. */
const cleanUps = new Set<() => void>();

function stopped(signal: NodeJS.Signals): void {
  for (const cleanUp of cleanUps) cleanUp();
  process.removeListener(signal, stopped);
  process.kill(process.pid, signal);
}

function watchSignals(cleanUp: () => void): () => void {
  if (cleanUps.size === 0) {
    process.on("SIGINT", stopped);
    process.on("SIGTERM", stopped);
  }
  cleanUps.add(cleanUp);
  return () => {
    cleanUps.delete(cleanUp);
    if (cleanUps.size > 0) return;
    process.removeListener("SIGINT", stopped);
    process.removeListener("SIGTERM", stopped);
  };
}

/** Mounts what the medium holds now, and forgets what the file system has not yet written to it. */
function crashByCopy(image: string, directory: string, remount: () => void): void {
  const copy = `${image}.copy`;
  must("cp", "--sparse=always", image, copy);
  unmount(directory);
  fs.renameSync(copy, image);
  remount();
}

async function withMount<M>(
  t: Test,
  prepare: (folder: string) => M,
  run: (mounted: M) => void | Promise<void>,
): Promise<void> {
  if (process.platform !== "linux") return skip(t, "needs Linux");
  if (process.getuid?.() !== 0) return skip(t, "needs root");
  const folder = fs.mkdtempSync(join(testDirectory(), "atomic-write-mount-"));
  const cleanUp = () => {
    unmount(join(folder, "root"));
    removeDirectory(folder);
  };
  const unwatch = watchSignals(cleanUp);
  try {
    fs.mkdirSync(join(folder, "root"));
    await run(prepare(folder));
  } catch (error) {
    // A program may be missing that only the test itself asks for: to crash the file system, or to check it.
    if (!(error instanceof Unavailable)) throw error;
    skip(t, error.message);
  } finally {
    cleanUp();
    unwatch();
  }
}

function mountAgain(directory: string, args: readonly string[], first: string | undefined): Mounted {
  const withOptions = (options: string | undefined) => mount(...args, ...(options ? ["-o", options] : []), directory);
  withOptions(first);
  const remount = (options = first) => {
    unmount(directory);
    withOptions(options);
  };
  return { directory, remount };
}

/** Mounts a tmpfs of `size` bytes (at least one page), and at most `inodes` files, for the time of the callback. */
export function withTmpfs(
  t: Test,
  options: { size: number; inodes?: number; options?: string },
  run: (mounted: Mounted) => void | Promise<void>,
): Promise<void> {
  const limits = [`size=${options.size}`];
  if (options.inodes !== undefined) limits.push(`nr_inodes=${options.inodes}`);
  if (options.options !== undefined) limits.push(options.options);
  return withMount(t, (folder) => mountAgain(join(folder, "root"), ["-t", "tmpfs", "tmpfs"], limits.join(",")), run);
}

/** Mounts the file or directory `source` over `target` for the time of the callback, with options such as `"ro"`. */
export async function withBindMount(
  t: Test,
  { source, target, options }: { source: string; target: string; options?: string },
  run: () => void | Promise<void>,
): Promise<void> {
  if (process.platform !== "linux") return skip(t, "needs Linux");
  if (process.getuid?.() !== 0) return skip(t, "needs root");
  const cleanUp = () => unmount(target);
  const unwatch = watchSignals(cleanUp);
  try {
    mount("--bind", ...options === undefined ? [] : ["-o", options], source, target);
    await run();
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    skip(t, error.message);
  } finally {
    cleanUp();
    unwatch();
  }
}

/** Makes a file system in a file and mounts it for the time of the callback. */
export function withLoopFileSystem(
  t: Test,
  options: LoopOptions,
  run: (mounted: LoopMounted) => void | Promise<void>,
): Promise<void> {
  const { type } = options;
  return withMount(t, (folder): LoopMounted => {
    const image = join(folder, "image");
    fs.writeFileSync(image, "");
    fs.truncateSync(image, Math.max(options.size, SMALLEST[type]));
    must(`mkfs.${type}`, ...MKFS[type], ...options.mkfs ?? [], image);
    const mountOptions = options.options === undefined ? "loop" : `loop,${options.options}`;
    const mounted = mountAgain(join(folder, "root"), ["-t", type, image], mountOptions);
    const { directory } = mounted;
    const remount = (other?: string) => mounted.remount(other === undefined ? mountOptions : `loop,${other}`);
    const crash = () => {
      if (type === "btrfs") return crashByCopy(image, directory, remount);
      const { code, output } = execute("xfs_io", ["-x", "-c", "shutdown", directory]);
      if (code !== 0 || output !== "") throw new Error(`cannot shut ${type} down: ${output}`);
      remount();
    };
    const check = () => {
      unmount(directory);
      const [command, ...args] = CHECKERS[type];
      const { code, output } = execute(command, [...args, image]);
      remount();
      return code === 0 ? "" : output;
    };
    return { directory, image, remount, crash, check };
  }, run);
}
