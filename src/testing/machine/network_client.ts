/**
 * The file system of a process whose disk is a file server's: what a client of NFS or SMB answers differently.
 *
 * - Looks by name and listings may be answered from a cache: each answer is given again for a number of further looks,
 *   until the process itself changes a name in that directory, or opens that name. `open` and changes always ask the
 *   server (close-to-open; a change by one's own tells the client what the directory is like).
 * - The reply to a call that changes names may be lost: it is sent once more, and then says what a server says of what
 *   it has done already (EEXIST, ENOENT, "there is none").
 * - What is removed while this process has it open gets a name like `.nfs…` until it is closed. What another process has
 *   removed is ESTALE for those who have it open (memory_open_file.ts). There are no kernel locks: ENOLCK.
 */
import type { DirectoryEntry, FileStatus } from "../../runtime/runtime.ts";
import { SystemError } from "../../runtime/system_error.ts";
import type { ProcessRecord } from "./machine.ts";
import type { MemoryDirectory } from "./memory_directory.ts";
import type { Access, MemoryOpenFile } from "./memory_open_file.ts";
import type { NetworkOptions } from "./memory_options.ts";
import type { MemorySystemCalls } from "./memory_system_calls.ts";
import type { SyncFileSystem } from "./sync_file_system.ts";

interface CachedAnswer {
  readonly value: unknown;
  /** For how many further looks. */
  left: number;
}

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf("/")) || "/";

/** One process's client. */
export class NetworkClient implements SyncFileSystem {
  readonly #server: MemorySystemCalls;
  readonly #process: ProcessRecord;
  readonly #cachedLooks: number;
  readonly #lost: ReadonlySet<string>;
  readonly #cache = new Map<string, CachedAnswer>();

  /** A client of `server` with nothing in its cache. */
  constructor(server: MemorySystemCalls, process: ProcessRecord, options: NetworkOptions) {
    this.#server = server;
    this.#process = process;
    this.#cachedLooks = options.cachedLooks ?? 1;
    this.#lost = new Set(options.lostReplies);
  }

  open(path: string, access: Access, options?: { follow?: boolean }): MemoryOpenFile | undefined {
    this.#forget(path);
    return this.#server.open(path, access, options);
  }

  create(path: string, mode: number): MemoryOpenFile {
    this.#forgetAround(path);
    return this.#server.create(path, mode);
  }

  openDirectory(path: string, options?: { follow?: boolean }): MemoryDirectory | undefined {
    return this.#server.openDirectory(path, options, this);
  }

  stat(path: string): FileStatus | undefined {
    return this.#look(`stat ${path}`, () => this.#server.stat(path));
  }

  linkStat(path: string): FileStatus | undefined {
    return this.#look(`linkStat ${path}`, () => this.#server.linkStat(path));
  }

  glance(path: string): FileStatus | undefined {
    return this.#server.glance(path);
  }

  readLink(path: string): string | undefined {
    return this.#look(`readLink ${path}`, () => this.#server.readLink(path));
  }

  readDirectory(path: string): DirectoryEntry[] | undefined {
    return this.#look(`readDirectory ${path}`, () => this.#server.readDirectory(path))?.map((entry) => ({ ...entry }));
  }

  makeDirectory(path: string, mode: number): boolean {
    this.#forgetAround(path);
    return this.#server.makeDirectory(path, mode) && !this.#lost.has("makeDirectory");
  }

  rename(from: string, to: string): void {
    this.#forgetAround(from);
    this.#forgetAround(to);
    this.#keepOpened(to, from);
    this.#server.rename(from, to);
    if (this.#lost.has("rename")) throw new SystemError("ENOENT", "rename", from);
  }

  link(existing: string, path: string): void {
    this.#forgetAround(path);
    this.#forget(existing);
    this.#server.link(existing, path);
    if (this.#lost.has("link")) throw new SystemError("EEXIST", "link", path);
  }

  symbolicLink(text: string, path: string): void {
    this.#forgetAround(path);
    this.#server.symbolicLink(text, path);
    if (this.#lost.has("symbolicLink")) throw new SystemError("EEXIST", "symbolicLink", path);
  }

  remove(path: string): boolean {
    this.#forgetAround(path);
    return (this.#keepOpened(path) || this.#server.remove(path)) && !this.#lost.has("remove");
  }

  removeDirectory(path: string): boolean {
    this.#forgetAround(path);
    return this.#server.removeDirectory(path) && !this.#lost.has("removeDirectory");
  }

  #look<T>(key: string, ask: () => T): T {
    const cached = this.#cache.get(key);
    if (cached !== undefined && cached.left > 0) {
      cached.left--;
      return cached.value as T;
    }
    const value = ask();
    this.#cache.set(key, { value, left: this.#cachedLooks });
    return value;
  }

  #forget(path: string): void {
    for (const method of ["stat", "linkStat", "readLink"]) this.#cache.delete(`${method} ${path}`);
  }

  /** What this process changes in a directory tells it what the whole directory is like now. */
  #forgetAround(path: string): void {
    const directory = parentOf(path);
    for (const key of [...this.#cache.keys()]) {
      const looked = key.slice(key.indexOf(" ") + 1);
      if (looked === directory || looked === path || parentOf(looked) === directory) this.#cache.delete(key);
    }
  }

  /** Gives a file that is about to lose its last name a hidden one, if this process has it open; says whether it did. */
  #keepOpened(path: string, replacedBy?: string): boolean {
    const status = this.#server.linkStat(path);
    if (status?.kind !== "file" || status.links !== 1) return false;
    if (replacedBy !== undefined && this.#server.linkStat(replacedBy)?.identity === status.identity) return false;
    const inode = Number(status.identity.slice(status.identity.lastIndexOf(":") + 1));
    const opened = [...this.#process.open.values()].find((file) => file.inode === inode);
    if (opened === undefined) return false;
    const hidden = `${parentOf(path)}/.nfs${String(inode).padStart(8, "0")}`;
    this.#server.rename(path, hidden);
    this.#process.lastCloses.set(inode, () => {
      this.#forgetAround(hidden);
      this.#server.remove(hidden);
    });
    return true;
  }
}
