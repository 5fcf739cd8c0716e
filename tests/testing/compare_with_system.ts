/**
 * The simulated file system against the real one: the same random calls on both must have the same answers, down to the
 * code of each error. Left out is what runtimes, not kernels, decide: see the comments.
 */
import { assertEquals } from "@std/assert";
import process from "node:process";
import { currentRuntime } from "../../src/runtime/current.ts";
import type { FileStatus, Runtime } from "../../src/runtime/runtime.ts";
import { SystemError } from "../../src/runtime/system_error.ts";
import { memoryRuntime, type SyncFileSystem, type SyncOpenFile } from "../../src/testing/mod.ts";
import { SeededRandom } from "../../src/testing/random.ts";
import { encode } from "./support.ts";

/** One call, on one of the two file systems. */
type Call = (fs: SyncFileSystem, base: string) => unknown;

const names = ["a", "b", "c"];
const modes = [0o777, 0o644, 0o600, 0o555, 0o400, 0o000, 0o1777, 0o2755, 0o4755];

function randomPath(random: SeededRandom): string {
  const parts = Array.from({ length: 1 + random.below(3) }, () => names[random.below(names.length)] ?? "a");
  if (random.chance(0.08)) parts.splice(random.below(parts.length + 1), 0, random.chance(0.5) ? "." : "..");
  return parts.join("/") + (random.chance(0.08) ? "/" : "");
}

/** What can be compared. Size and links of a directory are each file system's own. */
function shown(status: FileStatus | undefined): unknown {
  if (status === undefined) return undefined;
  const { kind, mode, user, group, size, links } = status;
  return kind === "directory" ? { kind, mode, user, group } : { kind, mode, user, group, size, links };
}

function withFile(file: SyncOpenFile | undefined, use: (file: SyncOpenFile) => unknown): unknown {
  try {
    return file === undefined ? "none" : use(file);
  } finally {
    file?.close();
  }
}

/** Opens what is no directory: of one that may not be read, runtimes say one or the other thing that is wrong. */
function openFile(fs: SyncFileSystem, path: string, access: "read" | "read-write", follow = true) {
  if (fs.stat(path)?.kind === "directory") return undefined;
  return fs.open(path, access, { follow });
}

function contentOf(file: SyncOpenFile): string {
  const buffer = new Uint8Array(100);
  return new TextDecoder().decode(buffer.subarray(0, file.read(buffer)));
}

function randomCall(random: SeededRandom): { text: string; call: Call } {
  const path = `/${randomPath(random)}`;
  const other = `/${randomPath(random)}`;
  const plain = path.replace(/\/$/, "");
  const mode = modes[random.below(modes.length)] ?? 0;
  const bytes = encode("x".repeat(random.below(5)));
  const linkText = random.chance(0.2) ? undefined : other.slice(1);
  const calls: Record<string, Call> = {
    create: (fs, base) => withFile(fs.create(base + path, mode), (file) => file.write(bytes)),
    write: (fs, base) =>
      withFile(
        openFile(fs, base + path, "read-write"),
        (file) => [contentOf(file), file.write(bytes), shown(file.stat())],
      ),
    truncate: (fs, base) => withFile(openFile(fs, base + path, "read-write"), (file) => file.truncate(bytes.length)),
    readOnly: (fs, base) =>
      withFile(openFile(fs, base + path, "read"), (file) => [contentOf(file), file.write(encode("x"))]),
    noFollow: (fs, base) => withFile(openFile(fs, base + path, "read", false), contentOf),
    // Not through a link: a runtime may have to look the file up once more, and then refuses (see the contract).
    setMode: (fs, base) => withFile(openFile(fs, base + path, "read", false), (file) => file.setMode(mode)),
    directoryMode: (fs, base) =>
      fs.linkStat(base + path)?.kind === "directory" &&
      withFile(fs.openDirectory(base + path), (file) => file.setMode(mode | 0o500)),
    directory: (fs, base) => withFile(fs.openDirectory(base + path), (file) => [file.sync("full"), shown(file.stat())]),
    stat: (fs, base) => shown(fs.stat(base + path)),
    linkStat: (fs, base) => shown(fs.linkStat(base + path)),
    readLink: (fs, base) => fs.readLink(base + path)?.replace(base, ""),
    readDirectory: (fs, base) => fs.readDirectory(base + path)?.sort((one, two) => one.name < two.name ? -1 : 1),
    // Never one that may be read but not searched: some runtimes search a directory to open it.
    makeDirectory: (fs, base) => fs.makeDirectory(base + path, (mode & 0o100) === 0 ? mode & ~0o444 : mode),
    rename: (fs, base) => fs.rename(base + path, base + other),
    renameAgain: (fs, base) => fs.rename(base + path, base + other),
    link: (fs, base) => fs.link(base + path, base + other),
    symbolicLink: (fs, base) => fs.symbolicLink(linkText ?? base + other, base + path),
    // Where two things are wrong, runtimes say one or the other: here only the right kind is removed.
    remove: (fs, base) => fs.linkStat(base + plain)?.kind === "directory" ? "a directory" : fs.remove(base + plain),
    removeDirectory: (fs, base) =>
      fs.linkStat(base + plain)?.kind === "directory" ? fs.removeDirectory(base + plain) : "no directory",
  };
  const keys = Object.keys(calls);
  const key = keys[random.below(keys.length)] ?? "stat";
  return { text: `${key} ${path} ${other} ${mode.toString(8)}`, call: calls[key] ?? (() => undefined) };
}

function answer(call: Call, fs: SyncFileSystem, base: string): unknown {
  try {
    return { value: call(fs, base) };
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    return { code: error.code, call: error.call, path: error.path.replace(base, "") };
  }
}

/** A runtime's file system that answers at once, as its contract says. */
const synchronous = (runtime: Runtime) => runtime.syncFileSystem as SyncFileSystem;

/** Compares with the real file system below an empty directory; throws at the first difference. The number of calls. */
export function compareWithSystem(directory: string, seeds: number, length: number): number {
  const real = synchronous(currentRuntime());
  const credentials = {
    user: process.geteuid?.() ?? 0,
    group: process.getegid?.() ?? 0,
    groups: process.getgroups?.() ?? [],
    umask: process.umask(),
  };
  for (let seed = 1; seed <= seeds; seed++) {
    const random = new SeededRandom(seed);
    const base = `${directory}/${seed}/base`;
    const memory = memoryRuntime({ ...credentials, files: { [base]: { kind: "directory" } } });
    // A directory between, so that `..` leads nowhere shared.
    real.makeDirectory(`${directory}/${seed}`, 0o755);
    real.makeDirectory(base, 0o755);
    const done: string[] = [];
    for (let count = 0; count < length; count++) {
      const { text, call } = randomCall(random);
      const expected = answer(call, real, base);
      done.push(`${text} → ${JSON.stringify(expected)}`);
      const actual = answer(call, memory.syncFileSystem, base);
      assertEquals(actual, expected, `seed ${seed}:\n${done.slice(-15).join("\n")}`);
    }
  }
  return seeds * length;
}
