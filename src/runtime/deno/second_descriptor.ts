/**
 * A second descriptor of a file that Deno has open, for what FsFile lacks: fchmod, fchown, FICLONE.
 *
 * FsFile does not tell its descriptor. So node:fs (loaded here, with the first use) opens the path once more, following
 * nothing and waiting for nothing, and both descriptors are compared by what fstat says of them. Only when they are one
 * file is the second one used: a name that was replaced meanwhile leads to ESTALE, and never to another file's mode or
 * owner.
 *
 * A second open needs the permission to read the file, which its own new mode may take away: so a descriptor, once
 * opened, is kept until the file is closed.
 */
import type { BigIntStats } from "node:fs";
import { builtin } from "../builtin.ts";
import type { DenoFile } from "./namespace.ts";
import { SystemError } from "../system_error.ts";

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
