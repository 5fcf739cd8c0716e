/**
 * What Deno lacks for working beside hostile neighbours, on Linux with -A: to open without following a link and without
 * waiting for a FIFO, and to reach names through a directory that is open.
 *
 * FsFile tells no descriptor. So the C library opens the name, and Deno opens `/proc/self/fd/N` of that, which can be
 * nothing else by then. Deno guards /proc with --allow-all, and what it denies (`--deny-read=…`) a path through a descriptor
 * would go round: then nothing of this is done.
 */
import { openPath } from "../anchor.ts";
import { requiredProcess } from "../builtin.ts";
import type { CLibrary } from "../foreign/c_library.ts";
import type { FileStatus } from "../runtime.ts";
import { codeOf, SystemError } from "../system_error.ts";
import { cLibrary } from "./c_library.ts";
import { deno, type DenoFile } from "./namespace.ts";
import { nothingDenied } from "./permissions.ts";
import { toStatus } from "./status.ts";

/** Found out once: to ask for seven permissions costs more than to open a file. */
let handing: { readonly library: CLibrary | undefined; readonly user?: number | undefined } | undefined;

function findOut(): NonNullable<typeof handing> {
  const library = findLibrary();
  return library === undefined ? { library } : { library, user: requiredProcess().geteuid?.() };
}

/** The C library, where what it opens can be handed to Deno. */
export function handingLibrary(): CLibrary | undefined {
  return (handing ??= findOut()).library;
}

/** Whether nobody but root and this user may put anything into a directory; false where nothing can be handed anyway. */
export function isPrivate({ mode, user }: FileStatus): boolean {
  handing ??= findOut();
  return handing.library !== undefined && (mode & 0o022) === 0 && (user === 0 || user === handing.user);
}

function findLibrary(): CLibrary | undefined {
  if (deno().build.os !== "linux" || !nothingDenied()) return undefined;
  const library = cLibrary();
  return library !== undefined && leadsToRoot(library) ? library : undefined;
}

/** Whether an error says that a permission was revoked since; what it needs is then done without. */
export function isRevoked(error: unknown): boolean {
  if (codeOf(error) !== "ENOTCAPABLE") return false;
  handing = { library: undefined };
  return true;
}

function leadsToRoot(library: CLibrary): boolean {
  try {
    const descriptor = library.open("/", { write: false, follow: true });
    try {
      return statusOf(descriptor).identity === toStatus(deno().statSync("/")).identity;
    } finally {
      library.close(descriptor);
    }
  } catch {
    return false;
  }
}

/** What a descriptor has open. */
const statusOf = (descriptor: number): FileStatus => toStatus(deno().statSync(openPath(descriptor)));

/** Opens a file, and what it is: neither a link (unless it may be followed) nor a FIFO diverts or stops it. */
export function openHanded(
  library: CLibrary,
  path: string,
  how: { readonly write: boolean; readonly follow: boolean },
): { readonly file: DenoFile; readonly status: FileStatus } {
  const descriptor = library.open(path, how);
  try {
    const status = statusOf(descriptor);
    if (status.kind !== "file") throw new SystemError(status.kind === "directory" ? "EISDIR" : "ENXIO", "open", path);
    return { file: deno().openSync(openPath(descriptor), { read: true, write: how.write }), status };
  } finally {
    library.close(descriptor);
  }
}

/** A descriptor of the directory at a path that is open already; ESTALE where that leads elsewhere by now. */
export function holdDirectory(library: CLibrary, path: string, opened: FileStatus): number {
  const descriptor = library.open(`${path}/.`, { write: false, follow: true });
  try {
    if (statusOf(descriptor).identity === opened.identity) return descriptor;
  } catch (error) {
    library.close(descriptor);
    throw error;
  }
  library.close(descriptor);
  throw new SystemError("ESTALE", "openDirectory", path);
}
