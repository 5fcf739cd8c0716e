/**
 * Which process is this, and does that one still run: read from Linux's /proc.
 *
 * A pid alone proves nothing: it is reused, counted anew in every pid namespace and after every start of the machine.
 * Boot id, namespace, pid and start time together name one process. A process that cannot read all of them, or reads a
 * /proc that is not its own namespace's, gets `undefined` and judges nobody.
 */
import type { ProcessFacts, ProcessHost } from "./process_host.ts";

/** What /proc is read with. Each answers undefined where it may not or cannot. */
export interface ProcReader {
  pid: number;
  readText(path: string): string | undefined;
  readLink(path: string): string | undefined;
  /** Whether a process by that number exists; undefined where that cannot be asked. */
  exists(pid: number): boolean | undefined;
}

/**
 * The initial time namespace. Start times in /proc are shifted by the reader's time namespace (Linux 5.6), so two
 * processes of one pid namespace may see different start times of a third; only in the initial one are they comparable.
 * The number is fixed: PROC_TIME_INIT_INO in https://github.com/torvalds/linux/blob/master/include/linux/proc_ns.h
 */
const initialTimeNamespace = "time:[4026531834]";

/** State and start time (fields 3 and 22 of /proc/PID/stat); undefined where the line is not as expected. */
export function parseStat(line: string): { state: string; started: string } | undefined {
  // The command's name, in parentheses, may itself hold spaces and parentheses; nothing after it does.
  // https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
  const fields = line.slice(line.lastIndexOf(")") + 1).trim().split(/\s+/);
  const state = fields[0];
  const started = fields[19];
  if (state === undefined || started === undefined || !/^[0-9]+$/.test(started)) return undefined;
  return { state, started };
}

function readFacts(reader: ProcReader): ProcessFacts | undefined {
  // A /proc mounted from another pid namespace would tell about strangers who bear our numbers.
  if (reader.readLink("/proc/self") !== String(reader.pid)) return undefined;
  const time = reader.readLink("/proc/self/ns/time");
  if (time !== undefined && time !== initialTimeNamespace) return undefined;
  // Only letters and digits, so that they can be part of a file's name.
  const boot = reader.readText("/proc/sys/kernel/random/boot_id")?.trim().replaceAll("-", "");
  const namespace = /^pid:\[([0-9]+)\]$/.exec(reader.readLink("/proc/self/ns/pid") ?? "")?.[1];
  const stat = parseStat(reader.readText("/proc/self/stat") ?? "");
  if (!boot || !namespace || stat === undefined) return undefined;
  return { boot, namespace, pid: reader.pid, started: stat.started };
}

/** All users, each as itself: the map of the initial user namespace. */
const everyUser = /^\s*0\s+0\s+4294967295\s*$/;

/** The number of users that a user namespace does not map, by the text of its map. https://man7.org/linux/man-pages/man7/user_namespaces.7.html */
export function unmappedUserIn(map: string | undefined, overflow: string | undefined): number | undefined {
  if (map === undefined || everyUser.test(map)) return undefined;
  return Number.parseInt(overflow ?? "") || 65_534;
}

const readUnmapped = ({ readText }: ProcReader): number | undefined =>
  unmappedUserIn(readText("/proc/self/uid_map"), readText("/proc/sys/kernel/overflowuid"));

/** What a process host tells of processes and users, over that reader. */
export function linuxProcess(reader: ProcReader): Required<Pick<ProcessHost, "facts" | "liveness" | "unmappedUser">> {
  let unmapped: { user: number | undefined } | undefined;
  const unmappedUser = () => (unmapped ??= { user: readUnmapped(reader) }).user;
  let own: { facts: ProcessFacts | undefined } | undefined;
  const facts = () => (own ??= { facts: readFacts(reader) }).facts;

  function liveness(other: ProcessFacts): "alive" | "dead" | "unknown" {
    const mine = facts();
    if (mine === undefined || mine.boot !== other.boot || mine.namespace !== other.namespace) return "unknown";
    const exists = reader.exists(other.pid);
    if (exists === false) return "dead";
    const stat = parseStat(reader.readText(`/proc/${other.pid}/stat`) ?? "");
    // Not readable proves nothing: /proc mounted with hidepid shows only the reader's own processes.
    if (stat === undefined) return "unknown";
    if (stat.started !== other.started) return "dead";
    // Z: nothing of it runs any more, it only waits to be reaped; its locks are gone. X: about to vanish.
    return stat.state === "Z" || stat.state === "X" || stat.state === "x" ? "dead" : "alive";
  }

  return { facts, liveness, unmappedUser };
}
