/** Programs of the system that tests need, which a machine may lack: mkfs, mount, xfs_io and the like. */
import { spawnSync } from "node:child_process";
import process from "node:process";

/** What this machine cannot do. */
export class Unavailable extends Error {
  override name = "Unavailable";
}

const PACKAGES: Record<string, string> = {
  "mkfs.ext4": "e2fsprogs",
  "mkfs.xfs": "xfsprogs",
  "mkfs.btrfs": "btrfs-progs",
  xfs_io: "xfsprogs",
  mount: "mount",
};

/** Where mkfs and mount are; not every user's PATH has these folders. */
const ENVIRONMENT = { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`, LC_ALL: "C" };

/** Runs a program; Unavailable when there is none. `env` is added to this process's. */
export function execute(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): { code: number | null; output: string } {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    env: { ...ENVIRONMENT, ...env },
    encoding: "utf8",
  });
  if (error !== undefined && "code" in error && error.code === "ENOENT") {
    const name = PACKAGES[command];
    throw new Unavailable(`needs the program ${command}${name ? ` (Debian: apt-get install ${name})` : ""}`);
  }
  if (error !== undefined) throw error;
  return { code: status, output: `${stdout}${stderr}`.trim() };
}

/** Runs a program that has to succeed. */
export function must(command: string, ...args: string[]): void {
  const { code, output } = execute(command, args);
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with status ${code}: ${output}`);
}
