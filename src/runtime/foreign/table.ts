/**
 * The C functions that adapters call where a runtime offers nothing of its own: the one list of them, for all three
 * binders (deno.ts, bun.ts, koffi.ts).
 *
 * Numbers are those of 64-bit Linux, macOS and Windows, the only systems on which this is used. `ioctl` and `fcntl` are
 * variadic in C; without floating-point parameters the plain call is the same on Linux (x86-64 and arm64 alike). Apple's
 * arm64 passes the variadic ones on the stack, where they would have to be put: so on macOS only what needs none is called.
 */

/** A value in C: `buffer` is a pointer to bytes of ours, or null. */
export type ForeignType = "i32" | "i64" | "u64" | "buffer";

/** What is passed for it. */
export type ForeignValue = number | bigint | Uint8Array | null;

/** One C function. */
export interface ForeignFunction {
  readonly parameters: readonly ForeignType[];
  readonly result: "i32" | "i64";
  /** Older C libraries lack it. Only Deno's binder binds it: node:fs of Node and Bun does the same. */
  readonly optional?: true;
}

/** The functions of every system. */
const common = {
  /** https://man7.org/linux/man-pages/man2/flock.2.html */
  flock: { parameters: ["i32", "i32"], result: "i32" },
  /** Bun's own close tells no error: https://man7.org/linux/man-pages/man2/close.2.html */
  close: { parameters: ["i32"], result: "i32" },
  /** https://man7.org/linux/man-pages/man3/futimens.3.html */
  futimens: { parameters: ["i32", "buffer"], result: "i32" },
} as const satisfies Record<string, ForeignFunction>;

/** What Linux has alone; macOS's functions for attributes have the same names, and take more parameters. */
const onLinux = {
  /** FICLONE: https://man7.org/linux/man-pages/man2/FICLONE.2const.html */
  ioctl: { parameters: ["i32", "u64", "i32"], result: "i32" },
  /** The one way to exact times in Deno: https://man7.org/linux/man-pages/man2/statx.2.html */
  statx: { parameters: ["i32", "buffer", "i32", "i32", "buffer"], result: "i32", optional: true },
  /** https://man7.org/linux/man-pages/man2/listxattr.2.html */
  flistxattr: { parameters: ["i32", "buffer", "u64"], result: "i64" },
  llistxattr: { parameters: ["buffer", "buffer", "u64"], result: "i64" },
  /** https://man7.org/linux/man-pages/man2/getxattr.2.html */
  fgetxattr: { parameters: ["i32", "buffer", "buffer", "u64"], result: "i64" },
  /** https://man7.org/linux/man-pages/man2/setxattr.2.html */
  fsetxattr: { parameters: ["i32", "buffer", "buffer", "u64", "i32"], result: "i32" },
  /** Deno opens without these flags: https://man7.org/linux/man-pages/man2/open.2.html */
  open: { parameters: ["buffer", "i32"], result: "i32", optional: true },
  /** https://man7.org/linux/man-pages/man2/removexattr.2.html */
  fremovexattr: { parameters: ["i32", "buffer"], result: "i32" },
  /** SEEK_DATA: https://man7.org/linux/man-pages/man2/lseek.2.html */
  lseek: { parameters: ["i32", "i64", "i32"], result: "i64" },
  /** https://man7.org/linux/man-pages/man2/syncfs.2.html */
  syncfs: { parameters: ["i32"], result: "i32" },
  /** https://man7.org/linux/man-pages/man2/sync_file_range.2.html */
  sync_file_range: { parameters: ["i32", "i64", "i64", "i32"], result: "i32" },
} as const satisfies Record<string, ForeignFunction>;

/**
 * What macOS has alone. The functions for attributes end in a position and options, or in options: all 0 here.
 * https://github.com/apple-oss-distributions/xnu/blob/main/bsd/sys/xattr.h
 */
const onMac = {
  /** F_FULLFSYNC, F_BARRIERFSYNC: https://github.com/apple-oss-distributions/xnu/blob/main/bsd/sys/fcntl.h */
  fcntl: { parameters: ["i32", "i32"], result: "i32" },
  /** https://github.com/apple-oss-distributions/xnu/blob/main/bsd/man/man2/fsync.2 */
  fsync: { parameters: ["i32"], result: "i32" },
  flistxattr: { parameters: ["i32", "buffer", "u64", "i32"], result: "i64" },
  fgetxattr: { parameters: ["i32", "buffer", "buffer", "u64", "i32", "i32"], result: "i64" },
  fsetxattr: { parameters: ["i32", "buffer", "buffer", "u64", "i32", "i32"], result: "i32" },
  fremovexattr: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  /** Access control lists, and exact times: https://github.com/apple-oss-distributions/xnu/blob/main/bsd/man/man2/getattrlist.2 */
  fgetattrlist: { parameters: ["i32", "buffer", "buffer", "u64", "i32"], result: "i32" },
  /** https://github.com/apple-oss-distributions/xnu/blob/main/bsd/man/man2/setattrlist.2 */
  fsetattrlist: { parameters: ["i32", "buffer", "buffer", "u64", "i32"], result: "i32" },
} as const satisfies Record<string, ForeignFunction>;

