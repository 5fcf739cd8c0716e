/** Whether there are symbolic links where the tests put their files: on Windows that takes a right of its own. */
import * as fs from "node:fs";
import { join } from "node:path";
import { removeDirectory, testDirectory } from "./temporary_directory.ts";

let known: boolean | undefined;

function makesOne(): boolean {
  const directory = fs.mkdtempSync(join(testDirectory(), "links-"));
  try {
    fs.symlinkSync("nowhere", join(directory, "link"));
    // Wine says yes and makes nothing.
    return fs.lstatSync(join(directory, "link")).isSymbolicLink();
  } catch {
    return false;
  } finally {
    removeDirectory(directory);
  }
}

/** Tried once. */
export function hasSymbolicLinks(): boolean {
  return known ??= makesOne();
}
