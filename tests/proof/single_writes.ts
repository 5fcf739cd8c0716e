/**
 * Rows for writes of one file: every feature and all pairs of features (write_features.ts), on everything that may be at
 * the path, with content that reaches the disk in one to three pieces. What may be found is derived here, from what the
 * documentation promises, not from what the engine does.
 */
import type { WriteFileSyncOptions } from "../../mod.ts";
import { wait } from "../../src/core/operation.ts";
import type { InitialEntry, MemoryOptions } from "../../src/testing/mod.ts";
import { absent, fileOf, linkOf, type Row, type TrackedBackups, type TrackedFile, type Version } from "./row.ts";
import { inPieces } from "./pieces.ts";
import { digestOf, type Feature, features, fit, newText, oldText, type Place, placesOf } from "./write_features.ts";

/** An earlier version that is there at the beginning, and its name. */
const olderText = "older";
const olderName = ".a.20251231T235959000Z.bak";

interface Case {
  readonly place: Place;
  readonly chosen: readonly Feature[];
  readonly options: WriteFileSyncOptions;
  readonly equal: boolean;
  /** The mode of the file that is there. */
  readonly oldMode: number;
  /** The file that is written. */
  readonly path: string;
  /** What is there before: undefined for nothing, and for a symlink that is replaced. */
  readonly text: string | undefined;
}

function caseOf(place: Place, chosen: readonly Feature[]): Case {
  const options: WriteFileSyncOptions = Object.assign({}, ...chosen.map((feature) => feature.options));
  const equal = chosen.some((feature) => feature.equal === true);
  // Directories are missing only where the file is.
  if (options.createDirectories === true && options.backupDirectory !== undefined) options.backupDirectory = "/k/deep";
  if (equal && typeof options.ifMatch === "string") options.ifMatch = digestOf(newText);
  const replacesLink = place === "symlink" && options.symlink === "replace";
  const path = place === "symlink" && !replacesLink
    ? "/e/real"
    : place === "absent" && options.createDirectories === true
    ? "/d/x/y/a"
    : "/d/a";
  const text = place === "absent" || replacesLink ? undefined : equal ? newText : oldText;
  const oldMode = chosen.some(({ sealed }) => sealed === true) ? 0o440 : 0o640;
  return { place, chosen, options, equal, oldMode, path, text };
}

/** The code with which a write is refused whatever happens; undefined where it is not. */
function refusalOf({ place, options, text }: Case): string | undefined {
  if (place === "symlink" && options.symlink === "refuse") return "ELOOP";
  const exists = place !== "absent";
  if (exists && (options.ifExists === "fail" || options.ifMatch === null)) return "EEXIST";
  if (typeof options.ifMatch === "string" && !exists) return "ECONFLICT";
  if (options.whenReadOnly === "refuse" && text !== undefined) return "EACCES";
  if (place === "linked" && options.hardLink === "refuse" && text !== undefined) return "EMLINK";
  return undefined;
}

/**
 * Equal content is left in place, and its mode and owner are corrected there; but not of a file with further names, where
 * others may reach it who are not to get these permissions: that is replaced (docs/design.md, "Decisions in the protocol").
 */
function isSettled({ equal, place, options }: Case): boolean {
  const corrects = typeof options.mode === "number" || typeof options.owner === "object";
  return equal && !(place === "linked" && corrects);
}

/** What the written file may become, last what it ends as. */
function versionsOf(one: Case): Version[] {
  const { options, text, oldMode } = one;
  const before = text === undefined ? undefined : fileOf(text, oldMode, 50);
  const mode = typeof options.mode === "number"
    ? options.mode
    : before !== undefined
    ? oldMode
    : options.defaults?.mode ?? (options.defaults?.creationMode ?? 0o666) & ~0o022;
  const named = typeof options.owner === "object" ? 60 : undefined;
  const after = fileOf(newText, mode, named ?? (before === undefined || options.owner === "leave" ? 1000 : 50));
  if (before === undefined) return [absent, after];
  if (!isSettled(one)) return [before, after];
  // Left in place: mode and owner are corrected one after the other, as far as they were named.
  const settled = fileOf(newText, mode, named ?? 50);
  return [before, fileOf(newText, oldMode, named ?? 50), fileOf(newText, mode, 50), settled];
}

function entriesOf({ place, path, text, options, oldMode }: Case): Record<string, string | InitialEntry> {
  const old: InitialEntry = { content: text ?? oldText, mode: oldMode, group: 50 };
  const older: InitialEntry = { content: olderText, mode: 0o640, group: 50 };
  const directories = {
    "/d/": { kind: "directory" },
    "/e/": { kind: "directory" },
    "/k/": { kind: "directory" },
  } as const;
  const entries: Record<string, string | InitialEntry> = { ...directories };
  if (place === "present" || place === "linked") entries["/d/a"] = old;
  if (place === "linked") entries["/d/b"] = { link: "/d/a" };
  if (place === "symlink") {
    entries["/e/real"] = old;
    entries["/d/a"] = { symlink: "../e/real" };
  }
  if (options.backup !== undefined && path === "/d/a") {
    entries[`${options.backupDirectory ?? "/d"}/${olderName}`] = older;
  }
  return entries;
}

