/** What an examination means: whether "full" is reachable, why not, and what to do to get more. */
import { statusOf } from "../exit_status.ts";
import { type ExitStatus, exitStatus } from "../exit_status.ts";
import { bytesText, countText } from "../quantity.ts";
import type { Examination } from "./examine.ts";
import { type Failed, isFailed } from "./probe.ts";

/** The judgement. */
export interface Verdict {
  /** Whether a write here is safely on disk when it reports "full". */
  readonly full: boolean;
  /** Why not. */
  readonly reasons: readonly string[];
  /** What to do to get more. */
  readonly advice: readonly string[];
  readonly status: ExitStatus;
}

const volatileTypes: readonly string[] = ["tmpfs", "ramfs"];
const remoteTypes: readonly string[] = ["nfs", "nfs4", "cifs", "smb2", "smb3", "9p", "ceph", "fuse.sshfs"];
/** Mount options that let a power cut undo what was synced. */
const lossy = /(^|,)(nobarrier|barrier=0|volatile)(,|$)/;

const meanings: Readonly<Record<string, string>> = {
  EROFS: "it is mounted read-only",
  EACCES: "this user is not permitted to write here",
  EPERM: "this user is not permitted to write here",
  ENOTCAPABLE: "the runtime is not permitted to write here",
  ENOSPC: "no space is left",
  EDQUOT: "the quota is exhausted",
};

const because = ({ failed }: Failed) => `${meanings[failed] ?? "it failed"} (${failed})`;

function reasonsOf({ fileSystem, unwritable, measured }: Examination): string[] {
  const reasons: string[] = [];
  if (unwritable !== undefined) reasons.push(`nothing can be written: ${because(unwritable)}`);
  if (fileSystem !== undefined && volatileTypes.includes(fileSystem.type)) {
    reasons.push(`${fileSystem.type} is in memory: a power cut, and often a restart, loses everything`);
  }
  if (lossy.test(fileSystem?.mountOptions ?? "")) {
    reasons.push("it is mounted so that syncs do not reach the disk");
  }
  const writing = measured?.writing;
  if (isFailed(writing)) reasons.push(`a write fails: ${because(writing)}`);
  else if (writing !== undefined && writing.durability !== "full") {
    const missing = writing.durability === "file" ? "a directory" : "a file";
    reasons.push(`writes reach "${writing.durability}": ${missing} cannot be synced here`);
  }
  return reasons;
}

/** It is prebuilt; fs-ext does the same, once its install script is allowed, and no package manager runs that by itself. */
const addon = "the package koffi (npm install koffi)";

function lockAdvice({ measured }: Examination): string[] {
  const locking = measured?.locking;
  if (locking === undefined || isFailed(locking)) return [];
  if (locking.excludes === false) {
    return [
      "a lock does not exclude a second process here: let everybody change files by versions (write --versioned, " +
      "update --versioned), or do not share this directory",
    ];
  }
  if (locking.backend === "directory") {
    return [
      `install the program flock, the package koffi, or ${addon}: kernel locks end with their process, and are faster`,
    ];
  }
  return locking.by === "program"
    ? [`install ${addon}: a lock is then a system call instead of a started program`]
    : [];
}

const fewBytes = 64e6;
const fewFiles = 1000;

function roomAdvice({ fileSystem }: Examination): string[] {
  if (fileSystem === undefined) return [];
  const { freeBytes, totalBytes, freeFiles, totalFiles } = fileSystem;
  const advice: string[] = [];
  if (totalBytes > 0 && freeBytes < fewBytes) {
    advice.push(`make room: ${bytesText(freeBytes)} are free, and while a file is replaced, both versions exist`);
  }
  if (totalFiles > 0 && freeFiles < fewFiles) {
    advice.push(`make room: only ${countText(freeFiles, "more file")} can be made`);
  }
  return advice;
}

function adviceOf(found: Examination, improvements: readonly string[]): string[] {
  const { fileSystem, unwritable, abandoned, directory } = found;
  const advice: string[] = [];
  const type = fileSystem?.type ?? "";
  if (unwritable?.failed === "EROFS") advice.push("mount it read-write: mount -o remount,rw");
  if (unwritable?.failed === "ENOTCAPABLE") advice.push("grant --allow-read and --allow-write for this directory");
  if (volatileTypes.includes(type)) advice.push(`move off ${type}: keep what must survive on a disk`);
  if (remoteTypes.includes(type)) advice.push(`${type}: locks and durability depend on the server`);
  if (lossy.test(fileSystem?.mountOptions ?? "")) advice.push("mount it with barriers");
  advice.push(...lockAdvice(found), ...roomAdvice(found), ...improvements);
  if (!isFailed(abandoned) && abandoned.removable > 0) {
    advice.push(`remove what killed writers have left: atomic-write sweep ${JSON.stringify(directory)}`);
  }
  return advice;
}

/** Judges. `improvements`: what the process could be permitted beyond what it is. */
export function judge(found: Examination, improvements: readonly string[]): Verdict {
  const reasons = reasonsOf(found);
  const failure = found.unwritable ?? found.measured?.writing;
  const status = reasons.length === 0
    ? exitStatus.done
    : isFailed(failure)
    ? statusOf(failure.failed)
    : exitStatus.cannotCreate;
  return { full: reasons.length === 0, reasons, advice: adviceOf(found, improvements), status };
}
