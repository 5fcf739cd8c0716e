/**
 * Why a name may not be taken away although the directory may be written to: EPERM from rename(2) and unlink(2) means a
 * sticky directory, or a file or directory that is immutable or append-only (ioctl_iflags(2)). The first follows from
 * what is known of owners; for the second, which no call of the seam shows, plain_words.ts has the words.
 */
import type { FileStatus } from "../runtime/runtime.ts";
import { SystemError } from "../runtime/system_error.ts";
import type { Engine } from "./engine.ts";
import { type Attempt, attemptFailed } from "./failure.ts";
import { knownOwner } from "./known_owner.ts";

/** What a name stood for, and where. */
interface RefusedName {
  readonly engine: Engine;
  readonly status: FileStatus | undefined;
  readonly directory: FileStatus;
}

/** unlink(2), "EPERM or EACCES": nobody else takes a file out of a sticky directory. */
function isHeldBack({ engine, status, directory }: RefusedName): boolean {
  if (status === undefined || (directory.mode & 0o1000) === 0) return false;
  const user = knownOwner(engine.runtime)?.user;
  return user === undefined || (user !== 0 && user !== status.user && user !== directory.user);
}

/** The error to go on with: one that names the sticky directory, where that is what has refused. */
export function explainRefusal(error: unknown, refused: RefusedName, attempt: Attempt): unknown {
  if (!(error instanceof SystemError) || error.code !== "EPERM" || !isHeldBack(refused)) return error;
  const reason = "its directory is sticky, and the file belongs to another user";
  return attemptFailed(attempt, error.code, error.call, reason, error);
}
