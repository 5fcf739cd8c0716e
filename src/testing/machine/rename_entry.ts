/**
 * rename(2): checks in the kernel's order, then one change of one directory, or one each of two.
 */
import type { DiskNode } from "./disk_node.ts";
import type { Machine, ProcessRecord } from "./machine.ts";
import type { Place } from "./path_walk.ts";
import { allows, permission, refusalToAdd, refusalToRemove } from "./permissions.ts";

/** Whether a component has no entry of its own. */
export const isSpecial = (name: string): boolean => name === "" || name === "." || name === "..";

/** Moves the entry at `source` to `target`, or calls `fail` having changed nothing. */
export function renameEntry(
  machine: Machine,
  process: ProcessRecord,
  source: Place,
  target: Place,
  fail: (code: string) => never,
): void {
  const refuse = (code: string | undefined) => {
    if (code !== undefined) fail(code);
  };
  if (isSpecial(source.name) || isSpecial(target.name)) fail("EBUSY");
  if (source.directory.device !== target.directory.device) fail("EXDEV");
  if (source.node === undefined || source.entry === undefined) return fail("ENOENT");
  const moved = source.node;
  if (moved.kind !== "directory" && (source.slash || target.slash)) fail("ENOTDIR");
  if (target.ancestors.includes(moved.number)) fail("EINVAL");
  if (target.node !== undefined && source.ancestors.includes(target.node.number)) fail("ENOTEMPTY");
  if (source.entry === target.entry && target.node !== undefined) return;

  refuse(refusalToRemove(machine, process, source.directory, moved));
  if (target.node === undefined) refuse(refusalToAdd(machine, process, target.directory));
  else {
    refuse(refusalToRemove(machine, process, target.directory, target.node));
    checkKinds(moved, target.node, fail);
  }
  const otherDirectory = source.directory.number !== target.directory.number;
  // The entry `..` of a moved directory is rewritten.
  if (otherDirectory && moved.kind === "directory" && !allows(process, moved.visible, permission.write)) fail("EACCES");
  if (source.entry !== moved.number || target.entry !== target.node?.number) fail("EBUSY");
  if (target.node?.kind === "directory" && target.node.entries.size > 0) fail("ENOTEMPTY");

  const { renameOverOpen } = machine.plan.options;
  if (renameOverOpen !== undefined && target.node?.kind === "file" && machine.isOpen(target.node.number)) {
    fail(renameOverOpen);
  }

  const now = machine.scheduler.now();
  if (otherDirectory) {
    // The new name first: at no instant may programs see the file under neither.
    machine.disk.changeEntries(target.directory.number, [[target.name, moved.number]], now);
    machine.disk.changeEntries(source.directory.number, [[source.name, undefined]], now);
  } else {
    const assignments = [[source.name, undefined], [target.name, moved.number]] as const;
    machine.disk.changeEntries(source.directory.number, assignments, now);
  }
}

function checkKinds(moved: DiskNode, replaced: DiskNode, fail: (code: string) => never): void {
  if (moved.kind === "directory" && replaced.kind !== "directory") fail("ENOTDIR");
  if (moved.kind !== "directory" && replaced.kind === "directory") fail("EISDIR");
}
