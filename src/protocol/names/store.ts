/**
 * The names that an object store and its references put on disk.
 *
 *     STORE/ab/cdef…62 digits    an object; `ab` and the rest are the SHA-256 of its content, in lower case
 *     STORE/damaged/DIGEST       an object that was found damaged and moved out of the way (`verify`, `quarantine`)
 *     STORE/objects.lock         shared while objects are put, exclusive while some are removed
 *     STORE/.object.RANDOM.PROOF.tmp   content whose digest is not known yet (names.ts)
 *
 *     REFERENCES/HEAD            where one stands
 *     REFERENCES/part/part       a reference named `part/part`
 *     REFERENCES/references.lock
 *
 * A reference's name is its path: so only names are allowed that every file system keeps apart and none reads otherwise.
 */
import { InvalidArgument } from "../../core/errors.ts";
import { parseDigest } from "../../core/digest.ts";
import { isDeviceName } from "../../core/bent_name.ts";

/** The SHA-256 of an object's content: 64 hexadecimal digits, in lower case. */
export type Digest = string;

/** What the temporary file of content is named after until its digest is known. */
export const incomingName = "object";
/** The directory of damaged objects that were moved out of the way, each under its whole digest. */
export const quarantineName = "damaged";
/** What the lock of a store is beside. */
export const objectsLockTarget = "objects";
/** What the lock of references is beside. */
export const referencesLockTarget = "references";
/** The file that says where one stands. */
export const headName = "HEAD";

/** A digest as a caller writes it, in lower case; TypeError for everything else. */
export function readDigest(value: unknown, name = "digest"): Digest {
  const digest = parseDigest(value);
  if (digest !== undefined) return digest;
  const shown = typeof value === "string" ? JSON.stringify(value) : `a value of type ${typeof value}`;
  throw new InvalidArgument(`${name} must be a SHA-256 in 64 hexadecimal digits, not ${shown}`);
}

/** Where an object is: its directory's name and its own. */
export function objectNames(digest: Digest): { shard: string; name: string } {
  return { shard: digest.slice(0, 2), name: digest.slice(2) };
}

/** Whether a directory of a store holds objects. */
export const isShardName = (name: string): boolean => /^[0-9a-f]{2}$/.test(name);

/** The digest of the object at this place; undefined for what is no object's name. */
export function parseObjectNames(shard: string, name: string): Digest | undefined {
  return isShardName(shard) && /^[0-9a-f]{62}$/.test(name) ? shard + name : undefined;
}

/** In bytes. A part shares its directory with temporary files, and a name must fit where paths end at 4,096. */
const longestPart = 200;
const longestName = 1024;
const encoder = new TextEncoder();

/** What Windows cannot have in a name, what has a meaning in revision syntax, and the separator of Windows. */
const forbidden = /[\p{Cc}<>:"|?*\\^~[\]]/u;

function whyNoPart(part: string): string | undefined {
  if (part === "") return "it has an empty part";
  if (part.includes("..")) return "it contains `..`";
  if (part.startsWith(".")) return "a part begins with a dot";
  if (/[. ]$/.test(part)) return "a part ends in a dot or a space, which some systems drop";
  if (part.startsWith(" ")) return "a part begins with a space";
  if (/\.lock$/i.test(part)) return "a part ends in `.lock`, as locks do";
  if (isDeviceName(part)) return "a part is a device on some systems";
  return encoder.encode(part).length > longestPart ? `a part is longer than ${longestPart} bytes` : undefined;
}

function whyNoName(name: string): string | undefined {
  if (name === "") return "it is empty";
  if (forbidden.test(name)) return 'it contains a control character or one of < > : " | ? * \\ ^ ~ [ ]';
  if (/[\ud800-\udfff]/u.test(name)) return "it contains half a character";
  if (name.normalize("NFC") !== name) return "it is not in Unicode's normal form C";
  if (encoder.encode(name).length > longestName) return `it is longer than ${longestName} bytes`;
  if (foldName(name.split("/")[0] ?? "") === foldName(headName)) return "HEAD is not the name of a reference";
  for (const part of name.split("/")) {
    const why = whyNoPart(part);
    if (why !== undefined) return why;
  }
  return undefined;
}

/** The parts of a reference's name; TypeError for what is none. */
export function referenceParts(name: unknown): string[] {
  if (typeof name !== "string") {
    throw new InvalidArgument(`The name of a reference must be a string, not ${typeof name}`);
  }
  const why = whyNoName(name);
  if (why !== undefined) throw new InvalidArgument(`${JSON.stringify(name)} cannot name a reference: ${why}`);
  return name.split("/");
}

/** Whether a file or directory by this name can be (part of) a reference. */
export const isReferenceName = (name: string): boolean => whyNoName(name) === undefined;

/** Names that a case-insensitive file system takes for one have one fold. */
export const foldName = (name: string): string => name.normalize("NFC").toUpperCase().toLowerCase();
