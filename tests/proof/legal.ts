/**
 * What a disk may show: old or new and never else; acknowledged is durable, as far as it was said to be; earlier versions
 * are whole and not lost; nothing is there that no rule explains.
 */
import { parseBackupName, parseTemporaryName } from "../../src/protocol/names/names.ts";
import type { MemoryRuntime } from "../../src/testing/mod.ts";
import { absent, type Acknowledged, lastVersion, nameOf, parentOf, type Row, type Version, versionAt } from "./row.ts";

/** How the operation came to its end. */
export type End = "power cut" | "kill";

/** Throws with what was found and what would have been allowed. */
function refuse(what: string, found: unknown, allowed: unknown): never {
  throw new Error(`${what}: found ${JSON.stringify(found)}, allowed: ${JSON.stringify(allowed)}`);
}

/** Whether `found` is `whole` with parts of it still zeros or missing, whatever its metadata. */
function isTorn(found: Version, whole: Version): boolean {
  const textOf = (version: Version) => JSON.parse(version.slice(version.indexOf('"'))) as string;
  if (!found.includes('"') || !whole.includes('"')) return false;
  const [part, all] = [textOf(found), textOf(whole)];
  return part.length <= all.length && [...part].every((character, index) => [all[index], "\0"].includes(character));
}

/** Without mode and owner. */
const contentOf = (version: Version): string => version.slice(version.indexOf('"'));

/** Whether two versions are one, as far as the row promises. */
export function isSame(row: Row, one: Version, other: Version): boolean {
  return one === other || (row.contentOnly === true && contentOf(one) === contentOf(other));
}

/** Whether a name on the disk is one that this module puts there beside the data. */
export function isOwnName(path: string): boolean {
  const name = nameOf(path);
  if (name.endsWith(".lock") || nameOf(parentOf(path)).endsWith(".lock")) return true;
  return isTemporary(path) || parseBackupName(name) !== undefined;
}

/** The same few names come up on hundreds of thousands of disks. */
const temporary = new Map<string, boolean>();

/** Whether a file is, or is in, what is thrown away unless it is renamed. */
export function isTemporary(path: string): boolean {
  const known = temporary.get(path);
  if (known !== undefined) return known;
  const is = [nameOf(path), nameOf(parentOf(path))].some((name) => parseTemporaryName(name) !== undefined);
  temporary.set(path, is);
  return is;
}

/** Temporary files on the disk. `paths` is everything on it, for who has listed it. */
export function temporaryFiles(machine: MemoryRuntime, paths = Object.keys(machine.files())): string[] {
  return paths.filter((path) => isTemporary(path.endsWith("/") ? path.slice(0, -1) : path));
}

/** What the backups of the row's file hold. */
export function backupVersions(
  machine: MemoryRuntime,
  row: Row,
  paths = Object.keys(machine.files()),
): { path: string; version: Version }[] {
  const { backups } = row;
  if (backups === undefined) return [];
  return paths.filter((path) =>
    parentOf(path) === backups.directory && parseBackupName(nameOf(path))?.target === nameOf(backups.path)
  ).map((path) => ({ path, version: versionAt(machine, path) }));
}

/** Facts oblige after a kill in any case, after a power cut as far as they promised. */
function mustHold(row: Row, fact: Acknowledged, end: End): boolean {
  if (end === "kill" || fact.durability === "full") return true;
  return fact.durability === "barrier" && row.machine.capabilities?.barrierSync !== true;
}

function checkFiles(machine: MemoryRuntime, row: Row, facts: readonly Acknowledged[], end: End): void {
  const mayBeTorn = row.torn === true && end === "power cut";
  for (const { path, versions } of row.files) {
    const due = facts.filter((fact) => fact.path === path && mustHold(row, fact, end));
    const from = Math.max(0, ...due.map(({ version }) => version));
    const allowed = versions.slice(from);
    const found = versionAt(machine, path);
    if (allowed.some((version) => isSame(row, version, found))) continue;
    if (mayBeTorn && allowed.some((version) => isTorn(found, version))) continue;
    refuse(`${path}${from > 0 ? `, acknowledged as ${versions[from]}` : ""}`, found, allowed);
  }
}

function checkBackups(machine: MemoryRuntime, row: Row, end: End, paths: string[]): void {
  const { backups } = row;
  if (backups === undefined) return;
  const found = backupVersions(machine, row, paths).map(({ version }) => version);
  for (const version of found) {
    if (backups.legal.some((legal) => isSame(row, legal, version))) continue;
    if (row.torn && end === "power cut" && backups.legal.some((legal) => isTorn(version, legal))) continue;
    refuse("a backup", version, backups.legal);
  }
  const file = row.files.find(({ path }) => path === backups.path);
  if (file === undefined || (row.torn && end === "power cut")) return;
  const now = versionAt(machine, file.path);
  const required = isSame(row, now, lastVersion(file))
    ? backups.afterwards
    : isSame(row, now, file.versions[0] ?? absent)
    ? backups.before
    : [];
  for (const version of required) {
    if (!found.some((each) => isSame(row, each, version))) refuse(`the backups beside ${now}`, found, required);
  }
}

function checkNames(machine: MemoryRuntime, row: Row, paths: string[]): void {
  const tracked = new Set(row.files.map(({ path }) => path));
  const identities = new Set(row.files.map(({ path }) => machine.statusOf(path)?.identity));
  // Who creates a file exclusively links it, and removes the other name afterwards.
  const linked = row.repeatRefused === "EEXIST" ? [] : temporaryFiles(machine, paths);
  for (const path of linked) {
    if (identities.has(machine.statusOf(path)?.identity)) refuse("a temporary name that leads to the data", path, []);
  }
  for (const path of paths) {
    if (path.endsWith("/") || tracked.has(path) || isOwnName(path)) continue;
    refuse("a name that no rule explains", path, [...tracked]);
  }
}

/**
 * Throws unless this disk may be found after the operation was cut off, given what had been acknowledged. `paths` is
 * everything on it.
 */
export function checkDisk(
  machine: MemoryRuntime,
  row: Row,
  facts: readonly Acknowledged[],
  end: End,
  paths = Object.keys(machine.files()),
): void {
  checkFiles(machine, row, facts, end);
  checkBackups(machine, row, end, paths);
  checkNames(machine, row, paths);
}

/** The state of all tracked files and of their backups, to be compared. `paths` is everything on the disk. */
export function stateOf(machine: MemoryRuntime, row: Row, paths?: string[]): Record<string, Version> {
  const state: Record<string, Version> = {};
  for (const { path } of row.files) state[path] = versionAt(machine, path);
  for (const { path, version } of backupVersions(machine, row, paths)) state[path] = version;
  return state;
}

/** Throws unless every file is in its last version (or, of an operation that is refused, its first). */
export function checkFinal(machine: MemoryRuntime, row: Row): void {
  for (const file of row.files) {
    const expected = row.refused === undefined ? lastVersion(file) : file.versions[0] ?? absent;
    const found = versionAt(machine, file.path);
    // Mode and owner of a torn file are kept by whoever replaces it.
    if (isSame({ ...row, contentOnly: row.contentOnly === true || row.torn === true }, found, expected)) continue;
    refuse(file.path, found, expected);
  }
}
