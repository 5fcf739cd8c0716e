/**
 * What a program asks the kernel about the files of one directory, by strace: `traceScript` runs a script and tells each
 * call as `rename TEMP a` or `open . ENOENT`, in the order in which they began.
 */
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { spawnScript } from "./spawn.ts";

/** Why calls cannot be traced here; undefined when they can. */
export function cannotTrace(): string | undefined {
  const { error, status } = spawnSync("strace", ["-f", "--seccomp-bpf", "-o", "/dev/null", "true"]);
  if (error !== undefined) return "needs the program strace (Debian: apt-get install strace)";
  return status === 0 ? undefined : "strace may not trace here";
}

/** Everything that touches a file by name or descriptor; `?` where not every machine has it. */
const calls =
  `open openat ?openat2 ?creat ?stat ?lstat ?fstat ?newfstatat ?statx ?access faccessat ?faccessat2 ?readlink
  readlinkat read pread64 readv write pwrite64 writev ?pwritev ftruncate ?truncate lseek flock fsync fdatasync
  ?sync_file_range syncfs close ?dup ?rename ?renameat renameat2 ?link linkat ?symlink symlinkat ?unlink unlinkat ?mkdir
  mkdirat ?rmdir ?chmod fchmod fchmodat ?fchmodat2 ?chown fchown ?lchown fchownat ?utime ?utimes utimensat
  copy_file_range sendfile ioctl getdents64 statfs fstatfs fallocate fadvise64 fcntl setxattr fsetxattr getxattr
  fgetxattr listxattr flistxattr ?io_uring_setup`.split(/\s+/).map((name) => name.startsWith("?") ? name : `?${name}`);

/** Joins what strace cut in two because another thread came in between. */
function joined(log: string): string[] {
  const lines: string[] = [];
  const unfinished = new Map<string, number>();
  for (const line of log.split("\n")) {
    const [, pid = "", text = ""] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/s.exec(text);
    const begun = unfinished.get(pid);
    if (resumed !== null && begun !== undefined) {
      lines[begun] += resumed[1] ?? "";
      unfinished.delete(pid);
    } else if (text.endsWith("<unfinished ...>")) {
      unfinished.set(pid, lines.push(text.slice(0, -"<unfinished ...>".length).trimEnd()) - 1);
    } else lines.push(text);
  }
  return lines;
}

/** One call in our words; undefined for what has nothing to do with the directory. */
function told(line: string, directory: string): string | undefined {
  const match = /^(\w+)\((.*)\)\s+= (-?\d+|\?)(?:<([^>]*)>)?(?: (E[A-Z]+))?/s.exec(line);
  if (match === null || !line.includes(directory)) return undefined;
  const [, call = "", parameters = "", result = "", opened = "", code] = match;
  const paths = [...parameters.matchAll(/"([^"]*)"|\d+<([^>]*)>/g)]
    .map(([, path, described]) => path ?? described ?? "")
    .filter((path) => path.startsWith(directory))
    .map((path) => short(path, directory));
  return [word(call, parameters, opened, directory), ...paths, ...details(call, parameters, result), code ?? []]
    .flat().join(" ");
}

function short(path: string, directory: string): string {
  const name = path.slice(directory.length + 1).replace(/ \(deleted\)$/, "");
  if (name === "" || name === ".") return ".";
  return name.replace(/^\.(.+)\.[a-z2-7]{26}\.[fnp].*\.tmp$/, "TEMP").replace(/^\.(.+)\.\d{8}T\d{9}Z\.bak$/, "BACKUP");
}

function word(call: string, parameters: string, opened: string, directory: string): string {
  if (/^(openat2?|open|creat)$/.test(call)) {
    if (parameters.includes("O_CREAT")) return parameters.includes("O_EXCL") ? "create" : "create shared";
    return opened === directory ? "open directory" : "open";
  }
  if (/^(newfstatat|statx)$/.test(call)) {
    if (/^\d+<[^>]*>, ""/.test(parameters)) return "fstat";
    return parameters.includes("AT_SYMLINK_NOFOLLOW") ? "lstat" : "stat";
  }
  const words: Record<string, string> = {
    pwrite64: "write",
    pread64: "read",
    faccessat: "access",
    faccessat2: "access",
  };
  return words[call] ?? call.replace(/^(rename|link|unlink|mkdir|readlink|symlink)at2?$/, "$1");
}

function details(call: string, parameters: string, result: string): string[] {
  if (/^(openat2?|open|creat)$/.test(call)) return /, (0[0-7]+)$/.exec(parameters)?.[1]?.split(" ") ?? [];
  if (/^(write|pwrite64|read|pread64)$/.test(call)) return [result];
  if (/^(fchmod|fchown)$/.test(call)) return [parameters.replace(/^\d+<[^>]*>, /, "").replace(", ", ":")];
  if (call === "flock") return [parameters.replace(/^.*, /, "")];
  return [];
}

/** The calls about one directory that a script makes between its marks, by the marks' names. */
export async function traceScript(
  path: string,
  directory: string,
  log: string,
): Promise<Map<string, string[]>> {
  const wrapper = ["strace", "-f", "-y", "-s", "200", "--seccomp-bpf", `--trace=${calls.join(",")}`, "-o", log];
  const { code, stderr } = await spawnScript(path, [directory], { wrapper }).status;
  if (code !== 0) throw new Error(`the traced script ended with status ${code}: ${stderr}`);
  const cases = new Map<string, string[]>();
  let current: string[] | undefined;
  // What is reached through the open directory is reached by the path of its descriptor.
  const text = fs.readFileSync(log, "utf8").replaceAll(/\/proc\/self\/fd\/\d+\//g, `${directory}/`);
  for (const line of joined(text)) {
    const mark = /"[^"]*\/mark:([^"]*)"/.exec(line)?.[1];
    if (mark !== undefined) {
      current = mark === "" ? undefined : cases.get(mark) ?? [];
      if (current !== undefined) cases.set(mark, current);
      continue;
    }
    const call = told(line, directory);
    // A directory is read in as many calls as its size takes.
    if (call !== undefined && !(call.startsWith("getdents64") && call === current?.at(-1))) current?.push(call);
  }
  return cases;
}
