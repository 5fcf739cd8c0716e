/** Native errors of every runtime, as they look there, and their portable codes. */
import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import {
  codeOf,
  guard,
  guardAwaitable,
  guardMissing,
  guardMissingAwaitable,
  SystemError,
  toSystemError,
} from "../../src/runtime/system_error.ts";

/** An error as a runtime throws it: of that class name, with those properties. */
function native(name: string, message: string, properties: object = {}): Error {
  return Object.assign(new Error(message), { name, ...properties });
}

const coded = (code: string) => native("Error", "failed", { code });

/** A body that throws each of these codes once and then answers. */
function failing(...codes: string[]): { body: () => string; calls: () => number } {
  let calls = 0;
  const body = () => {
    const code = codes[calls++];
    if (code !== undefined) throw coded(code);
    return "answer";
  };
  return { body, calls: () => calls };
}

describe("codeOf", () => {
  it("takes the code that Node, Bun and mostly Deno give", () => {
    assertEquals(codeOf(native("Error", "ENOENT: no such file", { code: "ENOENT", errno: -2 })), "ENOENT");
    assertEquals(codeOf(native("PermissionDenied", "denied", { code: "EPERM" })), "EPERM");
    assertEquals(codeOf(native("PermissionDenied", "denied", { code: "EACCES" })), "EACCES");
    assertEquals(codeOf(native("TypeError", "Invalid argument (os error 22)", { code: "EINVAL" })), "EINVAL");
  });

  it("tells a missing permission of the runtime from one of the system", () => {
    assertEquals(codeOf(native("NotCapable", 'Requires read access to "/x"')), "ENOTCAPABLE");
    assertEquals(codeOf(native("NotCapable", "Requires read access", { code: "EACCES" })), "ENOTCAPABLE");
    assertEquals(codeOf(native("PermissionDenied", "Permission denied")), "EACCES");
  });

  it("goes by the class where Deno gives no code", () => {
    assertEquals(codeOf(native("BadResource", "Bad resource ID")), "EBADF");
    assertEquals(codeOf(native("Busy", "Resource is unavailable")), "EBUSY");
    assertEquals(codeOf(native("NotSupported", "Not supported")), "ENOTSUP");
  });

  it("goes by the number where there is only that", () => {
    const libuv = { code: "Unknown system error -122", errno: -122 };
    assertEquals(codeOf(native("Error", "Unknown system error -122, fsync", libuv), "linux"), "EDQUOT");
    assertEquals(
      codeOf(native("Error", "UNKNOWN: unknown error, write", { code: "UNKNOWN", errno: -116 }), "linux"),
      "ESTALE",
    );
    assertEquals(codeOf(native("Error", "Disk quota exceeded (os error 122)"), "linux"), "EDQUOT");
    assertEquals(codeOf(native("Error", "Disc quota exceeded (os error 69)"), "darwin"), "EDQUOT");
    assertEquals(codeOf(native("Error", "No locks available (os error 77)"), "darwin"), "ENOLCK");
    assertEquals(codeOf(native("Error", "of another system (os error 122)"), "windows"), "EUNKNOWN");
  });

  it("has one name for one thing", () => {
    assertEquals(codeOf(coded("EOPNOTSUPP")), "ENOTSUP");
    assertEquals(codeOf(coded("EWOULDBLOCK")), "EAGAIN");
    assertEquals(codeOf(native("Error", "x", { errno: 45 }), "darwin"), "ENOTSUP");
    assertEquals(codeOf(native("Error", "x", { errno: 102 }), "darwin"), "ENOTSUP");
    assertEquals(codeOf(native("TypeError", "null bytes", { code: "ERR_INVALID_ARG_VALUE" })), "EINVAL");
  });

  it("says so when it does not know", () => {
    for (const error of [undefined, null, "ENOENT", 2, {}, new Error("ENOENT"), coded("ERR_OUT_OF_RANGE")]) {
      assertEquals(codeOf(error, "linux"), "EUNKNOWN");
    }
  });
});

