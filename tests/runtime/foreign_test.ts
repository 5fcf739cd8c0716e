/** The C functions of Linux and Windows, called by each of the three binders. */
import { test } from "node:test";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type CLibrary, loadCLibrary } from "../../src/runtime/foreign/c_library.ts";
import { ForeignError } from "../../src/runtime/foreign/foreign_error.ts";
import { isKoffi } from "../../src/runtime/foreign/koffi.ts";
import { type Binder, foreignLibrary, type ForeignValue } from "../../src/runtime/foreign/table.ts";
import { loadWindowsDirectories } from "../../src/runtime/foreign/windows_directories.ts";
import { loadWindowsLocks } from "../../src/runtime/foreign/windows_locks.ts";
import { type Answer, binders, bytes, fakeKoffi, FakeLibrary, fill, text } from "../support/fake_library.ts";
import { notEmpty } from "../support/tally.ts";

function onLinux(bind: (library: FakeLibrary) => Binder, library: FakeLibrary): CLibrary {
  const found = loadCLibrary(bind(library), "linux", "x64");
  if (found === undefined) throw new Error("The fake library was not loaded");
  return found;
}

for (const [name, bind] of binders) {
  test(`${name}: flock takes its operations, and says busy for EAGAIN alone`, () => {
    let answer: Answer = 0;
    const library = new FakeLibrary({ flock: () => answer });
    const found = onLinux(bind, library);
    assertEquals([found.tryLock(7, false), found.tryLock(7, true)], [true, true]);
    found.unlock(7);
    assertEquals(library.calls, ["flock(7, 6)", "flock(7, 5)", "flock(7, 8)"]);
    answer = { errno: 11 };
    assertEquals(found.tryLock(7, false), false);
    answer = { errno: 37 };
    const error = assertThrows(() => found.tryLock(7, false), ForeignError);
    assertEquals([error.code, error.errno], ["ENOLCK", 37]);
  });

  test(`${name}: clones name the request and both files`, async () => {
    const library = new FakeLibrary({ ioctl: (_file, _request, source) => source === 4 ? 0 : { errno: 95 } });
    const found = onLinux(bind, library);
    found.clone(3, 4);
    assertEquals(library.calls, [`ioctl(3, ${0x40049409}, 4)`]);
    assertEquals(assertThrows(() => found.clone(3, 5), ForeignError).code, "ENOTSUP");
    const later = found.cloneLater(3, 4);
    assertEquals(await later, name === "Bun" ? undefined : true);
  });

  test(`${name}: a write-back is begun, waits for nothing and tells no error`, async () => {
    const library = new FakeLibrary({ sync_file_range: () => ({ errno: 28 }) });
    const found = onLinux(bind, library);
    found.startWriteBack(3, false);
    await found.startWriteBack(4, true);
    const later = name === "Bun" ? "" : " later";
    assertEquals(library.calls, ["sync_file_range(3, 0, 0, 2)", `sync_file_range${later}(4, 0, 0, 2)`]);
  });

  test(`${name}: attributes are listed and read, into larger buffers where they do not fit, and without those that have gone`, () => {
    const long = "x".repeat(1000);
    const library = new FakeLibrary({
      flistxattr: (_file, buffer) => fill(buffer, bytes("user.long\0user.gone\0user.short\0")),
      fgetxattr: (_file, key, buffer) => {
        if (text(key) === "user.gone\0") return { errno: 61 };
        return fill(buffer, bytes(text(key) === "user.long\0" ? long : "s"));
      },
    });
    const found = [...onLinux(bind, library).attributes(9)].map(([key, value]) => [key, text(value)]);
    assertEquals(found, [["user.long", long], ["user.short", "s"]]);
    assertEquals(library.calls.filter((call) => call.includes("<10>")).length, 4, "two more for the larger buffer");
  });

  test(`${name}: a whole file system is synced off the thread, or not at all`, async () => {
    let answer: Answer = 0;
    const library = new FakeLibrary({ syncfs: () => answer });
    const found = onLinux(bind, library);
    assertEquals(found.syncsFileSystems, name !== "Bun");
    answer = name === "Bun" ? 0 : { errno: 28 };
    const { code } = await assertRejects(() => found.syncFileSystem(5), ForeignError);
    assertEquals(code, name === "koffi" ? "ENOSPC" : "EIO", "Deno does not tell which error it was");
    assertEquals(library.calls, name === "Bun" ? [] : ["syncfs later(5)"]);
    answer = 0;
    if (name !== "Bun") await found.syncFileSystem(5);
  });

  test(`${name}: whether there are attributes is asked by a path, of what it leads to itself`, () => {
    let answer: Answer = 0;
    const library = new FakeLibrary({ llistxattr: () => answer });
    const found = onLinux(bind, library);
    const asked = [0, 14, { errno: 95 }, { errno: 2 }].map((each) => {
      answer = each;
      return found.hasAttributesAt("/f");
    });
    assertEquals(asked, [false, true, false, undefined]);
    assertEquals(library.calls[0], "llistxattr(<3>, null, 0)");
  });

  test(`${name}: a file system without attributes has none`, () => {
    let errno = 95;
    const found = onLinux(bind, new FakeLibrary({ flistxattr: () => ({ errno }) }));
    assertEquals([...found.attributes(9)], []);
    errno = 5;
    assertEquals(assertThrows(() => found.attributes(9), ForeignError).code, "EIO");
  });

  test(`${name}: attributes are set, emptied and removed; a refusal keeps its number`, () => {
    const values: string[] = [];
    const library = new FakeLibrary({
      fsetxattr: (_file, key, value, size) => {
        values.push(`${text(key)}=${text(value)}`);
        return size === 3n || size === 3 ? { errno: 28 } : 0;
      },
    });
    const found = onLinux(bind, library);
    found.setAttribute(9, "user.a", bytes("v"));
    found.setAttribute(9, "user.a", bytes(""));
    found.setAttribute(9, "user.a", undefined);
    assertEquals(library.calls, [
      "fsetxattr(9, <7>, <2>, 1, 0)",
      "fsetxattr(9, <7>, <1>, 0, 0)",
      "fremovexattr(9, <7>)",
    ]);
    assertEquals(values, ["user.a\0=v\0", "user.a\0=\0"]);
    assertEquals(assertThrows(() => found.setAttribute(9, "user.a", bytes("abc")), ForeignError).code, "ENOSPC");
  });

  test(`${name}: times are passed as seconds and nanoseconds, before 1970 too`, () => {
    const passed: bigint[][] = [];
    const library = new FakeLibrary({
      futimens: (_file, times) => {
        if (!(times instanceof Uint8Array)) return { errno: 22 };
        passed.push([...new BigInt64Array(times.slice().buffer)]);
        return 0;
      },
    });
    const found = onLinux(bind, library);
    found.setTimes(9, { accessed: 1_714_903_200_123_456_789n, modified: -1n });
    found.setTimes(9, { accessed: 0n, modified: -2_000_000_000n });
    assertEquals(passed, [[1_714_903_200n, 123_456_789n, -1n, 999_999_999n], [0n, 0n, -2n, 0n]]);
  });

  test(`${name}: what only close tells is an error`, () => {
    const found = onLinux(bind, new FakeLibrary({ close: (file) => file === 9 ? { errno: 5 } : 0 }));
    found.close(8);
    assertEquals(assertThrows(() => found.close(9), ForeignError).code, "EIO");
  });

  test(`${name}: a library that is not there is looked for by its other name, and done without`, () => {
    const musl = new FakeLibrary({}, (library) => library.startsWith("libc.musl"));
    assertEquals(loadCLibrary(bind(musl), "linux", "arm64")?.hasAttributes, true);
    assertEquals(musl.loaded, ["libc.so.6", "libc.musl-aarch64.so.1"]);
    assertEquals(loadCLibrary(bind(new FakeLibrary({}, () => false)), "linux", "x64"), undefined);
  });
}

