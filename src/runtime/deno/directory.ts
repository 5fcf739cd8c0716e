/**
 * An open directory of Deno, which tells no descriptor: names in it are reached by the path it was opened by, until
 * `anchor` holds a descriptor of its own (through_descriptors.ts).
 */
import { anchor, dropAnchor, openPath } from "../anchor.ts";
import { baseOf, NamesByPath } from "../directory.ts";
import type { CLibrary } from "../foreign/c_library.ts";
import type { Awaitable } from "../../core/operation.ts";
import type { FileStatus, FileSystem, OpenDirectory, OpenFile } from "../runtime.ts";
import { guard } from "../system_error.ts";
import type { DenoCalls } from "./calls.ts";
import { deno, type DenoFile } from "./namespace.ts";
import { DenoOpenFile } from "./open_file.ts";
import { handingLibrary, holdDirectory, isPrivate } from "./through_descriptors.ts";

/** What an open may meet. */
export interface OpenRules {
  readonly follow: boolean;
  /** Nobody else may put anything there between two calls. */
  readonly isSafe: boolean;
}

/** The file system that a directory is in. */
interface DirectoryHome extends FileSystem {
  openNamed(path: string, access: "read" | "read-write", how: OpenRules): Awaitable<OpenFile | undefined>;
}

/** Names in an open directory of Deno. */
class DenoNames extends NamesByPath {
  /** Whether nobody else may put anything into it: then what is looked at is what is opened. */
  isPrivate = false;
  readonly #fileSystem: DirectoryHome;

  constructor(fileSystem: DirectoryHome, base: string) {
    super(fileSystem, base);
    this.#fileSystem = fileSystem;
  }

  override open(name: string, access: "read" | "read-write"): Awaitable<OpenFile | undefined> {
    return this.#fileSystem.openNamed(this.base + name, access, { follow: false, isSafe: this.isPrivate });
  }
}

/** An open directory of Deno. */
export class DenoDirectory extends DenoOpenFile implements OpenDirectory {
  readonly names: DenoNames;
  readonly #path: string;
  readonly #fileSystem: DirectoryHome;
  #held: { readonly library: CLibrary; readonly descriptor: number } | undefined;

  constructor(file: DenoFile, path: string, calls: DenoCalls, fileSystem: DirectoryHome) {
    super(file, path, calls);
    this.#path = path;
    this.#fileSystem = fileSystem;
    this.names = new DenoNames(fileSystem, baseOf(path));
  }

  override stat(): FileStatus {
    const status = super.stat();
    this.names.isPrivate = isPrivate(status);
    return status;
  }

  anchor(): boolean {
    if (this.#held !== undefined) return true;
    const library = handingLibrary();
    if (library === undefined) return false;
    const descriptor = guard("openDirectory", this.#path, () => holdDirectory(library, this.#path, this.stat()));
    this.#held = { library, descriptor };
    this.names.base = anchor(descriptor, this.#path);
    return true;
  }

  currentPath(): string | undefined {
    if (this.#held === undefined) return this.#fileSystem.realPath?.(this.#path);
    try {
      return deno().readLinkSync(openPath(this.#held.descriptor));
    } catch {
      return undefined;
    }
  }

  override close(): void {
    const held = this.#held;
    this.#held = undefined;
    try {
      if (held !== undefined) {
        dropAnchor(held.descriptor);
        held.library.close(held.descriptor);
      }
    } finally {
      super.close();
    }
  }
}
