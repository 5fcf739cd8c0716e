/**
 * A directory for one test, removed whatever happens: `await withTemporaryDirectory(async (directory) => { … })`.
 *
 * It lies below ATOMIC_WRITE_TEST_DIRECTORY, by default the system's folder for temporary files. The test command sets
 * that variable to a folder of its own for each test file, and tells when a file leaves something there.
 */
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

/** Gives every directory below back the permissions that removing its entries needs. */
function unlockDirectories(path: string): void {
  const stat = fs.lstatSync(path, { throwIfNoEntry: false });
  if (!stat?.isDirectory()) return;
  fs.chmodSync(path, 0o700);
  for (const name of fs.readdirSync(path)) unlockDirectories(join(path, name));
}

/** Removes a directory and all below it, also where a test took its permissions away. */
export function removeDirectory(path: string): void {
  const options = { recursive: true, force: true, maxRetries: 5, retryDelay: 50 };
  try {
    fs.rmSync(path, options);
  } catch {
    unlockDirectories(path);
    fs.rmSync(path, options);
  }
}

/** Where tests put their files; the path is real, without symbolic links. */
export function testDirectory(): string {
  const directory = process.env["ATOMIC_WRITE_TEST_DIRECTORY"] ?? tmpdir();
  fs.mkdirSync(directory, { recursive: true });
  return fs.realpathSync(directory);
}

/** Makes a directory, runs the callback with its path, and removes it. */
export async function withTemporaryDirectory<T>(run: (directory: string) => T | Promise<T>): Promise<T> {
  const directory = fs.mkdtempSync(join(testDirectory(), "atomic-write-test-"));
  try {
    return await run(directory);
  } finally {
    removeDirectory(directory);
  }
}
