/** A file that was opened for reading by Node or Bun, where only what may write can be synced. */
import type { Awaitable } from "../../core/operation.ts";
import type { FileStatus, OpenFile, SyncReach } from "../runtime.ts";
import { syncThrough } from "../sync_through.ts";
import type { DescriptorCalls } from "./calls.ts";
import { NodeOpenFile } from "./open_file.ts";

/** What is open, as `NodeOpenFile` takes it. */
interface OpenedDescriptor {
  readonly descriptor: number;
  readonly path: string;
  readonly calls: DescriptorCalls;
  readonly opened: FileStatus;
}

/** An open file that syncs itself through another handle. */
export class NodeReadFile extends NodeOpenFile {
  readonly #name: { readonly path: string; readonly identity: string };
  readonly #reopen: () => OpenFile | undefined;

  constructor({ descriptor, path, calls, opened }: OpenedDescriptor, reopen: () => OpenFile | undefined) {
    super(descriptor, path, calls, opened);
    this.#name = { path, identity: opened.identity };
    this.#reopen = reopen;
  }

  override sync(level: SyncReach): Awaitable<void> {
    return syncThrough(this.#name, this.#reopen, level);
  }
}