test("foreignLibrary knows no C library of Windows or of processors whose numbers may differ", () => {
  assertEquals([foreignLibrary("win32", "x64"), foreignLibrary("linux", "mips64")], [undefined, undefined]);
});

test("isKoffi tells koffi from another module of that name", () => {
  assertEquals([isKoffi(fakeKoffi(new FakeLibrary({}))), isKoffi({}), isKoffi(undefined)], [true, false, false]);
});

for (const [name, bind] of notEmpty(binders)) {
  /** A kernel that opens the directory as 77, or not at all. */
  const kernel = (handle: number, flushed = 1) => {
    const paths: string[] = [];
    const library = new FakeLibrary({
      CreateFileW: (path) => {
        if (path instanceof Uint8Array) paths.push(new TextDecoder("utf-16le").decode(path));
        return handle;
      },
      FlushFileBuffers: () => flushed,
      CloseHandle: () => 1,
    });
    return { library, paths, directories: loadWindowsDirectories(bind(library)) };
  };
  const opening = `CreateFileW(<10>, ${0x4000_0000}, 7, null, 3, ${0x0200_0000}, 0)`;

  test(`${name}: a directory of Windows is opened with the right to write, flushed and closed, whatever that answers`, () => {
    for (const flushed of [1, 0]) {
      const { library, paths, directories } = kernel(77, flushed);
      directories?.flush("C:\\d");
      assertEquals([paths, library.calls], [["C:\\d\0"], [opening, "FlushFileBuffers(77)", "CloseHandle(77)"]]);
    }
    const { library, directories } = kernel(-1);
    directories?.flush("C:\\d");
    assertEquals(library.calls, [opening]);
  });

  test(`${name}: it is flushed on another thread, where there are such calls`, async () => {
    for (const flushed of [1, 0]) {
      const { library, directories } = kernel(77, flushed);
      await directories?.flushLater("C:\\d");
      const calls = [opening, "FlushFileBuffers later(77)", "CloseHandle(77)"];
      assertEquals(library.calls, name === "Bun" ? [] : calls);
    }
    assertEquals(await kernel(-1).directories?.flushLater("C:\\d"), undefined);
  });
}

