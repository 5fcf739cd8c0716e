/**
 * The file system over `Deno`; one body for both file systems, which differ in the `DenoCalls` they are made with.
 *
 * Deno opens without O_NOFOLLOW and O_NONBLOCK. Where it can be helped, on Linux with -A, the C library opens for it
 * (through_descriptors.ts). Elsewhere, and in directories into which nobody else may put anything, `open` looks before it
 * opens (a FIFO without a peer would stop the process forever), and with `follow: false` compares what it saw with what it
 * got. Without -A somebody may still put something there in between: a symlink is noticed afterwards, a FIFO stops us.
 */
import { afterTurn, isTurnDue } from "../../core/event_loop.ts";
import type { Awaitable } from "../../core/operation.ts";
import { shownPath } from "../anchor.ts";
import { cLibrary } from "./c_library.ts";
import type { DenoCalls } from "./calls.ts";
import { deno, type DenoDirectoryEntry } from "./namespace.ts";
import { DenoDirectory, type OpenRules } from "./directory.ts";
import { DenoOpenFile } from "./open_file.ts";
import { DenoReadFile } from "./read_file.ts";
import { permit, permitEverywhere } from "./permissions.ts";
import { creationBits, narrowed, ownerMayRead } from "./second_descriptor.ts";
import { kindOf, toStatus } from "./status.ts";
import { handingLibrary, isRevoked, openHanded } from "./through_descriptors.ts";
import type { CLibrary } from "../foreign/c_library.ts";
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
/** A name that is no symlink. */
const noLink: ReadonlySet<string> = new Set([...notThere, "EINVAL"]);

const reading = { read: true } as const;

/** A file system over `Deno`. */
export class DenoFileSystem implements FileSystem {
  readonly #deno = deno();
  readonly #calls: DenoCalls;
  readonly #windows: boolean;

  constructor(calls: DenoCalls, windows: boolean) {
    this.#calls = calls;
    this.#windows = windows;
  }

  open(path: string, access: "read" | "read-write", options?: { follow?: boolean }): Awaitable<OpenFile | undefined> {
    return this.openNamed(path, access, { follow: options?.follow !== false, isSafe: false });
  }

