/**
 * An open directory over a node:fs descriptor, for Node and Bun: names in it are reached by the path it was opened by,
 * until `anchor` has them reached through the descriptor, where the system shows that as a path (anchor.ts): the kernel
 * needs three times as long for those.
 */
import { anchor, dropAnchor, mayAnchor, shownPath } from "../anchor.ts";
import { hasRealDescriptors, nodeFs } from "../builtin.ts";
import { baseOf, NamesByPath } from "../directory.ts";
import type { FileSystem, OpenDirectory } from "../runtime.ts";
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
  readonly names: NamesByPath;
  readonly #number: number;
  readonly #path: string;
  #isAnchored = false;

  constructor(descriptor: number, path: string, calls: DescriptorCalls, fileSystem: FileSystem) {
    super(descriptor, path, calls);
    this.#number = descriptor;
    this.#path = path;
    this.names = new NamesByPath(fileSystem, baseOf(path));
    // What it was reached through may be closed first.
    if (shownPath(path) !== path) this.anchor();
  }

  anchor(): boolean {
    if (this.#isAnchored) return true;
    if (!anchorsHere()) return false;
    this.names.base = anchor(this.#number, this.#path);
    this.#isAnchored = true;
    return true;
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
    if (this.#isAnchored) dropAnchor(this.#number);
    super.close();
  }
}
