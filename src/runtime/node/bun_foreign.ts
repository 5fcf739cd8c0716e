/**
 * The C library through bun:ffi: flock, ioctl (FICLONE), fcntl (F_BARRIERFSYNC). Loaded with the first use.
 *
 * Calls block the thread (bun:ffi has no other kind), so only such that do not wait are made. The error number is read
 * right after the call: nothing of ours runs in between.
 */
import { builtinByName, requiredProcess } from "../builtin.ts";
import { codeOfNumber } from "../error_numbers.ts";

/** What is used of bun:ffi: https://bun.com/docs/runtime/ffi */
interface BunForeign {
  dlopen(
    library: string,
    symbols: Readonly<Record<string, { args: readonly string[]; returns: string }>>,
  ): { symbols: Readonly<Record<string, (...parameters: (number | bigint)[]) => number>> };
  read: { i32(pointer: number, offset: number): number };
}

/** Calls return 0 or more, or throw an error with a `code`. */
interface CLibrary {
  flock(descriptor: number, operation: number): void;
  /** FICLONE: https://man7.org/linux/man-pages/man2/FICLONE.2const.html */
  reflink(destination: number, source: number): void;
  /** F_BARRIERFSYNC of macOS. */
  barrier(descriptor: number): void;
}

const ficlone = 0x40049409n;
/** https://github.com/apple-oss-distributions/xnu/blob/main/bsd/sys/fcntl.h */
const barrierSync = 85;

let library: { found: CLibrary | undefined } | undefined;

/** The C library; undefined where it cannot be loaded. */
export function cLibrary(): CLibrary | undefined {
  return (library ??= { found: load() }).found;
}

function load(): CLibrary | undefined {
  const { arch, platform } = requiredProcess();
  const names = platform === "darwin"
    ? ["libSystem.B.dylib"]
    : platform === "linux"
    ? ["libc.so.6", `libc.musl-${arch === "arm64" ? "aarch64" : "x86_64"}.so.1`]
    : [];
  for (const name of names) {
    try {
      return open(name, platform);
    } catch {
      continue;
    }
  }
  return undefined;
}

function open(name: string, system: string): CLibrary {
  const { dlopen, read } = builtinByName("bun:ffi") as BunForeign;
  const location = system === "darwin" ? "__error" : "__errno_location";
  // ioctl and fcntl are variadic in C. Without floating-point parameters the plain call is the same on Linux (x86-64
  // and arm64 alike); on Apple's arm64 only the named parameters agree, and F_BARRIERFSYNC has no other.
  const { symbols } = dlopen(name, {
    flock: { args: ["i32", "i32"], returns: "i32" },
    ioctl: { args: ["i32", "u64", "i32"], returns: "i32" },
    fcntl: { args: ["i32", "i32"], returns: "i32" },
    [location]: { args: [], returns: "ptr" },
  });
  const { flock, ioctl, fcntl, [location]: errorLocation } = symbols;
  if (!flock || !ioctl || !fcntl || !errorLocation) throw new Error(`${name} lacks a function`);

  const check = (result: number): void => {
    if (result >= 0) return;
    const number = read.i32(errorLocation(), 0);
    const code = codeOfNumber(number, system) ?? "EUNKNOWN";
    throw Object.assign(new Error(`${code} (error number ${number})`), { code, errno: number });
  };
  return {
    flock: (descriptor, operation) => check(flock(descriptor, operation)),
    reflink: (destination, source) => check(ioctl(destination, ficlone, source)),
    barrier: (descriptor) => check(fcntl(descriptor, barrierSync)),
  };
}
