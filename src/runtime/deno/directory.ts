/** An open directory of Deno, which tells no descriptor: names in it are reached by the path it was opened by. */
import { baseOf, NamesByPath } from "../directory.ts";
import type { DirectoryNames, FileSystem, OpenDirectory } from "../runtime.ts";
import type { DenoCalls } from "./calls.ts";
import type { DenoFile } from "./namespace.ts";
import { DenoOpenFile } from "./open_file.ts";

/** An open directory of Deno. */
export class DenoDirectory extends DenoOpenFile implements OpenDirectory {
  readonly names: DirectoryNames;
  readonly #path: string;
  readonly #fileSystem: FileSystem;

  constructor(file: DenoFile, path: string, calls: DenoCalls, fileSystem: FileSystem) {
    super(file, path, calls);
    this.#path = path;
    this.#fileSystem = fileSystem;
    this.names = new NamesByPath(fileSystem, baseOf(path));
  }

  currentPath(): string | undefined {
    return this.#fileSystem.realPath?.(this.#path);
  }
}
