/**
 * A FUSE file system that does what it is asked to and may report that it has failed, with attributes and names that the
 * kernel caches: what a network file system looks like whose answer was lost. One flat directory, in memory.
 *
 * `.lose` takes the name of a call (`rename`, `link`, `unlink`), alone or with ` before`: the next such call reports
 * EIO, after it was carried out or instead of it; `flush` is what close asks for. Reading `.truth` tells `NAME INODE LENGTH` of every name that is really
 * there, past all caches. As libfuse does, a node stands for a name: what was renamed with a failure has its old node
 * under the new name, so that the kernel goes on telling of both names what it has cached.
 *
 * The messages are those of <linux/fuse.h>, version 7.31; the kernel does without what is answered with ENOSYS.
 */
import { IN_HEADER, joined, pack, replyTo, startReply } from "../powercut/fuse.ts";

const [ENOENT, EIO, EEXIST, ENOSYS] = [-2, -5, -17, -38];
const ROOT = 1;
/** As libfuse: a second. In tests longer, so that no slow machine makes a cache forget. */
const cached = 600;

interface File {
  readonly inode: number;
  mode: number;
  user: number;
  group: number;
  bytes: Uint8Array;
}

/** What the kernel knows by a number. */
interface Node {
  readonly id: number;
  /** Undefined: removed or replaced. */
  name: string | undefined;
  /** What it led to last, for those who have it open. */
  file: File;
}

const text = new TextDecoder();
const names = (bytes: Uint8Array): string[] => text.decode(bytes).split("\0");

/** The file system. */
export class ForgetfulFileSystem {
  readonly #files = new Map<string, File>();
  readonly #nodes = new Map<number, Node>();
  readonly #handles = new Map<number, File>();
  #next = 2;
  #lost: { call: string; done: boolean } | undefined;

  /** Answers a message of the kernel; undefined where none is expected. */
  answer(message: Uint8Array): Uint8Array | undefined {
    const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
    const body = message.subarray(IN_HEADER);
    const call = calls[view.getUint32(4, true)];
    if (call === "none") return undefined;
    const result = call === undefined ? ENOSYS : this[call](
      body,
      Number(view.getBigUint64(16, true)),
      new DataView(body.buffer, body.byteOffset, body.length),
      view,
    );
    const unique = message.subarray(8, 16);
    return typeof result === "number" ? replyTo(unique, result) : replyTo(unique, 0, result);
  }

  start(): Uint8Array {
    return startReply();
  }

  lookup(body: Uint8Array): Uint8Array | number {
    const [name = ""] = names(body);
    if (name === ".lose") return this.#entry(this.#nodeOf(name, this.#special(name)));
    if (name === ".truth") return this.#entry(this.#nodeOf(name, this.#special(name)));
    const file = this.#files.get(name);
    return file === undefined ? ENOENT : this.#entry(this.#nodeOf(name, file));
  }

  attributes(_body: Uint8Array, id: number): Uint8Array | number {
    if (id === ROOT) return joined(pack([8, cached], [4, 0], [4, 0]), this.#attributes(undefined));
    const node = this.#nodes.get(id);
    return node === undefined ? ENOENT : this.#told(this.#behind(node));
  }

  set(_body: Uint8Array, id: number, at: DataView): Uint8Array | number {
    const node = this.#nodes.get(id);
    if (node === undefined) return ENOENT;
    const file = this.#behind(node);
    const which = at.getUint32(0, true);
    if ((which & 1) !== 0) file.mode = at.getUint32(68, true) & 0o7777;
    if ((which & 2) !== 0) file.user = at.getUint32(76, true);
    if ((which & 4) !== 0) file.group = at.getUint32(80, true);
    if ((which & 8) !== 0) file.bytes = resized(file.bytes, Number(at.getBigUint64(16, true)));
    return this.#told(file);
  }

  create(body: Uint8Array, _id: number, at: DataView, header: DataView): Uint8Array | number {
    const [name = ""] = names(body.subarray(16));
    if (this.#files.has(name)) return EEXIST;
    const [user, group] = [header.getUint32(24, true), header.getUint32(28, true)];
    const mode = at.getUint32(4, true) & ~at.getUint32(8, true) & 0o7777;
    const file = { inode: this.#next++, mode, user, group, bytes: new Uint8Array(0) };
    this.#files.set(name, file);
    return joined(this.#entry(this.#nodeOf(name, file)), this.#opened(file));
  }

  open(_body: Uint8Array, id: number): Uint8Array | number {
    if (id === ROOT) return pack([8, 0], [4, 0], [4, 0]);
    const node = this.#nodes.get(id);
    if (node === undefined) return ENOENT;
    const file = this.#behind(node);
    if (node.name === ".truth") file.bytes = new TextEncoder().encode(this.#truth());
    return this.#opened(file);
  }

  read(_body: Uint8Array, _id: number, at: DataView): Uint8Array | number {
    const file = this.#handles.get(Number(at.getBigUint64(0, true)));
    if (file === undefined) return EIO;
    const offset = Number(at.getBigUint64(8, true));
    return file.bytes.slice(offset, offset + at.getUint32(16, true));
  }

  write(body: Uint8Array, id: number, at: DataView): Uint8Array | number {
    const length = at.getUint32(16, true);
    const data = body.slice(40, 40 + length);
    const node = this.#nodes.get(id);
    if (node?.name === ".lose") {
      const [call = "", when] = text.decode(data).trim().split(" ");
      this.#lost = { call, done: when !== "before" };
      return pack([4, length], [4, 0]);
    }
    const file = this.#handles.get(Number(at.getBigUint64(0, true)));
    if (file === undefined) return EIO;
    const offset = Number(at.getBigUint64(8, true));
    file.bytes = resized(file.bytes, Math.max(file.bytes.length, offset + length));
    file.bytes.set(data, offset);
    return pack([4, length], [4, 0]);
  }

  rename(body: Uint8Array): Uint8Array | number {
    return this.#rename(body.subarray(8));
  }

  renameWithFlags(body: Uint8Array, _id: number, at: DataView): Uint8Array | number {
    return at.getUint32(8, true) === 0 ? this.#rename(body.subarray(16)) : ENOSYS;
  }

  #rename(body: Uint8Array): Uint8Array | number {
    const [from = "", to = ""] = names(body);
    return this.#change("rename", from, (file) => {
      this.#files.delete(from);
      this.#files.set(to, file);
    }, () => {
      this.#detach(to);
      const node = this.#named(from);
      if (node !== undefined) node.name = to;
      return new Uint8Array(0);
    });
  }

  link(body: Uint8Array, _id: number, at: DataView): Uint8Array | number {
    const [to = ""] = names(body.subarray(8));
    const node = this.#nodes.get(Number(at.getBigUint64(0, true)));
    if (node?.name === undefined) return ENOENT;
    if (this.#files.has(to)) return EEXIST;
    return this.#change("link", node.name, (file) => {
      this.#files.set(to, file);
    }, (file) => this.#entry(this.#nodeOf(to, file)));
  }

  unlink(body: Uint8Array): Uint8Array | number {
    const [name = ""] = names(body);
    return this.#change("unlink", name, () => {
      this.#files.delete(name);
    }, () => {
      this.#detach(name);
      return new Uint8Array(0);
    });
  }

