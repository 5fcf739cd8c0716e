/** What stat tells of an inode. */
import type { FileStatus } from "../../runtime/runtime.ts";
import type { DiskNode } from "./disk_node.ts";

const encoder = new TextEncoder();

function sizeOf(node: DiskNode): number {
  if (node.kind === "file") return node.visible.content.size;
  if (node.kind === "directory") return 4096;
  return node.kind === "symlink" ? encoder.encode(node.text).length : 0;
}

/** The status of an inode, as programs see it. Directories have one link, as on btrfs. */
export function statusOf(node: DiskNode): FileStatus {
  const { mode, user, group, modified } = node.visible;
  return {
    kind: node.kind,
    size: sizeOf(node),
    mode,
    user,
    group,
    device: node.device,
    identity: `${node.device}:${node.number}`,
    links: node.kind === "directory" ? 1 : node.links,
    modified,
    created: node.created,
  };
}
