/** What the tests of the public functions ask of real files. */
import * as fs from "node:fs";
import process from "node:process";

/** Whether this is root on Linux, who may give files away and whom no permission stops. */
export const isRoot: boolean = process.platform === "linux" && process.getuid?.() === 0;

/** The names in a directory, sorted, hidden ones too. */
export function namesIn(directory: string): string[] {
  return fs.readdirSync(directory).sort();
}

/** Permission bits, with setuid, setgid and sticky. */
export function modeOf(path: string): number {
  return fs.lstatSync(path).mode & 0o7777;
}

/** Which file it is: two names of one file, or of the same one before and after, are equal. */
export function inodeOf(path: string): string {
  const { dev, ino } = fs.lstatSync(path, { bigint: true });
  return `${dev}:${ino}`;
}

/** The content as text. */
export function textOf(path: string): string {
  return fs.readFileSync(path, "utf8");
}

/** Runs with that umask, and puts the old one back. */
export async function withUmask<T>(mask: number, run: () => T | Promise<T>): Promise<T> {
  const before = process.umask(mask);
  try {
    return await run();
  } finally {
    process.umask(before);
  }
}
