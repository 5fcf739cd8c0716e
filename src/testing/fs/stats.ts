/** What `fs.stat` and `fs.readdir` return of a simulated file: objects with the members of `fs.Stats` and `fs.Dirent`. */
import type { EntryKind, FileStatus } from "../../runtime/runtime.ts";

const typeBits: Readonly<Record<EntryKind, number>> = {
  file: 0o100000,
  directory: 0o040000,
  symlink: 0o120000,
  other: 0o010000,
};

/** What kind of thing it is. */
class Kind {
  readonly #kind: EntryKind;
  constructor(kind: EntryKind) {
    this.#kind = kind;
  }
  isFile(): boolean {
    return this.#kind === "file";
  }
  isDirectory(): boolean {
    return this.#kind === "directory";
  }
  isSymbolicLink(): boolean {
    return this.#kind === "symlink";
  }
  isFIFO(): boolean {
    return this.#kind === "other";
  }
  isBlockDevice(): boolean {
    return false;
  }
  isCharacterDevice(): boolean {
    return false;
  }
  isSocket(): boolean {
    return false;
  }
}

/** A directory entry. */
export class Dirent extends Kind {
  readonly name: string;
  readonly parentPath: string;
  /** As Node 20 calls it. */
  readonly path: string;
  constructor(name: string, parentPath: string, kind: EntryKind) {
    super(kind);
    this.name = name;
    this.parentPath = parentPath;
    this.path = parentPath;
  }
}

/** A number for each device and for each file on it, out of what the seam tells as text. */
function numberOf(text: string): number {
  const digits = /(\d+)$/.exec(text)?.[1];
  if (digits !== undefined) return Number(digits);
  let hash = 0;
  for (const character of text) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 2 ** 31;
  return hash;
}

const times = (status: FileStatus) => ({
  atime: status.modified,
  mtime: status.modified,
  ctime: status.changed ?? status.modified,
  birthtime: status.created ?? status.modified,
});

function numbers(status: FileStatus): Record<string, number> {
  return {
    dev: numberOf(status.device),
    ino: numberOf(status.identity),
    mode: typeBits[status.kind] | status.mode,
    nlink: status.links,
    uid: status.user,
    gid: status.group,
    rdev: 0,
    size: status.size,
    blksize: 4096,
    blocks: Math.ceil(status.size / 512),
  };
}

/** A file's status; every member of `fs.Stats`, or of `fs.BigIntStats`. */
export class Stats extends Kind {
  constructor(status: FileStatus, big = false) {
    super(status.kind);
    const shown = (value: number): number | bigint => big ? BigInt(Math.trunc(value)) : value;
    for (const [name, value] of Object.entries(numbers(status))) Reflect.set(this, name, shown(value));
    for (const [name, value] of Object.entries(times(status))) {
      Reflect.set(this, `${name}Ms`, shown(value));
      if (big) Reflect.set(this, `${name}Ns`, BigInt(Math.trunc(value)) * 1_000_000n);
      Reflect.set(this, name, new Date(value));
    }
  }
}