  /** `isSafe`: nobody else may put anything there between two calls. */
  openNamed(path: string, access: "read" | "read-write", how: OpenRules): Awaitable<OpenFile | undefined> {
    if (this.#calls.mayWait && isTurnDue()) return afterTurn(() => this.#open(path, access, how));
    return this.#open(path, access, how);
  }

  #open(path: string, access: "read" | "read-write", { follow, isSafe }: OpenRules): DenoOpenFile | undefined {
    const write = access === "read-write";
    permit("open", path, "read", ...(write ? ["write" as const] : []));
    const library = isSafe ? undefined : handingLibrary();
    const reopen = () => {
      const writable = this.#open(path, "read-write", { follow, isSafe });
      if (writable !== undefined) writable.opened ??= writable.stat();
      return writable;
    };
    return guardMissing("open", path, undefined, () => {
      const handed = library && this.#openHanded(library, path, { write, follow });
      if (handed !== undefined) return handed;
      const seen = toStatus(follow ? this.#deno.statSync(path) : this.#deno.lstatSync(path));
      if (seen.kind === "symlink") throw new SystemError("ELOOP", "open", path);
      if (seen.kind !== "file") throw new SystemError(seen.kind === "directory" ? "EISDIR" : "ENXIO", "open", path);
      const opened = this.#deno.openSync(path, { read: true, write });
      const file = !write && this.#windows
        ? new DenoReadFile(opened, path, this.#calls, reopen)
        : new DenoOpenFile(opened, path, this.#calls);
      if (follow) return file;
      file.opened = file.stat();
      if (file.opened.identity === seen.identity) return file;
      file.close();
      throw new SystemError("ELOOP", "open", path);
    });
  }

  /** Undefined where it cannot be done any more. */
  #openHanded(
    library: CLibrary,
    path: string,
    how: { readonly write: boolean; readonly follow: boolean },
  ): DenoOpenFile | undefined {
    try {
      const { file, status } = openHanded(library, path, how);
      const opened = new DenoOpenFile(file, path, this.#calls);
      opened.opened = status;
      return opened;
    } catch (error) {
      if (isRevoked(error)) return undefined;
      throw error;
    }
  }

  create(path: string, mode: number): OpenFile {
    permit("create", path, "read", "write");
    const wanted = mode & creationBits;
    for (;;) {
      try {
        // Readable for its owner until a second descriptor is open: without that right nobody but root could open one
        // later, to set the mode or the owner. Deno opens exclusively (O_EXCL), which follows no symlink.
        const file = this.#deno.openSync(path, {
          read: true,
          write: true,
          createNew: true,
          mode: wanted | ownerMayRead,
        });
        if ((wanted & ownerMayRead) !== 0 || this.#windows) return new DenoOpenFile(file, path, this.#calls);
        return new DenoOpenFile(file, path, this.#calls, narrowed(file, path));
      } catch (error) {
        throwUnlessInterrupted(error, "create", path);
      }
    }
  }

  openDirectory(path: string, options?: { follow?: boolean }): OpenDirectory | undefined {
    if (this.#windows) throw new SystemError("ENOTSUP", "openDirectory", path);
    permit("openDirectory", path, "read");
    for (;;) {
      try {
        const seen = options?.follow === false ? toStatus(this.#deno.lstatSync(path)) : undefined;
        if (seen?.kind === "symlink") throw new SystemError("ENOTDIR", "openDirectory", path);
        // O_DIRECTORY in other words: `file/.` is ENOTDIR, and opening `fifo/.` does not wait.
        const opened = new DenoDirectory(this.#deno.openSync(`${path}/.`, reading), path, this.#calls, this);
        // Reached through one that is held itself: what is in it is to be found there, too, however long that stays open.
        if (shownPath(path) !== path) anchored(opened);
        if (seen === undefined || opened.stat().identity === seen.identity) return opened;
        opened.close();
        throw new SystemError("ENOTDIR", "openDirectory", path);
      } catch (error) {
        if (isMissing(error, "openDirectory", path, onlyAbsent)) return undefined;
      }
    }
  }

  flushDirectory(path: string): Awaitable<void> {
    if (this.#windows) return this.#calls.flushDirectory(path);
  }

  realPath(path: string): string | undefined {
    try {
      permit("realPath", path, "read");
      return this.#deno.realPathSync(path);
    } catch {
      return undefined;
    }
  }

  stat(path: string): Awaitable<FileStatus | undefined> {
    if (this.#calls.mayWait && isTurnDue()) return afterTurn(() => this.stat(path));
    permit("stat", path, "read");
    for (;;) {
      try {
        return toStatus(this.#deno.statSync(path));
      } catch (error) {
        if (isMissing(error, "stat", path)) return undefined;
      }
    }
  }

  linkStat(path: string): Awaitable<FileStatus | undefined> {
    if (this.#calls.mayWait && isTurnDue()) return afterTurn(() => this.linkStat(path));
    return this.#linkStatus(path);
  }

  #linkStatus(path: string): FileStatus | undefined {
    permit("linkStat", path, "read");
    for (;;) {
      try {
        return toStatus(this.#deno.lstatSync(path));
      } catch (error) {
        if (isMissing(error, "linkStat", path)) return undefined;
      }
    }
  }

  hasAttributes(path: string): boolean | undefined {
    permit("hasAttributes", path, "read");
    return cLibrary()?.hasAttributesAt(path);
  }

  glance(path: string): FileStatus | undefined {
    try {
      return this.#linkStatus(path);
    } catch {
      return undefined;
    }
  }

  readLink(path: string): string | undefined {
    permit("readLink", path, "read");
    return guardMissing("readLink", path, undefined, () => {
      try {
        return this.#deno.readLinkSync(path);
      } catch (error) {
        // Bytes that are not UTF-8 are refused, where the other runtimes show U+FFFD for each that is not.
        if (error instanceof Error && error.name === "InvalidData") return "\ufffd";
        throw error;
      }
    }, noLink);
  }

  readDirectory(path: string): Awaitable<DirectoryEntry[] | undefined> {
    permit("readDirectory", path, "read");
    const list = (entries: DenoDirectoryEntry[]) => entries.map((entry) => ({ name: entry.name, kind: kindOf(entry) }));
    return guardMissingAwaitable("readDirectory", path, undefined, () => {
      const entries = this.#calls.readDirectory(path);
      return Array.isArray(entries) ? list(entries) : entries.then(list);
    }, onlyAbsent);
  }

  makeDirectory(path: string, mode: number): boolean {
    permit("makeDirectory", path, "write");
    return guardMissing("makeDirectory", path, false, () => {
      this.#deno.mkdirSync(path, { mode: mode & creationBits });
      return true;
    }, existing);
  }

  rename(from: string, to: string): void {
    permit("rename", from, "read", "write");
    permit("rename", to, "write");
    for (;;) {
      try {
        return this.#deno.renameSync(from, to);
      } catch (error) {
        throwUnlessInterrupted(error, "rename", from);
      }
    }
  }

  link(existing: string, path: string): void {
    permit("link", existing, "read", "write");
    permit("link", path, "read", "write");
    guard("link", path, () => this.#deno.linkSync(existing, path));
  }

  symbolicLink(text: string, path: string): void {
    permitEverywhere("symbolicLink", path);
    guard("symbolicLink", path, () => this.#deno.symlinkSync(text, path));
  }

  remove(path: string): boolean {
    permit("remove", path, "read", "write");
    return guardMissing("remove", path, false, () => {
      // Deno.remove takes empty directories, too.
      if (this.#deno.lstatSync(path).isDirectory) throw new SystemError("EISDIR", "remove", path);
      this.#deno.removeSync(path);
      return true;
    });
  }

  removeDirectory(path: string): boolean {
    permit("removeDirectory", path, "read", "write");
    return guardMissing("removeDirectory", path, false, () => {
      // Deno.remove takes files, too.
      if (!this.#deno.lstatSync(path).isDirectory) throw new SystemError("ENOTDIR", "removeDirectory", path);
      this.#deno.removeSync(path);
      return true;
    }, onlyAbsent);
  }
}

/** Closes what cannot be anchored. */
function anchored(opened: DenoDirectory): void {
  try {
    opened.anchor();
  } catch (error) {
    opened.close();
    throw error;
  }
}
