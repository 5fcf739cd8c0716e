/** Files on a simulated machine, made by calls at the seam. */
import type { Runtime, SyncOpenFile } from "../../src/testing/mod.ts";

/** So many bytes. */
export const bytes = (length: number) => new Uint8Array(length).fill(1);

/** Makes a file and writes to it; nothing is synced. */
export function make(runtime: Runtime, path: string, length = 3_000): SyncOpenFile {
  const file = runtime.syncFileSystem.create(path, 0o644);
  if (!("write" in file)) throw new Error(`${path} is there already`);
  file.write(bytes(length));
  return file as SyncOpenFile;
}

/** Makes a file that is on the medium; its name may not be. */
export function makeSynced(runtime: Runtime, path: string): void {
  const file = make(runtime, path);
  file.sync("full");
  file.close();
}
