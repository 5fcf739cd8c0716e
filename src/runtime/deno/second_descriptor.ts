/**
 * A second descriptor of a file that Deno has open, for what FsFile lacks: fchmod, fchown, FICLONE.
 *
 * FsFile does not tell its descriptor. So node:fs (loaded here, with the first use) opens the path once more, following
 * nothing and waiting for nothing, and both descriptors are compared by what fstat says of them. Only when they are one
 * file is the second one used: a name that was replaced in the meantime leads to ESTALE, and never to another file's
 * mode or owner.
 *
 * A second open needs the permission to read the file, which its own new mode may take away: so a descriptor, once
 * opened, is kept until the file is closed.
 */
import type { BigIntStats } from "node:fs";
import { builtin } from "../builtin.ts";
import { deno, type DenoFile } from "./namespace.ts";
import { toStatus } from "./status.ts";
import { guardMissing, SystemError } from "../system_error.ts";

/** Permission bits that creation may be given. The others are set through the descriptor, if at all. */
export const creationBits = 0o777;
/** Without it only root could open a file a second time. */
export const ownerMayRead = 0o400;

function same(stats: BigIntStats, file: DenoFile): boolean {
  const info = file.statSync();
  // Deno tells numbers where node:fs tells big integers; both are rounded alike.
  return Number(stats.dev) === info.dev && Number(stats.ino) === info.ino;
}

/** Opens the file at `path` once more; throws ESTALE when that is not `file` any more. */
export function openSecond(file: DenoFile, path: string, call: string, writable = false): number {
  const { closeSync, constants, fstatSync, openSync } = builtin("node:fs");
  const descriptor = openSync(
    path,
    (writable ? constants.O_RDWR : constants.O_RDONLY) | constants.O_NOFOLLOW | constants.O_NONBLOCK,
  );
  let isSame = false;
  try {
    isSame = same(fstatSync(descriptor, { bigint: true }), file);
  } finally {
    if (!isSame) closeSync(descriptor);
  }
  if (!isSame) throw new SystemError("ESTALE", call, path);
  return descriptor;
}

/**
 * Opens the second descriptor of a file that was created readable for its owner, and takes that right away again. When
 * that fails, nothing is left of the file.
 */
export function narrowed(file: DenoFile, path: string): number {
  let second: number | undefined;
  try {
    second = openSecond(file, path, "create");
    builtin("node:fs").fchmodSync(second, (file.statSync().mode ?? 0) & creationBits & ~ownerMayRead);
    return second;
  } catch (error) {
    if (second !== undefined) builtin("node:fs").closeSync(second);
    const { identity } = toStatus(file.statSync());
    file.close();
    if (guardMissing("create", path, undefined, () => toStatus(deno().lstatSync(path)).identity) === identity) {
      deno().removeSync(path);
    }
    throw error;
  }
}