for (const [name, bind] of notEmpty(binders.filter(([name]) => name !== "Deno"))) {
  test(`${name}: a lock on Windows is one byte that no file reaches, taken and given back through the file's handle`, () => {
    let taken = 1;
    let lastError = 0;
    const offsets: number[] = [];
    const note = (overlapped: ForeignValue | undefined) => {
      if (!(overlapped instanceof Uint8Array)) throw new TypeError("no OVERLAPPED");
      const view = new DataView(overlapped.buffer);
      offsets.push(view.getUint32(16, true), view.getUint32(20, true));
    };
    const library = new FakeLibrary({
      uv_get_osfhandle: (descriptor) => Number(descriptor) + 600,
      LockFileEx: (...values) => {
        note(values[5]);
        return taken;
      },
      UnlockFileEx: (...values) => {
        note(values[4]);
        return 0;
      },
      GetLastError: () => lastError,
    });
    const locks = loadWindowsLocks(bind(library), "C:\\node.exe");
    if (locks === undefined) throw new Error("The fake library was not loaded");
    assertEquals(library.loaded, ["kernel32.dll", "C:\\node.exe"]);

    lastError = 158;
    assertEquals([locks.tryLock(7, false), locks.tryLock(7, true)], [true, true]);
    locks.unlock(7);
    const release = ["UnlockFileEx(607, 0, 1, 0, <32>)", "GetLastError()"];
    assertEquals(library.calls, [
      "uv_get_osfhandle(7)",
      ...release,
      "LockFileEx(607, 3, 0, 1, 0, <32>)",
      "uv_get_osfhandle(7)",
      ...release,
      "LockFileEx(607, 1, 0, 1, 0, <32>)",
      "uv_get_osfhandle(7)",
      ...release,
    ]);
    assertEquals(new Set(offsets), new Set([0xfffe0000, 0]));

    taken = 0;
    for (lastError of [33, 997]) assertEquals(locks.tryLock(7, false), false);
    for (const [number, code] of [[6, "EBADF"], [50, "ENOTSUP"], [1234, "EUNKNOWN"]] as const) {
      lastError = number;
      const error = assertThrows(() => locks.tryLock(7, false), ForeignError, "LockFileEx");
      assertEquals([error.code, error.errno], [code, number]);
      assertEquals(assertThrows(() => locks.unlock(7), ForeignError, "UnlockFileEx").code, code);
    }
  });

  test(`${name}: without kernel32, or in a program without libuv's functions, there are no such locks`, () => {
    for (const missing of ["kernel32.dll", "bun.exe"]) {
      const library = new FakeLibrary({}, (known) => known !== missing);
      assertEquals(loadWindowsLocks(bind(library), "bun.exe"), undefined);
    }
  });
}
