/**
 * Every name this module puts on disk: built and parsed here, those of transactions in transaction.ts, those of
 * published directories in generation.ts, those of stores in store.ts, and nowhere else.
 *
 *     .NAME.RANDOM.PROOF.tmp    a temporary file; RANDOM is 128 bits in base 32; PROOF says how its owner's death shows:
 *         f                       its owner holds flock on it until the commit
 *         pBOOT-NAMESPACE-PID-STARTED
 *                                 its owner is this process of this pid namespace of this start of the machine
 *         n                       no proof but its age
 *     .NAME.TIME.bak            an earlier version; TIME is 20261120T191022123Z
 *
 * NAME is the target's name, shortened where the whole would be too long: `start~hash`. Limits are in bytes.
 */
import type { ProcessFacts } from "../../runtime/process_host.ts";

/** How the death of a temporary file's owner can be proven. */
export type Proof = { readonly kind: "lock" } | { readonly kind: "process"; readonly facts: ProcessFacts } | {
  readonly kind: "none";
};

/** What the name of a temporary file says. */
interface TemporaryName {
  /** The target's name, perhaps shortened. */
  readonly target: string;
  readonly proof: Proof;
}

/** What the name of a backup says. */
interface BackupName {
  /** The target's name, perhaps shortened. */
  readonly target: string;
  /** Milliseconds since 1970. */
  readonly time: number;
}

/** NAME_MAX of the file systems in use; eCryptfs has 143, which a shortened temporary name with `f` keeps to. */
export const nameLimit = 255;
/** How much of a target's name is part of the name of a temporary file or a stage. */
export const temporaryTargetLimit = 64;
const backupTargetLimit = nameLimit - ".".length - ".20261120T191022123Z.bak".length;
const randomBytes = 16;
const alphabet = "abcdefghijklmnopqrstuvwxyz234567";

const encoder = new TextEncoder();

/** FNV-1a, 64 bits: tells long names apart; nothing relies on it being hard to collide. */
function shortHash(bytes: Uint8Array): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, "0");
}

/** `name` in at most `limit` bytes: itself, or its start and a hash of all of it. */
export function shortenName(name: string, limit: number): string {
  // A unit of UTF-16 makes at most three bytes.
  if (name.length * 3 <= limit) return name;
  const bytes = encoder.encode(name);
  if (bytes.length <= limit) return name;
  const suffix = `~${shortHash(bytes)}`;
  let end = limit - suffix.length;
  // Never cut a character in two: a byte 10xxxxxx continues one.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return new TextDecoder().decode(bytes.subarray(0, end)) + suffix;
}

/** 128 random bits as a part of a name, in base 32. */
export function randomPart(random: (length: number) => Uint8Array): string {
  const codes: number[] = [];
  let value = 0;
  let bits = 0;
  for (const byte of random(randomBytes)) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      codes.push(alphabet.charCodeAt((value >>> bits) & 31));
    }
    value &= (1 << bits) - 1;
  }
  codes.push(alphabet.charCodeAt((value << (5 - bits)) & 31));
  // At once: grown by a character each, a text is as many objects.
  return String.fromCharCode(...codes);
}
/** What {@linkcode randomPart} makes, as a regular expression. */
export const randomGrammar = "[a-z2-7]{26}";

/** A proof as a part of a name. */
export function proofText(proof: Proof): string {
  if (proof.kind === "lock") return "f";
  if (proof.kind === "none") return "n";
  const { boot, namespace, pid, started } = proof.facts;
  return `p${boot}-${namespace}-${pid}-${started}`;
}

const factsGrammar = "p([0-9a-z]{1,40})-([0-9]{1,20})-([0-9]{1,10})-([0-9]{1,20})";
/** What {@linkcode proofText} makes, as a regular expression with five groups. */
export const proofGrammar: string = `(f|n|${factsGrammar})`;

/** The proof that five groups of a match say. */
export function proofOf(groups: readonly (string | undefined)[]): Proof {
  const [kind, boot = "", namespace = "", pid = "", started = ""] = groups;
  if (kind === "f") return { kind: "lock" };
  if (kind === "n") return { kind: "none" };
  return { kind: "process", facts: { boot, namespace, pid: Number(pid), started } };
}

/** A new name for a temporary file of `target`. */
export function temporaryName(target: string, proof: Proof, random: (length: number) => Uint8Array): string {
  return `.${shortenName(target, temporaryTargetLimit)}.${randomPart(random)}.${proofText(proof)}.tmp`;
}

const temporaryPattern = new RegExp(`^\\.(.+)\\.${randomGrammar}\\.${proofGrammar}\\.tmp$`, "s");

/** Reads the name of a temporary file; undefined for every other name. */
export function parseTemporaryName(name: string): TemporaryName | undefined {
  const match = temporaryPattern.exec(name);
  if (match === null) return undefined;
  return { target: match[1] ?? "", proof: proofOf(match.slice(2)) };
}

/** Whether a temporary file was made for the file `name`. */
export function isTemporaryOf(parsed: TemporaryName, name: string): boolean {
  return parsed.target === shortenName(name, temporaryTargetLimit);
}

