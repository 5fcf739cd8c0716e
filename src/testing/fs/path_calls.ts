/** The calls of `fs` on paths. */
import { type Operation, wait } from "../../core/operation.ts";

import type { FileStatus } from "../../runtime/runtime.ts";
import { SystemError } from "../../runtime/system_error.ts";
import { type Descriptor, descriptorOf, onFile, withFile } from "./descriptors.ts";
import { asNode } from "./node_error.ts";
import { type Call, ownerOf, readContent, setTimes, writeContent } from "./open_file_calls.ts";
import { callOptions, decoded, located, modeOf, named, pathText, type Place } from "./place.ts";
import { Dirent, Stats } from "./stats.ts";
import { copyFile, makeDirectoryTree, makeTemporaryDirectory, readTree, realPath, removeTree } from "./trees.ts";

type OnDescriptor = (place: Place, file: Descriptor, ...args: unknown[]) => Operation<unknown>;
type OnPath = (place: Place, path: string, ...args: unknown[]) => Operation<unknown>;

/** A call on one path; its errors name that path as it was given. */
const at = (syscall: string | undefined, body: OnPath): Call =>
  function (place, path, ...args) {
    const text = pathText(path);
    const call = { path: text, ...syscall === undefined ? {} : { syscall } };
    return asNode(call, () => body(place, located(place, text), ...args));
  };

/** A call on two paths. */
const between = (
  syscall: string,
  body: (place: Place, from: string, to: string, ...args: unknown[]) => Operation<unknown>,
): Call =>
  function (place, from, to, ...args) {
    const [path, dest] = [pathText(from, "oldPath"), pathText(to, "newPath")];
    return asNode({ syscall, path, dest }, () => body(place, located(place, path), located(place, dest), ...args));
  };

function missing(call: string, path: string): never {
  throw new SystemError("ENOENT", call, path);
}

const statusCall = (syscall: "stat" | "lstat", method: "stat" | "linkStat"): Call =>
  at(syscall, function* ({ files }, path, options) {
    const { bigint, throwIfNoEntry } = callOptions(options);
    const status = yield* wait(files[method](path));
    if (status !== undefined) return new Stats(status, bigint === true);
    return throwIfNoEntry === false ? undefined : missing(method, path);
  });

/** Follows symlinks, as chmod(2) and its kind do, and works on directories as well. */
const onOpened = (syscall: string, body: OnDescriptor): Call =>
  at(syscall, (place, path, ...args) => withFile(place, path, { flags: "r" }, (file) => body(place, file, ...args)));

/** A file, by its path or as the number of an open one, which is left open. */
const content = (otherwise: "r" | "w" | "a", body: OnDescriptor): Call =>
  function (place, file, ...args) {
    if (typeof file === "number") {
      const syscall = otherwise === "r" ? "read" : "write";
      return onFile(syscall, () => body(place, descriptorOf(place, file, syscall), ...args));
    }
    const path = pathText(file);
    const { flag, mode, signal } = callOptions(args.at(-1));
    const opening = { flags: flag ?? otherwise, mode: modeOf(mode, 0o666) };
    return asNode({ path }, () => {
      if (signal instanceof AbortSignal) signal.throwIfAborted();
      return withFile(place, located(place, path), opening, (opened) => body(place, opened, ...args));
    });
  };

/** Access by the permission bits alone; further groups are not known. */
function mayAccess({ runtime }: Place, status: FileStatus, wanted: number): boolean {
  const owner = runtime.process.owner();
  if (owner === undefined || owner.user === 0) return true;
  const shift = status.user === owner.user ? 6 : status.group === owner.group ? 3 : 0;
  return ((status.mode >> shift) & wanted) === wanted;
}

/** By their names in `fs`, without the suffix `Sync`. */
export const pathCalls: Readonly<Record<string, Call>> = {
  readFile: content("r", function* (_place, file, options) {
    return decoded(yield* readContent(file), callOptions(options)["encoding"]);
  }),
  writeFile: content("w", writeContent),
  appendFile: content("a", writeContent),
  stat: statusCall("stat", "stat"),
  lstat: statusCall("lstat", "linkStat"),
  access: at("access", function* (place, path, wanted) {
    const status = yield* wait(place.files.stat(path));
    if (status === undefined) return missing("access", path);
    if (!mayAccess(place, status, Number(wanted ?? 0))) throw new SystemError("EACCES", "access", path);
  }),
  readdir: at("scandir", function* (place, path, options) {
    const { encoding, withFileTypes, recursive } = callOptions(options);
    const found = yield* readTree(place, path, recursive === true);
    return found.map(({ below, name, directory, kind }) =>
      withFileTypes === true ? new Dirent(name, directory, kind) : named(below, encoding)
    );
  }),
  mkdir: at("mkdir", function* (place, path, options) {
    const { recursive, mode } = callOptions(options, "mode");
    if (recursive === true) return yield* makeDirectoryTree(place, path, modeOf(mode, 0o777));
    if (!(yield* wait(place.files.makeDirectory(path, modeOf(mode, 0o777))))) {
      throw new SystemError("EEXIST", "makeDirectory", path);
    }
    return undefined;
  }),
  mkdtemp: at("mkdtemp", function* (place, prefix, options) {
    return named(yield* makeTemporaryDirectory(place, prefix), callOptions(options)["encoding"]);
  }),
  rmdir: at("rmdir", function* ({ files }, path) {
    if (!(yield* wait(files.removeDirectory(path)))) missing("removeDirectory", path);
  }),
  rm: at("rm", function* (place, path, options) {
    const { recursive, force } = callOptions(options);
    yield* removeTree(place, path, recursive === true, force === true);
  }),
  unlink: at("unlink", function* ({ files }, path) {
    if (!(yield* wait(files.remove(path)))) missing("remove", path);
  }),
  rename: between("rename", ({ files }, from, to) => wait(files.rename(from, to))),
  link: between("link", ({ files }, existing, path) => wait(files.link(existing, path))),
  copyFile: between("copyfile", copyFile),
  symlink: (place, text, path) => {
    const [target, dest] = [pathText(text, "target"), pathText(path)];
    return asNode(
      { syscall: "symlink", path: target, dest },
      () => wait(place.files.symbolicLink(target, located(place, dest))),
    );
  },
  readlink: at("readlink", function* ({ files }, path, options) {
    const text = yield* wait(files.readLink(path));
    if (text !== undefined) return named(text, callOptions(options)["encoding"]);
    throw new SystemError((yield* wait(files.linkStat(path))) === undefined ? "ENOENT" : "EINVAL", "readLink", path);
  }),
  realpath: at("realpath", function* (place, path, options) {
    return named(yield* realPath(place, path), callOptions(options)["encoding"]);
  }),
  truncate: at(
    "truncate",
    (place, path, size) => withFile(place, path, { flags: "r+" }, ({ file }) => wait(file.truncate(Number(size ?? 0)))),
  ),
  chmod: onOpened("chmod", (_place, { file }, mode) => wait(file.setMode(modeOf(mode, 0)))),
  chown: onOpened("chown", (_place, { file }, user, group) => wait(file.setOwner(ownerOf(user), ownerOf(group)))),
  utimes: onOpened("utime", (_place, file, accessed, modified) => setTimes(file, accessed, modified)),
};

/** Whether there is something, whatever may be wrong with it. */
export function* exists(place: Place, path: unknown): Operation<boolean> {
  try {
    return (yield* wait(place.files.stat(located(place, pathText(path))))) !== undefined;
  } catch {
    return false;
  }
}
