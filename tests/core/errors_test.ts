/** What a FileError tells, and how it is recognised. */
import { assert, assertEquals, assertFalse, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { test } from "node:test";
import {
  ActivationError,
  ConflictError,
  CorruptionError,
  DeadlockError,
  FileError,
  type FileErrorDetails,
  LockBusyError,
  LockError,
  LockLostError,
  LockTimeoutError,
  messageOf,
  RollbackFailedError,
  UnsupportedError,
  ValidationError,
  WriteError,
} from "../../src/core/errors.ts";
import { notEmpty } from "../support/tally.ts";

const details: FileErrorDetails = { code: "EACCES", path: "/etc/a.json", step: "rename", targetState: "unchanged" };
const classes = { FileError, WriteError, ConflictError, CorruptionError, UnsupportedError };

/** Does not compile when `is` leaves nothing of the other classes in the branch after it. */
function nameOf(error: FileError): string {
  if (WriteError.is(error)) return error.name;
  if (UnsupportedError.is(error)) return error.name;
  if (ValidationError.is(error)) return error.name;
  if (ConflictError.is(error)) return `${error.name} ${error.actual}`;
  if (CorruptionError.is(error)) return `${error.name} ${error.offset}`;
  if (ActivationError.is(error)) return error.name;
  if (RollbackFailedError.is(error)) return `${error.name} ${error.files.length}`;
  if (LockError.is(error)) {
    if (DeadlockError.is(error)) return error.name;
    if (LockLostError.is(error)) return error.name;
    if (LockBusyError.is(error)) return error.name;
    if (LockTimeoutError.is(error)) return error.name;
    return error.name;
  }
  return error.code;
}

test("is narrows in a chain: every class is found by its own", () => {
  for (
    const [Class, expected] of [
      [WriteError, "WriteError"],
      [UnsupportedError, "UnsupportedError"],
      [ValidationError, "ValidationError"],
      [ConflictError, "ConflictError undefined"],
      [CorruptionError, "CorruptionError undefined"],
      [ActivationError, "ActivationError"],
      [RollbackFailedError, "RollbackFailedError 0"],
      [LockError, "LockError"],
      [DeadlockError, "DeadlockError"],
      [LockLostError, "LockLostError"],
      [LockBusyError, "LockBusyError"],
      [LockTimeoutError, "LockTimeoutError"],
      [FileError, "EACCES"],
    ] as const
  ) {
    assertEquals(nameOf(new Class("Cannot write", "no reason", details)), expected);
  }
});

test("FileError says what was tried, why it failed and what became of the file, in one line", () => {
  const error = new WriteError("Cannot replace", "rename failed", details);
  assertEquals(error.message, 'Cannot replace "/etc/a.json": rename failed (EACCES); the file is unchanged');
});

for (
  const [targetState, words] of [
    ["unchanged", "the file is unchanged"],
    ["replaced", "the change is visible, but not proven durable"],
    ["unknown", "it is not known whether anything was changed"],
  ] as const
) {
  test(`FileError names the target state ${targetState}`, () => {
    const error = new WriteError("Cannot write", "sync failed", { ...details, targetState });
    assert(error.message.endsWith(`; ${words}`), error.message);
    assertEquals(error.targetState, targetState);
  });
}

test("FileError shows the parts of its message once when it is printed", () => {
  const error = new WriteError("Cannot write", "sync failed", details);
  assertEquals([error.verb, error.reason], ["Cannot write", "sync failed"]);
  const shown = ["code", "path", "step", "targetState", "cleanupErrors", "leftBehind", "lost", "unchecked"];
  assertEquals(Object.keys(error).filter((name) => name !== "name"), shown);
});

for (
  const [verb, words] of [
    ["Cannot replace", "the file is unchanged"],
    ["Cannot create", "no file was created"],
    ['Cannot copy "/b" to', "the target is unchanged"],
    ["Cannot lock", "nothing was changed"],
    ["Cannot unlock", "nothing was changed"],
    ["Cannot run", "nothing was changed"],
    ["Cannot list the backups of", "nothing was changed"],
    ["Cannot append to", "nothing was appended"],
    ["Cannot append more to", "what was appended before is in the log"],
    ["Cannot checkpoint", "the log is unchanged"],
    ["Cannot store into", "nothing was stored"],
    ["Cannot quarantine", "it is where it was"],
    ["Cannot collect garbage in", "nothing was removed"],
    ["Cannot apply", "every file is unchanged"],
    ["Cannot deploy", "every file is unchanged"],
    ["Cannot publish", "it is unchanged"],
    ["Cannot roll back", "it is unchanged"],
  ] as const
) {
  test(`FileError of "${verb}" says "${words}"`, () => {
    const error = new FileError(verb, "it failed", { ...details, path: "/a", targetState: "unchanged" });
    assertEquals(error.message, `${verb} "/a": it failed (EACCES); ${words}`);
    assertEquals(error.outcome, words);
  });
}

test("FileError of a file that was to be created says that it is unchanged when it exists", () => {
  const error = new FileError("Cannot create", "it exists already", { ...details, code: "EEXIST" });
  assert(error.message.endsWith("; the file is unchanged"), error.message);
});

for (
  const [remedy, words, own] of [
    [{ use: "adopt" }, "publish over it with `adopt: true`", "adopt"],
    [{ use: "lockDirectory" }, "choose a `lockDirectory`", "lockDirectory"],
    [{ use: "recoverTransactions", path: "/a b" }, 'run recoverTransactions("/a b")', "recoverTransactions"],
  ] as const
) {
  test(`FileError carries the remedy ${remedy.use}, which others may put into words of their own`, () => {
    // A name that looks like advice is a name.
    const path = "/none; choose a lockDirectory (X)";
    const error = new FileError("Cannot write", "it failed", { ...details, path, remedy });
    const begin = `Cannot write ${JSON.stringify(path)}: it failed; `;
    assertEquals(error.message, `${begin}${words} (EACCES); the file is unchanged`);
    assertEquals(messageOf(error, ({ use }) => use), `${begin}${own} (EACCES); the file is unchanged`);
    assertEquals(error.remedy, remedy);
  });
}

test("FileError shows no character of a name or reason that would drive a terminal", () => {
  const error = new FileError("Cannot write", "it is \u202e held", { ...details, path: "/a\u009b31m\u202e" });
  assertEquals(
    error.message,
    'Cannot write "/a\\u009b31m\\u202e": it is \\u202e held (EACCES); the file is unchanged',
  );
  assertEquals(error.path, "/a\u009b31m\u202e");
});

test("FileError carries code, path, step and cause, and empty lists for what cleaning up may add", () => {
  const cause = new Error("native");
  const error = new WriteError("Cannot write", "sync failed", { ...details, cause });
  assertEquals([error.code, error.path, error.step], ["EACCES", "/etc/a.json", "rename"]);
  assertStrictEquals(error.cause, cause);
  assertEquals([error.cleanupErrors, error.leftBehind], [[], []]);
});

test("FileError without a cause has no property cause", () => {
  assertFalse("cause" in new WriteError("Cannot write", "it is a directory", details));
});

for (const [name, Class] of Object.entries(classes)) {
  test(`${name} is an Error and a FileError by that name, recognised by is`, () => {
    const error = new Class("Cannot write", "no reason", details);
    assertInstanceOf(error, Error);
    assertInstanceOf(error, FileError);
    assertEquals(error.name, name);
    assert(Class.is(error));
    assert(FileError.is(error));
  });

  test(`${name}.is knows no other class for its own`, () => {
    const others = Object.values(classes).filter((other) => other !== Class && other !== FileError);
    for (const Other of notEmpty(others)) {
      if (Class === FileError) continue;
      assertFalse(Class.is(new Other("Cannot write", "no reason", details)), Other.name);
    }
    for (const value of [undefined, null, "text", 5, {}, new Error(name), Object.create(null)]) {
      assertFalse(Class.is(value));
    }
  });
}

test("is recognises an error of another copy of the module by its brand", () => {
  const brands = ["FileError", "WriteError"].map((name) => Symbol.for(`@durable/atomic-write/${name}`));
  const foreign = Object.assign(new Error("from elsewhere"), Object.fromEntries(brands.map((brand) => [brand, true])));
  assert(FileError.is(foreign));
  assert(WriteError.is(foreign));
  assertFalse(ConflictError.is(foreign));
});

test("is does not take a class or its prototype's brand on a foreign value for granted", () => {
  assertFalse(WriteError.is(WriteError));
  assertFalse(WriteError.is({ [Symbol.for("@durable/atomic-write/WriteError")]: "yes" }));
});
