/**
 * What callers say of the mode and owner of a file: the types, and the readers that check them before any I/O.
 *
 * What becomes of them is decided in metadata.ts, when it is known what is there.
 */
import { InvalidArgument, OutOfRange } from "../core/errors.ts";
import {
  fileMode,
  highestOwnerNumber,
  isOwner,
  type OptionReader,
  readOptions,
  wrongArgument,
} from "../core/options.ts";

/** The owner of a file, as names or numbers; whatever is omitted stays unchanged. */
export interface Owner {
  /** User name or number. */
  user?: number | string;
  /** Group name or number. */
  group?: number | string;
}

/** What a file gets that does not exist yet. */
export interface NewFileDefaults {
  /** Permission bits, exactly, whatever the umask. */
  mode?: number;
  /**
   * Permission bits from 0 to 0o777, minus the umask (or as the directory's default access control list says): what
   * `mode` means to Node's `fs.open` and open(2). Instead of `mode`, not beside it.
   *
   * @default 0o666
   */
  creationMode?: number;
  /** Its owner. */
  owner?: Owner;
}

/** An owner by name or number. */
export const ownerOption: OptionReader<Owner> = (value, name) => {
  if (typeof value !== "object" || value === null) {
    throw wrongArgument(name, "an object with user or group", value);
  }
  return readOptions(value, { user: userOrGroup, group: userOrGroup });
};

const userOrGroup: OptionReader<number | string> = (value, name) => {
  if (value === "" || (typeof value !== "string" && typeof value !== "number")) {
    throw wrongArgument(name, "a name or a number", value);
  }
  if (!isOwner(value)) throw new OutOfRange(`${name} must be from 0 to ${highestOwnerNumber}, not ${value}`);
  return value;
};

/** Exact permission bits, or those that are there. */
export const modeOrKeep: OptionReader<number | "keep"> = (value, name) =>
  value === "keep" ? "keep" : fileMode(value, name);
/** An owner by name or number, the one that is there, or the user who runs this. */
export const ownerOrWord: OptionReader<Owner | "keep" | "leave"> = (value, name) =>
  value === "keep" || value === "leave" ? value : ownerOption(value, name);

/** The kernel makes no file setuid, setgid or sticky when it is created: open(2). */
const modeOfCreation: OptionReader<number> = (value, name) => {
  const mode = fileMode(value, name);
  if (mode > 0o777) throw new OutOfRange(`${name} must be from 0 to 0o777, not 0o${mode.toString(8)}`);
  return mode;
};

/** What a new file gets. */
export const newFileDefaults: OptionReader<Readonly<NewFileDefaults>> = (value, name) => {
  if (typeof value !== "object" || value === null) throw wrongArgument(name, "an object", value);
  const defaults = readOptions(value, { mode: fileMode, creationMode: modeOfCreation, owner: ownerOption });
  if (defaults.mode === undefined || defaults.creationMode === undefined) return defaults;
  throw new InvalidArgument(`${name} takes mode (exact) or creationMode (minus the umask), not both`);
};