  flush(_body: Uint8Array, id: number): Uint8Array | number {
    if (this.#lost?.call !== "flush" || this.#nodes.get(id)?.name === ".lose") return this.nothing();
    this.#lost = undefined;
    return EIO;
  }

  /** Nothing is known of names: the kernel is told that the directory is empty. */
  nothing(): Uint8Array {
    return new Uint8Array(0);
  }

  /** Carries a change of names out, unless its answer is to be lost before it; `known` follows where it is told. */
  #change(
    call: string,
    name: string,
    change: (file: File) => void,
    known: (file: File) => Uint8Array,
  ): Uint8Array | number {
    const file = this.#files.get(name);
    if (file === undefined) return ENOENT;
    const lost = this.#lost?.call === call ? this.#lost : undefined;
    if (lost !== undefined) this.#lost = undefined;
    if (lost?.done !== false) change(file);
    return lost === undefined ? known(file) : EIO;
  }

  #special(name: string): File {
    return this.#named(name)?.file ?? { inode: this.#next++, mode: 0o600, user: 0, group: 0, bytes: new Uint8Array(0) };
  }

  #truth(): string {
    return [...this.#files].map(([name, { inode, bytes }]) => `${name} ${inode} ${bytes.length}\n`).sort().join("");
  }

  #named(name: string): Node | undefined {
    return [...this.#nodes.values()].find((node) => node.name === name);
  }

  #nodeOf(name: string, file: File): Node {
    const node = this.#named(name) ?? { id: this.#next++, name, file };
    node.file = file;
    this.#nodes.set(node.id, node);
    return node;
  }

  #detach(name: string): void {
    const node = this.#named(name);
    if (node !== undefined) node.name = undefined;
  }

  #behind(node: Node): File {
    if (node.name !== undefined) node.file = this.#files.get(node.name) ?? node.file;
    return node.file;
  }

  #opened(file: File): Uint8Array {
    const handle = this.#next++;
    this.#handles.set(handle, file);
    const direct = 1;
    return pack([8, handle], [4, direct], [4, 0]);
  }

  #entry(node: Node): Uint8Array {
    const isControl = node.name === ".lose" || node.name === ".truth";
    const valid = isControl ? 0 : cached;
    return joined(pack([8, node.id], [8, 0], [8, valid], [8, valid], [4, 0], [4, 0]), this.#attributes(node.file));
  }

  #told(file: File): Uint8Array {
    return joined(pack([8, cached], [4, 0], [4, 0]), this.#attributes(file));
  }

  #attributes(file: File | undefined): Uint8Array {
    const { inode, mode, user, group, bytes } = file ??
      { inode: ROOT, mode: 0o700, user: 0, group: 0, bytes: new Uint8Array(0) };
    const size = bytes.length;
    const times: [8, number][] = [[8, 0], [8, 0], [8, 0]];
    const kind = file === undefined ? 0o40000 : 0o100000;
    const links = [...this.#files.values()].filter((each) => each === file).length;
    const parts: [4, number][] = [0, 0, 0, kind | mode, Math.max(1, links), user, group, 0, 4096, 0].map((n) => [4, n]);
    return pack([8, inode], [8, size], [8, Math.ceil(size / 512)], ...times, ...parts);
  }
}

function resized(bytes: Uint8Array, length: number): Uint8Array {
  if (length <= bytes.length) return bytes.slice(0, length);
  const result = new Uint8Array(length);
  result.set(bytes);
  return result;
}

type Call = {
  [Name in keyof ForgetfulFileSystem]: Name extends "answer" ? never : Name;
}[keyof ForgetfulFileSystem];

const calls: Readonly<Record<number, Call | "none">> = {
  1: "lookup",
  2: "none",
  3: "attributes",
  4: "set",
  10: "unlink",
  12: "rename",
  13: "link",
  14: "open",
  15: "read",
  16: "write",
  18: "nothing",
  20: "nothing",
  25: "flush",
  26: "start",
  27: "open",
  28: "nothing",
  29: "nothing",
  30: "nothing",
  35: "create",
  36: "none",
  42: "none",
  45: "renameWithFlags",
};
