/** The process host over `process`, node:fs and node:child_process, for Node and Bun. */
import { mayBeLossy } from "../../core/path.ts";
import { builtin, requiredProcess } from "../builtin.ts";
import { linuxLocks } from "../linux_locks.ts";
import { toStatus } from "./open_file.ts";
import { openFileLimitIn } from "../linux_limits.ts";
import { mountPointsIn } from "../linux_mounts.ts";
import { linuxProcess } from "../linux_process.ts";
import { groupNumber, userNumber } from "../owner_names.ts";
import type { ProcessHost } from "../process_host.ts";
import { codeOf, guard, SystemError } from "../system_error.ts";

function readText(path: string): string | undefined {
  try {
    return builtin("node:fs").readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function readLink(path: string): string | undefined {
  try {
    return builtin("node:fs").readlinkSync(path);
  } catch {
    return undefined;
  }
}

function list(path: string): string[] | undefined {
  try {
    return builtin("node:fs").readdirSync(path);
  } catch {
    return undefined;
  }
}

function identity(path: string): string | undefined {
  try {
    return toStatus(builtin("node:fs").statSync(path, { bigint: true })).identity;
  } catch {
    return undefined;
  }
}

/** Signal 0 only asks: https://man7.org/linux/man-pages/man2/kill.2.html */
export function processExists(pid: number): boolean | undefined {
  try {
    requiredProcess().kill(pid, 0);
    return true;
  } catch (error) {
    const code = codeOf(error);
    if (code === "ESRCH") return false;
    return code === "EPERM" ? true : undefined;
  }
}

/** What a program prints when it succeeds. */
export function outputOf(program: string, parameters: readonly string[]): string | undefined {
  const { error, status, stdout } = builtin("node:child_process").spawnSync(program, [...parameters], {
    stdio: ["ignore", "pipe", "ignore"],
    encoding: "utf8",
  });
  return error === undefined && status === 0 ? stdout : undefined;
}

/** The script that runs, or the runtime itself. */
function programName(parameters: readonly string[]): string {
  return (parameters[1] ?? parameters[0] ?? "").slice(-100);
}

/** What leads to another directory than the one that it is the name of, is refused. */
function intact(path: string): string {
  if (mayBeLossy(path)) throw new SystemError("EILSEQ", "workingDirectory", ".");
  return path;
}

/** On Bun and Deno a program whose top-level await waits ends, or hangs, without it. */
export function onIdle(listener: () => void): () => void {
  const host = requiredProcess();
  host.on("beforeExit", listener);
  return () => void host.removeListener("beforeExit", listener);
}

/** The process of Node or Bun. */
export function nodeProcess(): ProcessHost {
  const host = requiredProcess();
  const sources = { readText, output: outputOf, system: host.platform };
  const reader = { pid: host.pid, readText, readLink, exists: processExists, list, identity };
  const { facts, liveness, unmappedUser } = linuxProcess(reader);
  return {
    pid: host.pid,
    isolate: globalThis,
    workingDirectory: () => guard("workingDirectory", ".", () => intact(host.cwd())),
    owner: () => {
      const user = host.geteuid?.();
      const group = host.getegid?.();
      return user === undefined || group === undefined ? undefined : { user, group };
    },
    unmappedUser,
    facts,
    liveness,
    description: () => ({ host: builtin("node:os").hostname(), program: programName(host.argv) }),
    ...linuxLocks(reader),
    environment: (name) => host.env[name],
    onIdle,
    openFileLimit: () => openFileLimitIn(readText("/proc/self/limits") ?? ""),
    mountPoints() {
      const text = readText("/proc/self/mountinfo");
      return text === undefined ? undefined : mountPointsIn(text);
    },
    userNumber: (name) => userNumber(name, sources),
    groupNumber: (name) => groupNumber(name, sources),
  };
}
