/**
 * The directory that each test file works in. What a file leaves there is told and removed; what it left mounted
 * (it was killed before it could unmount) is unmounted first, also when the whole run is interrupted.
 */
import { onInterrupt } from "../process.ts";

/** Mount points at or below a directory, the deepest first. */
function mountsBelow(directory: string): string[] {
  if (Deno.build.os !== "linux") return [];
  return Deno.readTextFileSync("/proc/self/mounts").split("\n")
    .map((line) =>
      (line.split(" ")[1] ?? "").replace(/\\(\d{3})/g, (_, code) => String.fromCharCode(parseInt(code, 8)))
    )
    .filter((path) => path === directory || path.startsWith(`${directory}/`))
    .reverse();
}

function remove(directory: string): void {
  for (const path of mountsBelow(directory)) {
    new Deno.Command("umount", { args: ["--lazy", path], stdout: "null", stderr: "null" }).outputSync();
  }
  try {
    Deno.removeSync(directory, { recursive: true });
  } catch {
    // Directories without permissions, immutable files: for the developer to look at.
  }
}

const open = new Map<string, () => void>();

/** A fresh directory for one test file. */
export function newDirectory(): string {
  // Real, because tests compare paths and some systems have a symbolic link there; short, because socket paths are.
  const directory = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "atomic-write-tests-" }));
  // Tests that run something as another user need to get through.
  if (Deno.build.os !== "windows") Deno.chmodSync(directory, 0o755);
  open.set(directory, onInterrupt(() => remove(directory)));
  return directory;
}

/** Removes the directory and answers what was in it. */
export function removeLeftovers(directory: string): string[] {
  const names = [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
  remove(directory);
  open.get(directory)?.();
  open.delete(directory);
  return names;
}
