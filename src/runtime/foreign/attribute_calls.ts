/**
 * Extended attributes of open files, and among them, as if it were one, the access control list: on Linux the kernel shows
 * it so, on macOS it has calls of its own (attribute_list.ts).
 *
 * `any`, `all` and `set`, in any order; each makes the calls that it needs. After a failure of `set` nothing has changed.
 */
import { macAccessList } from "../../core/access_list.ts";
import { listAnswer, listIn, listRequest, listToSet } from "./attribute_list.ts";
import { cString, ForeignError } from "./foreign_error.ts";
import type { ForeignName, ForeignTable, ForeignValue } from "./table.ts";

/** Makes a call; a ForeignError where it fails. */
type Call = (name: ForeignName, ...values: readonly ForeignValue[]) => number;

/** Fills a buffer of that size; without one it answers what size there is. */
type Fill = (buffer: Uint8Array | null, size: number) => number;

/** Most lists and values of Linux are shorter. */
const firstBuffer = 256;
/** A list or a value that has grown each time before it was read is not followed any further. */
const mostSizes = 8;

/** An attribute that is not there: on Linux, on macOS. */
const absent: ReadonlySet<string> = new Set(["ENODATA", "ENOATTR"]);

const failedWith = (error: unknown, codes: ReadonlySet<string>): boolean =>
  error instanceof ForeignError && codes.has(error.code);

const unsupported: ReadonlySet<string> = new Set(["ENOTSUP"]);
const tooSmall: ReadonlySet<string> = new Set(["ERANGE"]);

/** The functions for attributes of one system. */
export class AttributeCalls {
  readonly #call: Call;
  readonly #functions: ForeignTable;

  /** `functions`: what of the table this system has. */
  constructor(call: Call, functions: ForeignTable) {
    this.#call = call;
    this.#functions = functions;
  }

  /** Those that this process may see, by name. */
  all(descriptor: number): Map<string, Uint8Array> {
    const found = new Map<string, Uint8Array>();
    const list = this.#macList(descriptor);
    if (list !== undefined) found.set(macAccessList, list);
    for (const name of this.#names(descriptor)) {
      try {
        found.set(
          name,
          this.#read((buffer, size) => this.#padded("fgetxattr", descriptor, cString(name), buffer, size)),
        );
      } catch (error) {
        // Removed since the list was made.
        if (!failedWith(error, absent)) throw error;
      }
    }
    return found;
  }

  /** Whether what is at a path has any; undefined where it has to be opened for that. */
  any(path: string): boolean | undefined {
    // On macOS the access control list is not among them.
    if (this.#functions.llistxattr === undefined) return undefined;
    try {
      return this.#call("llistxattr", cString(path), null, 0) > 0;
    } catch (error) {
      return failedWith(error, unsupported) ? false : undefined;
    }
  }

  /** Sets one; undefined removes it. */
  set(descriptor: number, name: string, value: Uint8Array | undefined): void {
    if (name === macAccessList) {
      const list = listToSet(value);
      this.#call("fsetattrlist", descriptor, listRequest(), list, list.length, 0);
    } else if (value === undefined) this.#padded("fremovexattr", descriptor, cString(name));
    else {
      // A buffer without bytes may be passed as null: one byte more than is used never is.
      const bytes = new Uint8Array(value.length + 1);
      bytes.set(value);
      this.#padded("fsetxattr", descriptor, cString(name), bytes, value.length);
    }
  }

  /** Calls a function whose parameters go on: positions, options and flags, all 0. */
  #padded(name: ForeignName, ...values: readonly ForeignValue[]): number {
    const more = (this.#functions[name]?.parameters.length ?? 0) - values.length;
    return this.#call(name, ...values, ...new Array<ForeignValue>(Math.max(0, more)).fill(0));
  }

  get #isMac(): boolean {
    return this.#functions.fgetattrlist !== undefined;
  }

  /** None where the file system has no attributes. */
  #names(descriptor: number): string[] {
    try {
      const list = this.#read((buffer, size) => this.#padded("flistxattr", descriptor, buffer, size));
      return new TextDecoder().decode(list).split("\0").filter((name) => name !== "");
    } catch (error) {
      if (failedWith(error, unsupported)) return [];
      throw error;
    }
  }

  /**
   * What a call puts into a buffer that is large enough. On macOS the size is asked for first: a resource fork fills
   * whatever buffer there is, and says nothing of the rest.
   */
  #read(fill: Fill): Uint8Array {
    let size = this.#isMac ? fill(null, 0) : firstBuffer;
    for (let tries = 1; size > 0; tries++) {
      const buffer = new Uint8Array(size);
      try {
        return buffer.subarray(0, fill(buffer, size));
      } catch (error) {
        if (!failedWith(error, tooSmall) || tries === mostSizes) throw error;
      }
      size = fill(null, 0);
    }
    return new Uint8Array();
  }

  /** The access control list of a file on macOS; undefined where it has none, or its file system has no lists. */
  #macList(descriptor: number): Uint8Array | undefined {
    if (!this.#isMac) return undefined;
    const answer = listAnswer();
    try {
      this.#call("fgetattrlist", descriptor, listRequest(), answer, answer.length, 0);
    } catch (error) {
      if (failedWith(error, unsupported)) return undefined;
      throw error;
    }
    return listIn(answer);
  }
}
