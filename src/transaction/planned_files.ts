/** Reads the files and directories of a plan. A TypeError or RangeError names the part; nothing is touched. */
import { type FileData, type Source, sourceOf } from "../core/bytes.ts";
import { InvalidArgument } from "../core/errors.ts";
import { fileMode, filePath, type OptionReader, readOptions, wrongArgument } from "../core/options.ts";
import { type Engine, locate } from "../protocol/engine.ts";
import { ownerOption } from "../protocol/mode_and_owner.ts";
import { replaceOptionReaders, type ReplaceOptions, type WritePlan, writePlan } from "../protocol/write_plan.ts";
import type { RequestedDirectory } from "./make_planned_directories.ts";

const { mode, owner, defaults } = replaceOptionReaders;
const anyValue: OptionReader<unknown> = (value) => value;
const onlyTrue: OptionReader<true> = (value, name) => {
  if (value !== true) throw wrongArgument(name, "true, or left out", value);
  return value;
};

/** A file as it was asked for, checked. */
export interface RequestedFile {
  /** The path as the plan gives it. */
  readonly given: string;
  readonly path: string;
  /** Empty where the file is removed. */
  readonly source: Source;
  readonly removes: boolean;
  readonly plan: WritePlan;
}

/** Reads one file. `shared`: what holds for all of them. */
export function readPlannedFile(engine: Engine, value: unknown, what: string, shared: ReplaceOptions): RequestedFile {
  if (typeof value !== "object" || value === null) throw wrongArgument(what, "an object", value);
  const removes = Reflect.get(value, "remove") !== undefined;
  const { path, data, ...wishes } = removes
    ? { ...readOptions(value, { path: filePath, remove: onlyTrue }), data: "", remove: undefined }
    : readOptions(value, { path: filePath, data: anyValue, mode, owner, defaults });
  if (path === undefined) throw new InvalidArgument(`${what} must have a path`);
  return {
    given: typeof path === "string" ? path : locate(engine, path),
    path: locate(engine, path),
    source: sourceOf(data as FileData, engine.synchronous),
    removes,
    plan: writePlan(engine, { ...wishes, ...shared }),
  };
}

/** Reads one directory. */
export function readPlannedDirectory(engine: Engine, value: unknown, what: string): RequestedDirectory {
  if (typeof value !== "object" || value === null) throw wrongArgument(what, "an object", value);
  const { path, mode, owner } = readOptions(value, { path: filePath, mode: fileMode, owner: ownerOption });
  if (path === undefined) throw new InvalidArgument(`${what} must have a path`);
  return { path: locate(engine, path).replace(/(?<=[^/\\])[/\\]+$/, ""), mode, owner };
}
