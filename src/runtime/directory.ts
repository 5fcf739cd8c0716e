/** Names in a directory reached through a path that leads to it: how every runtime that we know does it. */
import type { Awaitable } from "../core/operation.ts";
import type { DirectoryEntry, DirectoryNames, FileStatus, FileSystem, OpenDirectory, OpenFile } from "./runtime.ts";

/** A path that ends in a separator. */
export const baseOf = (path: string): string => path.endsWith("/") ? path : `${path}/`;

/** Names in a directory, reached through a path that leads to it. */
export class NamesByPath implements DirectoryNames {
  base: string;
  readonly #fileSystem: FileSystem;

  /** Names below `base`, which ends in a separator. */
  constructor(fileSystem: FileSystem, base: string) {
    this.#fileSystem = fileSystem;
    this.base = base;
  }

  open(name: string, access: "read" | "read-write"): Awaitable<OpenFile | undefined> {
    return this.#fileSystem.open(this.base + name, access, { follow: false });
  }

  create(name: string, mode: number): Awaitable<OpenFile> {
    return this.#fileSystem.create(this.base + name, mode);
  }

  openDirectory(name: string): Awaitable<OpenDirectory | undefined> {
    return this.#fileSystem.openDirectory(this.base + name, { follow: false });
  }

  linkStat(name: string): Awaitable<FileStatus | undefined> {
    return this.#fileSystem.linkStat(this.base + name);
  }

  hasAttributes(name: string): Awaitable<boolean | undefined> {
    return this.#fileSystem.hasAttributes?.(this.base + name);
  }

  readLink(name: string): Awaitable<string | undefined> {
    return this.#fileSystem.readLink(this.base + name);
  }

  readDirectory(): Awaitable<DirectoryEntry[] | undefined> {
    return this.#fileSystem.readDirectory(this.base);
  }

  makeDirectory(name: string, mode: number): Awaitable<boolean> {
    return this.#fileSystem.makeDirectory(this.base + name, mode);
  }

  rename(name: string, to: DirectoryNames, newName: string): Awaitable<void> {
    return this.#fileSystem.rename(this.base + name, to.base + newName);
  }

  link(name: string, to: DirectoryNames, newName: string): Awaitable<void> {
    return this.#fileSystem.link(this.base + name, to.base + newName);
  }

  symbolicLink(text: string, name: string): Awaitable<void> {
    return this.#fileSystem.symbolicLink(text, this.base + name);
  }

  remove(name: string): Awaitable<boolean> {
    return this.#fileSystem.remove(this.base + name);
  }

  removeDirectory(name: string): Awaitable<boolean> {
    return this.#fileSystem.removeDirectory(this.base + name);
  }
}
