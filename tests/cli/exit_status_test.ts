/** Which status an error becomes, without making it happen; what can happen does in the tests beside this one. */
import { assertEquals } from "@std/assert";
import { it } from "node:test";
import { UsageError } from "../../src/cli/arguments.ts";
import { exitStatus, statusOf } from "../../src/cli/exit_status.ts";
import { describeFailure } from "../../src/cli/failure.ts";
import { Interrupted } from "../../src/cli/interruption.ts";
import {
  ActivationError,
  ConflictError,
  CorruptionError,
  OutOfRange,
  RollbackFailedError,
  type TargetState,
  UnsupportedError,
  ValidationError,
  WriteError,
} from "../../src/core/errors.ts";
import { notEmpty } from "../support/tally.ts";

const details = (code: string, step = "rename") => ({ code, path: "/a", step, targetState: "unchanged" as const });

it("the statuses are the documented ones", () => {
  assertEquals(exitStatus, {
    done: 0,
    notInTime: 1,
    conflict: 2,
    usage: 64,
    badData: 65,
    noInput: 66,
    internal: 70,
    cannotCreate: 73,
    inputOutput: 74,
    tryAgain: 75,
    noPermission: 77,
    rolledBack: 90,
    rollbackFailed: 91,
    notRunnable: 126,
    noProgram: 127,
  });
});

it("codes become statuses", () => {
  const table: Record<number, string> = {
    73: "ENOENT EISDIR ENOTDIR ENAMETOOLONG EROFS ELOOP EMLINK EXDEV EINVAL ENOTSUP",
    74: "EIO ENOSPC EDQUOT EFBIG EUNKNOWN ESOMETHINGNEW",
    75: "EAGAIN EMFILE ENFILE EBUSY ETXTBSY ESTALE",
    77: "EACCES EPERM ENOTCAPABLE",
  };
  for (const [status, codes] of Object.entries(table)) {
    for (const code of notEmpty(codes.split(" "))) assertEquals(statusOf(code), Number(status), code);
  }
});

it("errors become statuses", () => {
  const status = (error: unknown) => describeFailure(error).status;
  assertEquals(status(new WriteError("Cannot write", "x", details("EIO"))), 74);
  assertEquals(status(new ConflictError("Cannot create", "x", details("EEXIST"))), 2);
  assertEquals(status(new CorruptionError("Cannot read", "x", details("ECORRUPT"))), 65);
  assertEquals(status(new UnsupportedError("Cannot write", "x", details("EINVAL"))), 73);
  assertEquals(status(new WriteError("Cannot copy", "x", details("ENOENT", "open"))), 66);
  assertEquals(status(new WriteError("Cannot copy", "x", details("EACCES", "open"))), 77);
  assertEquals(status(new WriteError("Cannot sweep", "x", details("ENOENT", "readDirectory"))), 66);
  const activation = (targetState: TargetState) =>
    new ActivationError("Cannot apply", "x", { ...details("EACTIVATE", "activate"), targetState });
  assertEquals(status(new ValidationError("Cannot apply", "x", details("EINVALID", "validate"))), 65);
  assertEquals(status(activation("unchanged")), 90);
  assertEquals(status(activation("replaced")), 91);
  assertEquals(status(new RollbackFailedError("Cannot roll back", "x", details("EROLLBACK", "roll back"))), 91);
  assertEquals(status(new WriteError("Cannot roll back", "x", details("ENOENT", "resolve"))), 66);
  assertEquals(status(new UsageError("x")), 64);
  assertEquals(status(new OutOfRange("There is no user named x")), 64);
  assertEquals(status(new RangeError("Array buffer allocation failed")), 70);
  assertEquals(status(new TypeError("x is not a function")), 70);
  assertEquals(status("thrown"), 70);
});

it("an internal error shows its stack, for a bug report", () => {
  const error = new TypeError("x is not a function");
  const { lines, error: told } = describeFailure(error);
  assertEquals(lines, ["Internal error: x is not a function", error.stack ?? ""]);
  assertEquals(told, {
    code: "EINTERNAL",
    step: "unknown",
    targetState: "unknown",
    message: "Internal error: x is not a function",
  });
});

it("what is left behind is reported", () => {
  const error = new WriteError("Cannot write", "x", details("EIO"));
  error.leftBehind.push("/.a.tmp");
  const { lines, error: told } = describeFailure(error);
  assertEquals(lines, ['Cannot write "/a": x (EIO); the file is unchanged', 'left behind: "/.a.tmp"']);
  assertEquals(told.leftBehind, ["/.a.tmp"]);
});

it("an interruption tells its signal", () => {
  const { signal, lines } = describeFailure(new Interrupted("Cannot write", "/a", "SIGTERM"));
  assertEquals(signal, "SIGTERM");
  assertEquals(lines, ['Cannot write "/a": interrupted (SIGTERM); the file is unchanged']);
});
