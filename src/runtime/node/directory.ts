/**
 * An open directory over a node:fs descriptor, for Node and Bun: names in it are reached through the descriptor where the
 * system shows that as a path (anchor.ts), else by the path it was opened by.
 */
import { anchor, dropAnchor, mayAnchor } from "../anchor.ts";
import { hasRealDescriptors, nodeFs } from "../builtin.ts";
import { baseOf, NamesByPath } from "../directory.ts";
import type { DirectoryNames, FileSystem, OpenDirectory } from "../runtime.ts";
import type { DescriptorCalls } from "./calls.ts";
import { NodeOpenFile } from "./open_file.ts";

let anchoring: boolean | undefined;

/** Whether names in open directories are reached through them here: found out once, with the root. */
export const anchorsHere = (): boolean => anchoring ??= hasRealDescriptors() && mayAnchor() && leadsToRoot();

function leadsToRoot(): boolean {
  const { closeSync, constants, fstatSync, openSync, statSync } = nodeFs();
  try {
    const descriptor = openSync("/", constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      const [opened, found] = [fstatSync(descriptor), statSync(anchor(descriptor, "/").slice(0, -1))];
      return opened.dev === found.dev && opened.ino === found.ino;
    } finally {
      dropAnchor(descriptor);
      closeSync(descriptor);
    }
  } catch {
    return false;
  }
}

/** An open directory of Node and Bun. */
export class NodeDirectory extends NodeOpenFile implements OpenDirectory {
  readonly names: DirectoryNames;
  readonly #number: number;

  constructor(descriptor: number, path: string, calls: DescriptorCalls, fileSystem: FileSystem) {
    super(descriptor, path, calls);
    this.#number = descriptor;
    this.names = new NamesByPath(fileSystem, anchorsHere() ? anchor(descriptor, path) : baseOf(path));
  }

  currentPath(): string | undefined {
    if (!anchorsHere()) return undefined;
    try {
      return nodeFs().readlinkSync(`/proc/self/fd/${this.#number}`);
    } catch {
      return undefined;
    }
  }

  override close(): void {
    dropAnchor(this.#number);
    super.close();
  }
}
