/** Pictures of a disk for people: in assertions and in reports of crashes. */
import type { DirectoryNode, DiskNode } from "./disk_node.ts";
import { lookUp } from "./build_machine.ts";
import type { Machine } from "./machine.ts";

interface Shown {
  readonly path: string;
  readonly node: DiskNode;
}

function addBelow(shown: Shown[], machine: Machine, directory: DirectoryNode, path: string): void {
  for (const name of [...directory.entries.keys()].sort()) {
    const node = machine.seen(directory.entries.get(name) ?? 0);
    shown.push({ path: path + name, node });
    if (node.kind === "directory") addBelow(shown, machine, node, `${path}${name}/`);
  }
}

function shownBelow(machine: Machine, path: string): Shown[] {
  const node = lookUp(machine, path, true)?.node;
  const shown: Shown[] = [];
  if (node?.kind === "directory") addBelow(shown, machine, node, path.endsWith("/") ? path : `${path}/`);
  return shown;
}

/** Path and text of every file below `directory`. */
export function listing(machine: Machine, directory: string): Record<string, string> {
  const files: Record<string, string> = {};
  for (const { path, node } of shownBelow(machine, directory)) {
    if (node.kind === "file") files[path] = node.visible.content.text();
    else if (node.kind === "symlink") files[path] = `→ ${node.text}`;
    else if (node.kind === "other") files[path] = "(other)";
    else if (node.kind === "directory" && node.entries.size === 0) files[`${path}/`] = "";
  }
  return files;
}

const mostShown = 60;

function contentOf(node: DiskNode): string {
  if (node.kind === "symlink") return `→ ${node.text}`;
  if (node.kind !== "file") return "";
  const { size } = node.visible.content;
  const text = node.visible.content.resize(Math.min(size, mostShown)).text();
  return `${size} bytes ${JSON.stringify(text)}${size > mostShown ? "…" : ""}`;
}

/** One line for everything on the disk: `path mode owner content`. */
export function picture(machine: Machine): string {
  const names = new Map<number, string>();
  const lines = shownBelow(machine, "/").map(({ path, node }) => {
    const first = names.get(node.number);
    if (first === undefined) names.set(node.number, path);
    const { mode, user, group } = node.visible;
    const metadata = `${mode.toString(8).padStart(4, "0")} ${user}:${group}`;
    const same = first === undefined ? "" : `, the same file as ${first}`;
    return `${path}${node.kind === "directory" ? "/" : ""} ${metadata} ${contentOf(node)}`.trimEnd() + same;
  });
  return lines.length === 0 ? "(empty)" : lines.join("\n");
}