/** That of the facts that were asked for last: a process asks for its own with every write. */
let lastProof: { readonly facts: ProcessFacts | undefined; readonly proof: Proof } | undefined;

/** The proof by a process's facts, where they are known and can be part of a name. */
export function processProof(facts: ProcessFacts | undefined): Proof {
  if (lastProof === undefined || lastProof.facts !== facts) {
    const proof: Proof = facts !== undefined && factsFitName(facts) ? { kind: "process", facts } : { kind: "none" };
    lastProof = { facts, proof };
  }
  return lastProof.proof;
}

/** Whether process facts can be part of a name. */
export function factsFitName(facts: ProcessFacts): boolean {
  return temporaryPattern.test(`.x.${"a".repeat(26)}.${proofText({ kind: "process", facts })}.tmp`);
}

/** The last moment that the name of a backup can say. */
export const lastBackupTime: number = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** How the name of a backup names its target. */
export const backupTarget = (name: string): string => shortenName(name, backupTargetLimit);

/** A moment as a part of a name. */
export const timePart = (time: number): string => new Date(time).toISOString().replace(/[-:.]/g, "");

/** The moment that a part of a name says; undefined when {@linkcode timePart} does not build it. */
export function timeOf(part: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z$/.exec(part);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, millisecond] = match;
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${millisecond}Z`);
  // 20260231 parses as 3 March in some engines.
  return Number.isFinite(time) && timePart(time) === part ? time : undefined;
}

/** The name of a backup of `target` made at `time`. */
export function backupName(target: string, time: number): string {
  const stamp = timePart(time);
  return `.${backupTarget(target)}.${stamp}.bak`;
}

const backupPattern = /^\.(.+)\.([^.]+)\.bak$/s;

/** Reads the name of a backup; undefined for every other name. */
export function parseBackupName(name: string): BackupName | undefined {
  const [, target = "", part = ""] = backupPattern.exec(name) ?? [];
  const time = timeOf(part);
  // Only a name that builds back to itself is ours.
  return time === undefined || backupName(target, time) !== name ? undefined : { target, time };
}

/** Whether a parsed backup belongs to the file of this name. */
export function isBackupOf(parsed: BackupName, name: string): boolean {
  return parsed.target === backupTarget(name);
}

const lockTargetLimit = nameLimit - ".lock".length;

/** The name of the lock beside `target`. */
export function lockName(target: string): string {
  return `${shortenName(target, lockTargetLimit)}.lock`;
}

/** The name of the lock of `target` in a directory that holds the locks of many: `home` identifies the target's own. */
export function distantLockName(target: string, home: string): string {
  const suffix = `~${shortHash(encoder.encode(`${home}/${target}`))}.lock`;
  return shortenName(target, nameLimit - suffix.length) + suffix;
}

const longestEnding = ".1000.inner".length;

/** A hidden file that goes with a lock, and with the waiting for it. */
const besideLock = (lock: string, ending: string): string =>
  `.${shortenName(lock, nameLimit - 1 - longestEnding)}${ending}`;

/** The name of the gate at which those wait who want the lock with this name for themselves. */
export const gateName = (lock: string): string => besideLock(lock, ".gate");

/** The name of the lock within a lock that this program's ancestors hold, `depth` of them one inside the other. */
export const innerLockName = (lock: string, depth: number): string => besideLock(lock, `.${depth}.inner`);

/** What the name of the one file in a lock directory says. */
export interface LockToken {
  /** How often the lock has changed hands by takeover. */
  readonly generation: number;
  /** Counted up by a holder that renews; undefined for one that does not. */
  readonly stamp: number | undefined;
  /** Whose it is; never used twice. */
  readonly random: string;
  /** How the holder's death can be proven. */
  readonly facts: ProcessFacts | undefined;
}

/** The name of a token. */
export function tokenName(token: LockToken): string {
  const proof = token.facts === undefined ? "n" : proofText({ kind: "process", facts: token.facts });
  return `g${token.generation}.${token.stamp ?? "x"}.${token.random}.${proof}`;
}

/** A token nobody has ever had. */
export function newToken(
  facts: ProcessFacts | undefined,
  renews: boolean,
  generation: number,
  random: (length: number) => Uint8Array,
): LockToken {
  const known = facts !== undefined && factsFitName(facts) ? facts : undefined;
  return { generation, stamp: renews ? 0 : undefined, random: randomPart(random), facts: known };
}

const tokenPattern = new RegExp(`^g([0-9]{1,10})\\.(x|[0-9]{1,12})\\.(${randomGrammar})\\.(?:n|${factsGrammar})$`);

/** Reads the name of a token; undefined for every other name. */
export function parseTokenName(name: string): LockToken | undefined {
  const match = tokenPattern.exec(name);
  if (match === null) return undefined;
  const [, generation, stamp, random = "", boot, namespace = "", pid, started = ""] = match;
  return {
    generation: Number(generation),
    stamp: stamp === "x" ? undefined : Number(stamp),
    random,
    facts: boot === undefined ? undefined : { boot, namespace, pid: Number(pid), started },
  };
}