describe("toSystemError", () => {
  it("keeps the native error, and says what failed on what", () => {
    const cause = coded("ENOSPC");
    const error = toSystemError(cause, "write", "/a/b");
    assert(error instanceof SystemError && error instanceof Error);
    assertEquals([error.name, error.code, error.call, error.path], ["SystemError", "ENOSPC", "write", "/a/b"]);
    assertEquals(error.message, "write /a/b: ENOSPC");
    assertStrictEquals(error.cause, cause);
  });

  it("leaves a SystemError alone", () => {
    const error = new SystemError("ELOOP", "open", "/a");
    assertStrictEquals(toSystemError(error, "rename", "/b"), error);
    assertEquals("cause" in error, false);
  });

  it("calls a directory that is not empty by one name on every file system", () => {
    assertEquals(toSystemError(coded("EEXIST"), "rename", "/a").code, "ENOTEMPTY");
    assertEquals(toSystemError(coded("EEXIST"), "removeDirectory", "/a").code, "ENOTEMPTY");
    assertEquals(toSystemError(coded("EEXIST"), "link", "/a").code, "EEXIST");
  });
});

describe("guard", () => {
  it("passes a value and translates an error", () => {
    assertEquals(guard("stat", "/a", () => 5), 5);
    const error = assertThrows(() => guard("stat", "/a", failing("EIO").body), SystemError);
    assertEquals([error.code, error.call, error.path], ["EIO", "stat", "/a"]);
  });

  it("repeats what a signal interrupted, but never close", () => {
    const write = failing("EINTR", "EINTR");
    assertEquals(guard("write", "/a", write.body), "answer");
    assertEquals(write.calls(), 3);
    const close = failing("EINTR");
    assertThrows(() => guard("close", "/a", close.body), SystemError, "EINTR");
    assertEquals(close.calls(), 1);
  });

  it("repeats nothing else", () => {
    const sync = failing("EIO", "EIO");
    assertThrows(() => guard("sync", "/a", sync.body), SystemError, "EIO");
    assertEquals(sync.calls(), 1);
  });
});

describe("guardAwaitable", () => {
  it("makes no promise of what is none", () => {
    assertEquals(guardAwaitable("read", "/a", () => 5), 5);
    assertThrows(() => guardAwaitable("read", "/a", failing("EIO").body), SystemError, "EIO");
  });

  it("translates and repeats what comes later just so", async () => {
    const write = failing("EINTR", "EINTR");
    assertEquals(await guardAwaitable("write", "/a", () => Promise.resolve().then(write.body)), "answer");
    assertEquals(write.calls(), 3);
    const close = failing("EINTR");
    await assertRejects(
      async () => await guardAwaitable("close", "/a", () => Promise.resolve().then(close.body)),
      SystemError,
      "EINTR",
    );
    assertEquals(close.calls(), 1);
  });
});

describe("guardMissing", () => {
  it("answers instead of throwing for the codes that are answers", async () => {
    assertEquals(guardMissing("stat", "/a", undefined, failing("ENOENT").body), undefined);
    assertEquals(guardMissing("stat", "/a", undefined, failing("ENOTDIR").body), undefined);
    assertEquals(guardMissing("remove", "/a", false, failing("EINTR", "ENOENT").body), false);
    assertEquals(guardMissing("makeDirectory", "/a", false, failing("EEXIST").body, new Set(["EEXIST"])), false);
    assertThrows(() => guardMissing("stat", "/a", undefined, failing("EACCES").body), SystemError, "EACCES");
    assertThrows(() => guardMissing("stat", "/a", undefined, failing("ENOENT").body, new Set()), SystemError, "ENOENT");
    const later = (code: string) => guardMissingAwaitable("readDirectory", "/a", 0, () => Promise.reject(coded(code)));
    assertEquals(await later("ENOENT"), 0);
    await assertRejects(async () => await later("EACCES"), SystemError, "readDirectory /a: EACCES");
    assertEquals(guardMissingAwaitable("readDirectory", "/a", 0, failing("ENOENT").body), 0);
  });
});
