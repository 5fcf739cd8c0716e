/** The options of a write that interact, as features that can be combined: each alone, and all pairs. */
import type { WriteFileSyncOptions } from "../../mod.ts";
import { createHash } from "../../src/runtime/hash.ts";

/** What is at the path before the write. */
export type Place = "absent" | "present" | "symlink" | "linked";

/** Something a caller may ask for. */
export interface Feature {
  readonly name: string;
  /** Options of one group exclude each other. */
  readonly group: string;
  readonly options: WriteFileSyncOptions;
  /** Where it makes a difference; default: a new file and an existing one. */
  readonly places?: readonly Place[];
  /** The file has the new content already. */
  readonly equal?: boolean;
  /** The platform has a cheaper sync that only orders. */
  readonly barriers?: boolean;
  /** Nobody may write to the file that is there. */
  readonly sealed?: boolean;
  /** The file system has no hard links. */
  readonly linkless?: boolean;
}

/** The text before, and the text written. */
export const oldText = "old";
export const newText = "new text!";

/** SHA-256 of a text. */
export function digestOf(text: string): string {
  const hash = createHash();
  hash.update(new TextEncoder().encode(text));
  return hash.digest();
}

/** Every feature. */
export const features: readonly Feature[] = [
  { name: "durability barrier", group: "durability", options: { durability: "barrier" }, barriers: true },
  { name: "durability barrier, no barriers here", group: "durability", options: { durability: "barrier" } },
  { name: "durability file", group: "durability", options: { durability: "file" } },
  { name: "durability none", group: "durability", options: { durability: "none" } },
  { name: "mode 600", group: "mode", options: { mode: 0o600 } },
  { name: "default mode 604", group: "mode", options: { defaults: { mode: 0o604 } }, places: ["absent"] },
  {
    name: "new file's mode 640 minus the umask",
    group: "mode",
    options: { defaults: { creationMode: 0o640 } },
    places: ["absent"],
  },
  { name: "owner left", group: "owner", options: { owner: "leave" } },
  { name: "group 60", group: "owner", options: { owner: { group: 60 } } },
  { name: "backup 2", group: "backup", options: { backup: 2 } },
  { name: "backup 2 elsewhere", group: "backup", options: { backup: 2, backupDirectory: "/k" } },
  { name: "backup 2 by copying", group: "backup", options: { backup: 2 }, linkless: true },
  { name: "create only", group: "exists", options: { ifExists: "fail" } },
  { name: "if it is absent", group: "exists", options: { ifMatch: null } },
  { name: "if it matches", group: "exists", options: { ifMatch: digestOf(oldText) } },
  { name: "skip if equal", group: "equal", options: { skipIfEqual: true } },
  {
    name: "equal, skipped",
    group: "equal",
    options: { skipIfEqual: true },
    equal: true,
    places: ["present", "symlink", "linked"],
  },
  { name: "symlink followed", group: "link", options: { symlink: "follow" }, places: ["symlink"] },
  { name: "symlink replaced", group: "link", options: { symlink: "replace" }, places: ["symlink"] },
  { name: "symlink refused", group: "link", options: { symlink: "refuse" }, places: ["symlink"] },
  { name: "hard links broken", group: "link", options: { hardLink: "break" }, places: ["linked"] },
  { name: "hard links refused", group: "link", options: { hardLink: "refuse" }, places: ["linked"] },
  { name: "read-only refused", group: "read-only", options: { whenReadOnly: "refuse" }, sealed: true },
  { name: "directories created", group: "directories", options: { createDirectories: true } },
  { name: "digest", group: "digest", options: { digest: true } },
  { name: "lock", group: "lock", options: { lock: true } },
  { name: "lock directory", group: "lock", options: { lock: { backend: "directory" } } },
  { name: "failing syncs reported", group: "failing", options: { whenSyncFails: "report" } },
  { name: "unsupported syncs refused", group: "unsupported", options: { whenUnsupported: "throw" } },
];

/** Whether two features can be asked for together. */
export function fit(one: Feature, other: Feature): boolean {
  if (one.group === other.group) return false;
  return placesOf([one, other]).length > 0;
}

/** Where these features make a difference together. */
export function placesOf(chosen: readonly Feature[]): Place[] {
  const everywhere: Place[] = ["absent", "present", "symlink", "linked"];
  const places = everywhere.filter((place) => chosen.every((feature) => feature.places?.includes(place) ?? true));
  return chosen.some((feature) => feature.places !== undefined)
    ? places
    : places.filter((place) => place === "absent" || place === "present");
}
