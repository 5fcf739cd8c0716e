/**
 * Names that a file system still describes as they were before they changed, as the caches of NFS and FUSE do.
 *
 * 1. `remember` before a call that changes names. 2. `answer` for each look by name: what was there before, until
 * `forget`, with the next change of that name. Opening a file, changing a name and reading a directory always see the
 * current state.
 */
import type { FileSystem } from "../runtime/runtime.ts";
import type { SeamCall } from "./faults/intercept.ts";

const looks = ["linkStat", "stat", "readLink"] as const;

type Look = typeof looks[number];

const isLook = (method: string): method is Look => (looks as readonly string[]).includes(method);

/** Calls after which a name leads elsewhere. */
const changes: ReadonlySet<string> = new Set([
  "create",
  "makeDirectory",
  "rename",
  "link",
  "symbolicLink",
  "remove",
  "removeDirectory",
]);

/** The names that a call may change. */
function namesOf({ method, path, operands: [other] }: SeamCall): string[] {
  return (method === "rename" || method === "link") && typeof other === "string" ? [path, other] : [path];
}

/** What is remembered of names. */
export class StaleNames {
  readonly #fileSystem: FileSystem;
  readonly #known = new Map<string, Readonly<Record<Look, unknown>>>();
  /** Where what was below a renamed directory is now. */
  readonly #moved = new Map<string, string>();

  /** Of names on a file system whose looks never wait. */
  constructor(fileSystem: FileSystem) {
    this.#fileSystem = fileSystem;
  }

  /** Keeps what is to be reported about the names that the call is about to change. */
  remember(call: SeamCall): void {
    const fileSystem = this.#fileSystem;
    for (const name of namesOf(call)) {
      const known = {
        linkStat: fileSystem.linkStat(name),
        stat: fileSystem.stat(name),
        readLink: fileSystem.readLink(name),
      };
      this.#known.set(name, known);
    }
    if (call.method === "rename") this.#moved.set(call.path, String(call.operands[0]));
  }

  /** The call has changed names: what is reported about them is true again. */
  forget(call: SeamCall): void {
    if (!changes.has(call.method)) return;
    for (const name of namesOf(call)) {
      this.#known.delete(name);
      this.#moved.delete(name);
      for (const [from, to] of this.#moved) {
        // A process that has changed something in a directory has found it there.
        if (name.startsWith(`${to}/`)) this.#known.delete(to) && this.#moved.delete(from);
      }
    }
  }

  /** What a look is answered with; undefined: the truth. */
  answer({ method, path, file }: SeamCall): { readonly value: unknown } | undefined {
    if (file !== undefined || !isLook(method)) return undefined;
    const known = this.#known.get(path);
    if (known !== undefined) return { value: known[method] };
    for (const [from, to] of this.#moved) {
      if (path.startsWith(`${from}/`)) return { value: this.#fileSystem[method](to + path.slice(from.length)) };
      if (path.startsWith(`${to}/`)) return { value: undefined };
    }
    return undefined;
  }
}
