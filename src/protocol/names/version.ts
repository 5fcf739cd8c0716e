/**
 * The names of versions, for files that are changed by compare-and-swap and without a lock.
 *
 *     .NAME.vNUMBER             version NUMBER of NAME: a file, or where there are no hard links a directory with
 *         content                 the same bytes as the file would have
 *         pending                 an empty file: the program that made this version has not yet proven it
 *     ..NAME.vNUMBER.RANDOM.PROOF.tmp
 *                               a version that is being made: a temporary name like any other (names.ts). While it is a
 *                               second name of the version, that one is pending
 *
 * NUMBER is decimal, from 1 to 2^53 − 1, without leading zeros. NAME is shortened where the whole would be too long.
 */
import { isTemporaryOf, nameLimit, parseTemporaryName, shortenName } from "./names.ts";

/** What the name of a version says. */
interface VersionName {
  /** The target's name, perhaps shortened. */
  readonly target: string;
  readonly number: number;
}

/** The highest number that a version can have. */
export const highestVersion: number = Number.MAX_SAFE_INTEGER;

const targetLimit = nameLimit - `..v${highestVersion}`.length;

/** The content in a version that is a directory. */
export const contentName = "content";
/** What is in a version that is a directory until it is proven. */
export const pendingName = "pending";

/** The name of a version of `target`. */
export function versionName(target: string, number: number): string {
  return `.${shortenName(target, targetLimit)}.v${number}`;
}

const versionPattern = /^\.(.+)\.v([1-9][0-9]{0,15})$/s;

/** Reads the name of a version; undefined for every other name. */
export function parseVersionName(name: string): VersionName | undefined {
  const [, target = "", digits = ""] = versionPattern.exec(name) ?? [];
  const number = Number(digits);
  // Only a name that builds back to itself is ours.
  return target !== "" && number <= highestVersion && versionName(target, number) === name
    ? { target, number }
    : undefined;
}

/** Whether a parsed version belongs to the file of this name. */
export function isVersionOf(parsed: VersionName, name: string): boolean {
  return parsed.target === shortenName(name, targetLimit);
}

/** Whether this is the temporary name of something that may be the version of that name. */
export function isStageOf(name: string, version: string): boolean {
  const parsed = parseTemporaryName(name);
  return parsed !== undefined && isTemporaryOf(parsed, version);
}