function trackedFiles(one: Case): TrackedFile[] {
  const { place, path, text, oldMode } = one;
  const files: TrackedFile[] = [];
  const old = fileOf(text ?? oldText, oldMode, 50);
  const replacesLink = place === "symlink" && path === "/d/a";
  const [, ...changed] = versionsOf(one);
  files.push({ path, versions: replacesLink ? [linkOf("../e/real"), ...changed] : versionsOf(one) });
  if (place === "symlink" && !replacesLink) files.push({ path: "/d/a", versions: [linkOf("../e/real")] });
  if (replacesLink) files.push({ path: "/e/real", versions: [old] });
  // One file under two names stays one where it is left in place.
  if (place === "linked") files.push({ path: "/d/b", versions: isSettled(one) ? versionsOf(one) : [old] });
  return files;
}

function trackedBackups(one: Case): TrackedBackups | undefined {
  const { options, path, text, place, equal, oldMode } = one;
  if (options.backup === undefined) return undefined;
  const directory = options.backupDirectory === undefined
    ? path.slice(0, path.lastIndexOf("/"))
    : String(options.backupDirectory);
  const older = path === "/d/a" ? [fileOf(olderText, 0o640, 50)] : [];
  const old = text === undefined ? [] : [fileOf(text, oldMode, 50)];
  const keepsName = options.durability !== "file" && options.durability !== "none";
  const afterwards = equal || refusalOf(one) !== undefined ? older : keepsName ? [...old, ...older] : older;
  // Before the write has settled, a backup of content that is settled in place shares its metadata.
  const legal = place === "absent" ? older : [...old, ...older];
  return { path, directory, legal, before: older, afterwards };
}

function machineOf(one: Case): MemoryOptions {
  const barriers = one.chosen.some((feature) => feature.barriers === true);
  const linkless = one.chosen.some((feature) => feature.linkless === true);
  return {
    groups: [50, 60],
    files: entriesOf(one),
    ...barriers ? { capabilities: { barrierSync: true } } : {},
    ...linkless ? { disk: { hardLinks: false } } : {},
  };
}

function writeRow(one: Case, pieces: number): Row | undefined {
  const { place, chosen, options, path } = one;
  const refused = refusalOf(one);
  const linkless = chosen.some((feature) => feature.linkless === true);
  // A file can have further names, and be published exclusively, only where there are hard links.
  if (linkless && (place === "linked" || options.ifExists === "fail" || options.ifMatch === null)) return undefined;
  const files = trackedFiles(one);
  const backups = trackedBackups(one);
  const asked = path === "/d/x/y/a" ? path : "/d/a";
  const what = chosen.map(({ name }) => name).join(", ") || "no options";
  const createsOnly = options.ifExists === "fail" || options.ifMatch === null;
  const repeats = createsOnly ? "EEXIST" : typeof options.ifMatch === "string" ? "ECONFLICT" : undefined;
  return {
    name: `write (${place}, ${pieces} pieces): ${what}`,
    machine: machineOf(one),
    files,
    ...backups === undefined ? {} : { backups },
    ...refused === undefined ? {} : { refused },
    ...repeats === undefined ? {} : { repeatRefused: repeats },
    torn: options.durability === "none",
    equal: one.equal,
    *run({ api, runtime, acknowledge }) {
      const text = newText;
      const result = yield* wait(api.writeFile(asked, text, { ...options, runtime: inPieces(runtime, text, pieces) }));
      for (const { path, versions } of files) {
        acknowledge({ path, version: versions.length - 1, durability: result.durability });
      }
      return result;
    },
  };
}

/** Two torn files at once have as many states as both together; three pieces of each would be more than can be listed. */
function piecesOf({ chosen, options }: Case, pieces: readonly number[]): readonly number[] {
  const copies = chosen.some((feature) => feature.linkless === true);
  return copies && options.durability === "none" ? pieces.filter((count) => count < 3) : pieces;
}

function rowsFor(chosen: readonly Feature[], pieces: readonly number[]): Row[] {
  return placesOf(chosen).flatMap((place) => {
    const one = caseOf(place, chosen);
    return piecesOf(one, pieces).flatMap((count) => writeRow(one, count) ?? []);
  });
}

/** Without any option, and each alone. */
export function singleFeatureWrites(pieces: readonly number[]): Row[] {
  return [[], ...features.map((feature) => [feature])].flatMap((chosen) => rowsFor(chosen, pieces));
}

/** All pairs. */
export function pairedFeatureWrites(pieces: readonly number[]): Row[] {
  return features.flatMap((one, index) =>
    features.slice(index + 1).filter((other) => fit(one, other)).flatMap((other) => rowsFor([one, other], pieces))
  );
}
