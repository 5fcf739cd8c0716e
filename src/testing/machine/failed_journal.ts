/**
 * What a file system whose journal could not be written answers afterwards, measured on a disk that answers EIO: most
 * of ext4 lies, most of xfs tells (docs/proof.md).
 */
import type { DiskNode } from "./disk_node.ts";
import type { Machine } from "./machine.ts";

const attributeChanges: ReadonlySet<string> = new Set(["setMode", "setOwner", "setTimes", "setAttribute"]);
const refusedByExt4: ReadonlySet<string> = new Set([
  "create",
  "makeDirectory",
  "rename",
  "link",
  "symbolicLink",
  "remove",
  "removeDirectory",
  "truncate",
]);
/** Calls that reach no file system that has given up: they concern what the process or the kernel holds. */
const untouched: ReadonlySet<string> = new Set(["close", "seek", "tryLock", "lock", "unlock"]);

/** Why a call is refused since a sync has failed the transaction of an inode's file system; undefined: it is not. */
export function journalRefusal(machine: Machine, node: DiskNode, call: string): string | undefined {
  const device = machine.device(node);
  const changes = machine.disk.changesSinceFailure(device.name);
  if (changes === undefined || device.journal === "silent" || untouched.has(call)) return undefined;
  if (device.journal === "xfs") return call === "sync" && node.kind === "directory" ? undefined : "EIO";
  if (refusedByExt4.has(call)) return "EROFS";
  if (!attributeChanges.has(call)) return undefined;
  if (changes > 0) return "EROFS";
  machine.disk.allowChange(device.name);
  return undefined;
}
