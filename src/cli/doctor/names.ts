/** What names may be, and what a file may have: links, blocks in common, mode and owner. */
import { joinPath } from "../../core/path.ts";
import type { Engine } from "../../protocol/engine.ts";
import { SystemError } from "../../runtime/system_error.ts";
import { attempt, type Bench, type Failed, isFailed, scratchFile, withFile, writeAll } from "./probe.ts";

/** The largest number of which something is true, from 1 to `most`. */
async function largest(most: number, holds: (count: number) => Promise<boolean>): Promise<number> {
  let [low, high] = [0, most];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (await holds(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Looking is enough: a name that is too long is refused before it is found missing. */
async function fits({ fileSystem }: Engine, path: string): Promise<boolean> {
  try {
    await fileSystem.linkStat(path);
    return true;
  } catch (error) {
    if (error instanceof SystemError && error.code === "ENAMETOOLONG") return false;
    throw error;
  }
}

const encoder = new TextEncoder();
const mostName = 1024;
const mostPath = 64 * 1024;

/** The longest name and the longest path, in bytes. Nothing is made for it. */
export async function nameLimits(engine: Engine, directory: string): Promise<{ name: number; path: number }> {
  const style = engine.capabilities.pathStyle;
  const start = encoder.encode(joinPath(directory, "", style)).length;
  const name = await largest(mostName, (count) => fits(engine, joinPath(directory, "n".repeat(count), style)));
  const path = await largest(mostPath, (count) => {
    if (count <= start) return Promise.resolve(true);
    return fits(engine, joinPath(directory, "p/".repeat(mostPath).slice(0, count - start), style));
  });
  return { name, path };
}

/** Whether names that differ in case only, or in the way a letter is composed only, are one. */
export async function foldedNames(bench: Bench): Promise<{ caseFolded: boolean; normalized: boolean }> {
  const { fileSystem } = bench.engine;
  const finds = async (made: string, asked: string) => {
    await withFile(bench, made, () => Promise.resolve());
    return await fileSystem.linkStat(scratchFile(bench, asked)) !== undefined;
  };
  return {
    caseFolded: await finds("Case", "cASE"),
    normalized: await finds("\u00e9", "e\u0301"),
  };
}

/** Whether a file can have two names, and whether making the second refuses a name that is taken. */
export async function hardLinks(bench: Bench): Promise<{ hard: boolean; noReplace: boolean }> {
  const { fileSystem } = bench.engine;
  const [one, two, taken] = ["one", "two", "taken"].map((name) => scratchFile(bench, name)) as [string, string, string];
  await withFile(bench, "one", () => Promise.resolve());
  await withFile(bench, "taken", () => Promise.resolve());
  const hard = !isFailed(await attempt(async () => await fileSystem.link(one, two)));
  if (!hard) return { hard, noReplace: false };
  const links = (await fileSystem.linkStat(one))?.links === 2;
  const second = await attempt(async () => await fileSystem.link(one, taken));
  return { hard: links, noReplace: isFailed(second) && second.failed === "EEXIST" };
}

/** Whether a symlink can be made and read. */
export async function symbolicLinks(bench: Bench): Promise<boolean | Failed> {
  const { fileSystem, capabilities } = bench.engine;
  if (!capabilities.symbolicLinks) return false;
  const path = scratchFile(bench, "symlink");
  const made = await attempt(async () => await fileSystem.symbolicLink("one", path));
  return isFailed(made) ? made : await fileSystem.readLink(path) === "one";
}

/**
 * Whether two names can change places in one step. No runtime offers it, and nothing here relies on it; a new enough
 * mv(1) does. What that cannot do is not known.
 */
export async function exchange(bench: Bench): Promise<boolean | "unchecked"> {
  const { fileSystem } = bench.engine;
  const [left, right] = [scratchFile(bench, "left"), scratchFile(bench, "right")];
  await withFile(bench, "left", () => Promise.resolve());
  await withFile(bench, "right", () => Promise.resolve());
  const before = (await fileSystem.stat(left))?.identity;
  const script = 'mv --exchange --no-copy -T -- "$1" "$2" 2> /dev/null';
  const program = await attempt(() => bench.host.start(["sh", "-c", script, "sh", left, right], "piped"));
  if (isFailed(program)) return "unchecked";
  program.endInput();
  const { status } = await program.ended;
  return status === 0 ? (await fileSystem.stat(right))?.identity === before : "unchecked";
}

/** Whether a copy can share its blocks with the original. */
export async function sharedBlocks(bench: Bench): Promise<boolean> {
  return await withFile(bench, "original", async (original) => {
    await writeAll(original, new Uint8Array(64 * 1024).fill(7));
    await original.sync("full");
    return await withFile(bench, "clone", async (clone) => await clone.clone(original));
  });
}

/** Whether mode and owner that are set are there afterwards. */
export interface KeptMetadata {
  readonly mode: boolean;
  /** "not permitted": this user may not give files away, as is usual. */
  readonly owner: boolean | "not permitted" | "none";
  /** Whether access control lists and other attributes of a file can be seen, and so be kept when it is replaced. */
  readonly attributes: boolean;
}

const nobody = 65534;

/** Sets mode and owner, and looks. */
export async function keptMetadata(bench: Bench): Promise<KeptMetadata> {
  const { capabilities } = bench.engine;
  const { attributes } = capabilities;
  return await withFile(bench, "metadata", async (file) => {
    const set = await attempt(async () => await file.setMode(0o640));
    const mode = capabilities.mode && !isFailed(set) && (await file.stat()).mode === 0o640;
    if (!capabilities.owner) return { mode, owner: "none" as const, attributes };
    const given = await attempt(async () => await file.setOwner(nobody, nobody));
    if (isFailed(given)) return { mode, owner: "not permitted" as const, attributes };
    const { user, group } = await file.stat();
    return { mode, owner: user === nobody && group === nobody, attributes };
  });
}
