/**
 * `writeJsonFile`: a value as JSON text, ending in a newline.
 */
import { type FilePath, readOptions, wrongArgument } from "../core/options.ts";
import { type Operation, run, runSync } from "../core/operation.ts";
import type { WriteResult } from "../protocol/write_plan.ts";
import type { CoalesceOption } from "./coalesced_write.ts";
import { coalescingReaders, dataRequest, writeData } from "./write_file.ts";
import { type WriteFileOptions, type WriteFileSyncOptions, writeRequest } from "./write_options.ts";

/** How JSON is laid out. */
export interface JsonSpacing {
  /**
   * Indentation, as for `JSON.stringify`: a number of spaces, or a string.
   *
   * @default 0, everything on one line
   */
  space?: number | string;
}

/** Options of {@linkcode writeJsonFile}. */
export interface WriteJsonFileOptions extends WriteFileOptions, CoalesceOption, JsonSpacing {}

/** Options of {@linkcode writeJsonFileSync}: {@linkcode WriteJsonFileOptions} without what cannot exist synchronously. */
export interface WriteJsonFileSyncOptions extends WriteFileSyncOptions, JsonSpacing {}

/** JSON text of a value, with a newline at its end; TypeError for a value that JSON cannot represent. */
export function jsonText(value: unknown, space: number | string | undefined): string {
  const text: string | undefined = JSON.stringify(value, undefined, space);
  if (text === undefined) throw wrongArgument("value", "one that JSON can represent", value);
  return `${text}\n`;
}

/** Reads the option `space`. */
export function spaceOption(value: unknown, name: string): number | string {
  if (typeof value !== "number" && typeof value !== "string") {
    throw wrongArgument(name, "a number or a string", value);
  }
  return value;
}

function* writeJson(
  path: FilePath,
  value: unknown,
  options: WriteJsonFileOptions | undefined,
  synchronous: boolean,
): Operation<WriteResult> {
  const { space, runtime, coalesce, ...checked } = readOptions(options, { ...coalescingReaders, space: spaceOption });
  const request = dataRequest(writeRequest(checked, runtime, synchronous), coalesce);
  return yield* writeData(path, jsonText(value, space), request);
}

/**
 * Replaces or creates a file with a value as JSON, ending in a newline. The guarantees are those of
 * {@linkcode writeFile}.
 *
 * @param path The file, a path or a file: URL.
 * @param value Anything that `JSON.stringify` can represent.
 * @param options Those of a write, and `space` for indentation.
 * @throws {TypeError} JSON cannot represent the value (a function, a BigInt, a cycle). Nothing was touched.
 * @throws {WriteError} As {@linkcode writeFile}.
 *
 * @example
 * ```ts
 * import { writeJsonFile } from "@durable/atomic-write";
 *
 * await writeJsonFile("settings.json", { theme: "dark" }, { space: 2 });
 * ```
 */
export function writeJsonFile(
  path: FilePath,
  value: unknown,
  options?: WriteJsonFileOptions,
): Promise<WriteResult> {
  return run(() => writeJson(path, value, options, false));
}

/**
 * Like {@linkcode writeJsonFile}, synchronously.
 *
 * @param path The file, a path or a file: URL.
 * @param value Anything that `JSON.stringify` can represent.
 * @param options Those of a write, and `space` for indentation.
 * @throws What {@linkcode writeJsonFile} rejects with.
 *
 * @example
 * ```ts
 * import { writeJsonFileSync } from "@durable/atomic-write";
 *
 * writeJsonFileSync("settings.json", { theme: "dark" });
 * ```
 */
export function writeJsonFileSync(
  path: FilePath,
  value: unknown,
  options?: WriteJsonFileSyncOptions,
): WriteResult {
  return runSync(() => writeJson(path, value, options, true));
}
