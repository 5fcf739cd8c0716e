/**
 * The file system over node:fs, for Node and Bun; one body for both of a runtime's file systems, which differ in the
 * `DescriptorCalls` they are made with.
 *
 * Every open that might meet something planted says O_NOFOLLOW or O_NONBLOCK, so that neither a symlink nor a FIFO
 * without a peer can divert or stop us.
 */
import type { BigIntStats, Dirent, Stats } from "node:fs";
import { afterTurn, isTurnDue } from "../../core/event_loop.ts";
import type { Awaitable } from "../../core/operation.ts";
import { nodeFs } from "../builtin.ts";
import type { DescriptorCalls } from "./calls.ts";
import { NodeDirectory } from "./directory.ts";
import { descriptorStatus, isExact, kindOf, NodeOpenFile, toStatus } from "./open_file.ts";
import { NodeReadFile } from "./read_file.ts";
import type { DirectoryEntry, FileStatus, FileSystem, OpenDirectory, OpenFile } from "../runtime.ts";
import {
  guard,
  guardMissing,
  guardMissingAwaitable,
  isMissing,
  notThere,
  SystemError,
  throwUnlessInterrupted,
} from "../system_error.ts";

/** Only the name itself is missing; ENOTDIR is about the thing by that name. */
const onlyAbsent: ReadonlySet<string> = new Set(["ENOENT"]);
const existing: ReadonlySet<string> = new Set(["EEXIST"]);
/** A name that is no symlink is EINVAL; libuv on Windows calls it UNKNOWN. */
const noLink: ReadonlySet<string> = new Set([...notThere, "EINVAL"]);
const noLinkOnWindows: ReadonlySet<string> = new Set([...noLink, "EUNKNOWN"]);

/** Permission bits that creation may be given. The others are set through the descriptor, if at all. */
const creationBits = 0o777;

/** An exception costs ten times the call; asking for `undefined` keeps the frequent answer cheap. */
const inNumbers = { throwIfNoEntry: false } as const;
const inBigIntegers = { bigint: true, throwIfNoEntry: false } as const;

/** A file system over node:fs. */
export class NodeFileSystem implements FileSystem {
  readonly #calls: DescriptorCalls;
  /** Windows: no O_NOFOLLOW, no O_DIRECTORY, a directory cannot be opened for a sync, and a sync needs the right to write. */
  readonly #windows: boolean;

  constructor(calls: DescriptorCalls, windows: boolean) {
    this.#calls = calls;
    this.#windows = windows;
  }

