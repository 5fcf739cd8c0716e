/**
 * The options of write-file-atomic, and the plan of our own that they become. They are read once, before any I/O, and
 * never changed: the same object can be used for the next file.
 */
import { InvalidArgument } from "../core/errors.ts";
import { callback, flag, highestOwnerNumber, type OptionReader, readOptions, wholeNumber } from "../core/options.ts";
import { makeEngine, runtimeOption } from "../protocol/engine.ts";
import type { Owner } from "../protocol/mode_and_owner.ts";
import { writePlan } from "../protocol/write_plan.ts";
import type { Engine } from "../protocol/engine.ts";
import type { WritePlan } from "../protocol/write_plan.ts";
import { currentRuntime } from "../runtime/current.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { isTextEncoding } from "../runtime/text_encoding.ts";

/** The options of {@linkcode writeFileAtomic}. `null` means the default, as `undefined` does. */
export interface WriteFileAtomicOptions {
  /** The new file's owner. Default: that of the old file, as far as permitted; `false`: this process's own. */
  chown?: { uid: number; gid: number } | false | null;
  /** How a string becomes bytes; data in bytes stays as it is. Default `"utf8"`. */
  encoding?: string | null;
  /** `false`: do not wait for the medium; a power cut may then lose the content. Default true. */
  fsync?: boolean | null;
  /**
   * Exact permission bits; a string is octal, as in `fs`. Where the file system refuses to set them (vfat, SMB, FUSE), it
   * keeps its own. Default: those of the old file; `false`: what every new file gets.
   */
  mode?: number | string | false | null;
  /** Called with the temporary file's path when it has been made; the write goes on when the promise it returns has settled. */
  tmpfileCreated?: ((path: string) => unknown) | null;
  /** The machine to work on. Default: the one this code runs on. */
  runtime?: Runtime;
}

type TemporaryFileCreated = (path: string) => unknown;

/** A write that is ready to begin. */
export interface CompatibleRequest {
  readonly engine: Engine;
  readonly plan: WritePlan;
  readonly encoding: string;
  readonly created: TemporaryFileCreated | undefined;
}

const orNull = <T>(reader: OptionReader<T>): OptionReader<T | undefined> => (value, name) =>
  value === null ? undefined : reader(value, name);

const userNumber = wholeNumber(0, highestOwnerNumber);

const chown: OptionReader<Owner | "leave"> = (value, name) => {
  if (value === false) return "leave";
  const { uid, gid } = typeof value === "object" ? readOptions(value, { uid: userNumber, gid: userNumber }) : {};
  if (uid === undefined || gid === undefined) {
    throw new InvalidArgument(`${name} must have both uid and gid, or be false`);
  }
  return { user: uid, group: gid };
};

const encoding: OptionReader<string> = (value, name) => {
  if (typeof value !== "string" || !isTextEncoding(value)) {
    throw new InvalidArgument(`${name} must be an encoding such as "utf8", not ${String(value)}`);
  }
  return value;
};

/** As `fs` reads it: https://nodejs.org/api/fs.html#file-modes */
const octal: OptionReader<unknown> = (value, name) => {
  if (typeof value !== "string") return value;
  if (!/^[0-7]+$/.test(value)) throw new InvalidArgument(`${name} must be an octal string or a number, not "${value}"`);
  return Number.parseInt(value, 8);
};

/** Callers pass `stat.mode`, which tells the kind of the file as well. */
const mode: OptionReader<number | "new"> = (value, name) =>
  value === false ? "new" : wholeNumber(0, 0o177777)(octal(value, name), name) & 0o7777;

const readers = {
  chown: orNull(chown),
  encoding: orNull(encoding),
  fsync: orNull(flag),
  mode: orNull(mode),
  tmpfileCreated: orNull(callback<TemporaryFileCreated>()),
  runtime: runtimeOption,
};

/** Reads the options; a string is an encoding. */
export function readCompatibleOptions(
  options: WriteFileAtomicOptions | string | null | undefined,
  synchronous: boolean,
): CompatibleRequest {
  const given = readOptions(typeof options === "string" ? { encoding: options } : options ?? undefined, readers);
  // Like its peer, which has no option for anything else.
  const engine = makeEngine(given.runtime ?? currentRuntime(), synchronous, undefined, "allow");
  const plan = writePlan(engine, {
    durability: given.fsync === false ? "none" : "full",
    ...(given.chown === undefined ? {} : { owner: given.chown }),
  });
  return {
    engine,
    plan: given.mode === undefined ? plan : Object.freeze({ ...plan, mode: given.mode, modeIfPermitted: true }),
    encoding: given.encoding ?? "utf8",
    created: given.tmpfileCreated,
  };
}