/** What of Windows's own library is used. A handle is as wide as a pointer; a result of 0 is a failure. */
const inKernel32 = {
  /** https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-lockfileex */
  LockFileEx: { parameters: ["i64", "i32", "i32", "i32", "i32", "buffer"], result: "i32" },
  /** https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-unlockfileex */
  UnlockFileEx: { parameters: ["i64", "i32", "i32", "i32", "buffer"], result: "i32" },
  /** https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-createfilew */
  CreateFileW: { parameters: ["buffer", "i32", "i32", "buffer", "i32", "i32", "i64"], result: "i64" },
  /** https://learn.microsoft.com/windows/win32/api/fileapi/nf-fileapi-flushfilebuffers */
  FlushFileBuffers: { parameters: ["i64"], result: "i32" },
  /** https://learn.microsoft.com/windows/win32/api/handleapi/nf-handleapi-closehandle */
  CloseHandle: { parameters: ["i64"], result: "i32" },
  /** https://learn.microsoft.com/windows/win32/api/errhandlingapi/nf-errhandlingapi-getlasterror */
  GetLastError: { parameters: [], result: "i32" },
} as const satisfies Record<string, ForeignFunction>;

/** What node.exe and bun.exe export themselves. */
const inProgram = {
  /** https://docs.libuv.org/en/v1.x/fs.html#c.uv_get_osfhandle */
  uv_get_osfhandle: { parameters: ["i32"], result: "i64" },
} as const satisfies Record<string, ForeignFunction>;

/** A function of the table. */
export type ForeignName =
  | keyof typeof common
  | keyof typeof onLinux
  | keyof typeof onMac
  | keyof typeof inKernel32
  | keyof typeof inProgram;

/** What of the table a system has. */
export type ForeignTable = Readonly<Partial<Record<ForeignName, ForeignFunction>>>;

/** What is used of a library, and which function tells where `errno` is, where that is the way it tells errors. */
interface ForeignLibrary {
  readonly functions: ForeignTable;
  readonly errorLocation: string | undefined;
}

/** The C library of a system, and how it is named there. */
export interface NamedLibrary extends ForeignLibrary {
  readonly names: readonly string[];
  /** O_NOFOLLOW, the one flag here that processors disagree about. */
  readonly noFollow: number;
}

/** kernel32.dll, of every Windows. */
export const windowsKernel: ForeignLibrary = { functions: inKernel32, errorLocation: undefined };

/** The program that runs, on Windows. */
export const windowsProgram: ForeignLibrary = { functions: inProgram, errorLocation: undefined };

/** musl names its library after the processor: https://wiki.musl-libc.org/ */
const muslNames: Readonly<Record<string, string>> = {
  arm64: "aarch64",
  aarch64: "aarch64",
  x64: "x86_64",
  x86_64: "x86_64",
};

/** The C library of a system; undefined where none is used. Processors by the names of any runtime. */
export function foreignLibrary(system: string, processor: string): NamedLibrary | undefined {
  if (system === "darwin") {
    const functions = { ...common, ...onMac };
    return { names: ["libSystem.B.dylib"], functions, errorLocation: "__error", noFollow: 0x100 };
  }
  const musl = muslNames[processor];
  if (system !== "linux" || musl === undefined) return undefined;
  const names = ["libc.so.6", `libc.musl-${musl}.so.1`];
  const noFollow = musl === "aarch64" ? 0o100000 : 0o400000;
  return { names, functions: { ...common, ...onLinux }, errorLocation: "__errno_location", noFollow };
}

/** The library has no such function, or none was bound. */
export class MissingFunction extends Error {
  /** The name of its class. */
  override readonly name: string = "MissingFunction";

  /** The absence of a function. */
  constructor(called: string) {
    super(`${called} is not there`);
  }
}

/** What a function has answered, and, where that is negative, the error number it left. */
interface ForeignResult {
  readonly result: number;
  readonly errno: number;
}

/** The functions of a library, bound: what each of the three binders makes. */
export interface BoundFunctions {
  /** Calls a function and waits for it. */
  call(name: ForeignName, values: readonly ForeignValue[]): ForeignResult;
  /** Calls a function on a thread of its own, where that is possible. On Deno the error number is not known afterwards: 0. */
  callLater?(name: ForeignName, values: readonly ForeignValue[]): Promise<ForeignResult>;
}

/** Opens a library and binds its functions; throws where it is not there or lacks one of them. */
export type Binder = (name: string, library: ForeignLibrary) => BoundFunctions;
