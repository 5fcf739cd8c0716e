/** A file that was opened for reading by Deno, where only what may write can be synced. */
import type { Awaitable } from "../../core/operation.ts";
import type { OpenFile } from "../runtime.ts";
import { syncThrough } from "../sync_through.ts";
import type { DenoCalls } from "./calls.ts";
import type { DenoFile } from "./namespace.ts";
import { DenoOpenFile } from "./open_file.ts";

/** An open file that syncs itself through another handle. */
export class DenoReadFile extends DenoOpenFile {
  readonly #path: string;
  readonly #reopen: () => OpenFile | undefined;

  constructor(file: DenoFile, path: string, calls: DenoCalls, reopen: () => OpenFile | undefined) {
    super(file, path, calls);
    this.#path = path;
    this.#reopen = reopen;
  }

  override sync(): Awaitable<void> {
    return syncThrough({ path: this.#path, identity: this.stat().identity }, this.#reopen, "full");
  }
}
