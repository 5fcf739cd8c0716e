/**
 * Some tests run programs as another user. Where root runs the tests, npx and version managers keep the programs below
 * root's home, where nobody else can go; then the tests get a second name for the same file, in the build folder.
 */
import { exists, TOOLS } from "./folders.ts";

const OTHERS_MAY_ENTER = 0o001;

function othersCanReach(path: string): boolean {
  const parts = path.split("/");
  return parts.every((_, index) => {
    const { mode } = Deno.statSync(parts.slice(0, index + 1).join("/") || "/");
    return ((mode ?? 0) & OTHERS_MAY_ENTER) !== 0;
  });
}

/** The path of a program that other users can run: its own, or a link or copy below build/tools. */
export function reachableProgram(path: string, version: string): string {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return path;
  const real = Deno.realPathSync(path);
  if (othersCanReach(real)) return path;
  const folder = `${TOOLS}/programs/${version}`;
  const reachable = `${folder}/${real.split("/").at(-1)}`;
  if (exists(reachable)) return reachable;
  Deno.mkdirSync(folder, { recursive: true });
  const temporary = `${reachable}.${Deno.pid}.new`;
  try {
    Deno.linkSync(real, temporary);
  } catch {
    // On another file system.
    Deno.copyFileSync(real, temporary);
  }
  Deno.renameSync(temporary, reachable);
  return reachable;
}