  open(path: string, access: "read" | "read-write", options?: { follow?: boolean }): Awaitable<OpenFile | undefined> {
    if (this.#calls.mayWait && isTurnDue()) return afterTurn(() => this.#open(path, access, options));
    return this.#open(path, access, options);
  }

  #open(path: string, access: "read" | "read-write", options?: { follow?: boolean }): OpenFile | undefined {
    const reopen = () => this.#open(path, "read-write", options);
    return guardMissing("open", path, undefined, () => {
      const { closeSync, constants, lstatSync, openSync } = nodeFs();
      const follow = options?.follow !== false;
      // Windows has no such flag; a link put there between the two calls is followed.
      if (!follow && this.#windows && lstatSync(path).isSymbolicLink()) throw new SystemError("ELOOP", "open", path);
      const descriptor = openSync(
        path,
        (access === "read" ? constants.O_RDONLY : constants.O_RDWR) | (constants.O_NONBLOCK ?? 0) |
          (constants.O_NOCTTY ?? 0) | (follow ? 0 : constants.O_NOFOLLOW ?? 0),
      );
      let opened: FileStatus | undefined;
      try {
        opened = descriptorStatus(descriptor);
      } finally {
        if (opened?.kind !== "file") closeSync(descriptor);
      }
      if (opened.kind !== "file") throw new SystemError(opened.kind === "directory" ? "EISDIR" : "ENXIO", "open", path);
      return access === "read" && this.#windows
        ? new NodeReadFile({ descriptor, path, calls: this.#calls, opened }, reopen)
        : new NodeOpenFile(descriptor, path, this.#calls, opened);
    });
  }

  create(path: string, mode: number): OpenFile {
    const { constants, openSync } = nodeFs();
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);
    for (;;) {
      try {
        return new NodeOpenFile(openSync(path, flags, mode & creationBits), path, this.#calls);
      } catch (error) {
        throwUnlessInterrupted(error, "create", path);
      }
    }
  }

  openDirectory(path: string, options?: { follow?: boolean }): OpenDirectory | undefined {
    // libuv opens directories on Windows without the access that FlushFileBuffers needs (EPERM).
    if (this.#windows) throw new SystemError("ENOTSUP", "openDirectory", path);
    const { constants, openSync } = nodeFs();
    const flags = constants.O_RDONLY | constants.O_DIRECTORY | (options?.follow === false ? constants.O_NOFOLLOW : 0);
    for (;;) {
      try {
        return new NodeDirectory(openSync(path, flags), path, this.#calls, this);
      } catch (error) {
        if (isMissing(error, "openDirectory", path, onlyAbsent)) return undefined;
      }
    }
  }

  flushDirectory(path: string): Awaitable<void> {
    if (this.#windows) return this.#calls.flushDirectory?.(path);
  }

  realPath(path: string): string | undefined {
    try {
      return nodeFs().realpathSync.native(path);
    } catch {
      return undefined;
    }
  }

  stat(path: string): Awaitable<FileStatus | undefined> {
    if (this.#calls.mayWait && isTurnDue()) return afterTurn(() => this.stat(path));
    for (;;) {
      try {
        let stats: Stats | BigIntStats | undefined = nodeFs().statSync(path, inNumbers);
        if (stats !== undefined && !isExact(stats)) stats = nodeFs().statSync(path, inBigIntegers);
        return stats && toStatus(stats);
      } catch (error) {
        if (isMissing(error, "stat", path)) return undefined;
      }
    }
  }

  linkStat(path: string): Awaitable<FileStatus | undefined> {
    if (this.#calls.mayWait && isTurnDue()) return afterTurn(() => this.linkStat(path));
    return this.#linkStatus(path);
  }

  hasAttributes(path: string): boolean | undefined {
    return this.#calls.cLibrary()?.hasAttributesAt(path);
  }

  glance(path: string): FileStatus | undefined {
    try {
      return this.#linkStatus(path);
    } catch {
      return undefined;
    }
  }

  #linkStatus(path: string): FileStatus | undefined {
    for (;;) {
      try {
        let stats: Stats | BigIntStats | undefined = nodeFs().lstatSync(path, inNumbers);
        if (stats !== undefined && !isExact(stats)) stats = nodeFs().lstatSync(path, inBigIntegers);
        return stats && toStatus(stats);
      } catch (error) {
        if (isMissing(error, "linkStat", path)) return undefined;
      }
    }
  }

  readLink(path: string): string | undefined {
    const answers = this.#windows ? noLinkOnWindows : noLink;
    return guardMissing("readLink", path, undefined, () => nodeFs().readlinkSync(path), answers);
  }

  readDirectory(path: string): Awaitable<DirectoryEntry[] | undefined> {
    const list = (entries: Dirent[]) => entries.map((entry) => ({ name: entry.name, kind: kindOf(entry) }));
    return guardMissingAwaitable("readDirectory", path, undefined, () => {
      const entries = this.#calls.readDirectory(path);
      return Array.isArray(entries) ? list(entries) : entries.then(list);
    }, onlyAbsent);
  }

  makeDirectory(path: string, mode: number): boolean {
    return guardMissing("makeDirectory", path, false, () => {
      nodeFs().mkdirSync(path, { mode: mode & creationBits });
      return true;
    }, existing);
  }

  rename(from: string, to: string): void {
    for (;;) {
      try {
        return nodeFs().renameSync(from, to);
      } catch (error) {
        throwUnlessInterrupted(error, "rename", from);
      }
    }
  }

  link(existing: string, path: string): void {
    guard("link", path, () => nodeFs().linkSync(existing, path));
  }

  symbolicLink(text: string, path: string): void {
    guard("symbolicLink", path, () => nodeFs().symlinkSync(text, path));
  }

  remove(path: string): boolean {
    return guardMissing("remove", path, false, () => {
      nodeFs().unlinkSync(path);
      return true;
    });
  }

  removeDirectory(path: string): boolean {
    return guardMissing("removeDirectory", path, false, () => {
      nodeFs().rmdirSync(path);
      return true;
    }, onlyAbsent);
  }
}
