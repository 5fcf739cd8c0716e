/**
 * The process host over `Deno`. What a permission is missing for is not known, and never asked for: facts need
 * --allow-all (Deno guards /proc so), the owner --allow-sys, names --allow-read=/etc and, beyond the tables there,
 * --allow-run.
 */
import { requiredProcess } from "../builtin.ts";
import { deno } from "./namespace.ts";
import { everythingGranted, granted } from "./permissions.ts";
import { linuxLocks } from "../linux_locks.ts";
import { toStatus } from "./status.ts";
import { openFileLimitIn } from "../linux_limits.ts";
import { mountPointsIn } from "../linux_mounts.ts";
import { linuxProcess } from "../linux_process.ts";
import { onIdle, outputOf, processExists } from "../node/process.ts";
import { groupNumber, type OwnerSources, userNumber } from "../owner_names.ts";
import type { ProcessHost } from "../process_host.ts";
import { guard } from "../system_error.ts";

function attempt<T>(body: () => T): T | undefined {
  try {
    return body();
  } catch {
    return undefined;
  }
}

/** The process of Deno. */
export function denoProcess(): ProcessHost {
  const readable = (path: string) => granted({ name: "read", path });
  const sources: OwnerSources = {
    readText: (path) => readable(path) ? attempt(() => deno().readTextFileSync(path)) : undefined,
    output: (program, parameters) => granted({ name: "run" }) ? outputOf(program, parameters) : undefined,
    system: deno().build.os,
  };
  const inProc = <T>(body: () => T) => everythingGranted() ? attempt(body) : undefined;
  const reader = {
    pid: deno().pid,
    readText: (path: string) => inProc(() => deno().readTextFileSync(path)),
    readLink: (path: string) => inProc(() => deno().readLinkSync(path)),
    exists: (pid: number) => granted({ name: "run" }) ? processExists(pid) : undefined,
    list: (path: string) => inProc(() => Array.from(deno().readDirSync(path), ({ name }) => name)),
    identity: (path: string) => inProc(() => toStatus(deno().statSync(path)).identity),
  };
  const { facts, liveness, unmappedUser } = linuxProcess(reader);
  /** `process`, which costs about 10 ms to touch for the first time. */
  let host: ReturnType<typeof requiredProcess> | undefined;
  return {
    pid: deno().pid,
    isolate: globalThis,
    workingDirectory: () => guard("workingDirectory", ".", () => deno().cwd()),
    owner: () => {
      if (!granted({ name: "sys", kind: "uid" }) || !granted({ name: "sys", kind: "gid" })) return undefined;
      host ??= requiredProcess();
      const user = host.geteuid?.();
      const group = host.getegid?.();
      return user === undefined || group === undefined ? undefined : { user, group };
    },
    unmappedUser,
    facts,
    liveness,
    description: () => ({
      ...granted({ name: "sys", kind: "hostname" }) ? { host: deno().hostname() } : {},
      // A worker that node:worker_threads has started knows no main module.
      program: deno().mainModule?.slice(-100) ?? "",
    }),
    ...linuxLocks(reader),
    environment: (name) => granted({ name: "env" }) ? deno().env.get(name) : undefined,
    onIdle,
    openFileLimit: () =>
      everythingGranted()
        ? openFileLimitIn(attempt(() => deno().readTextFileSync("/proc/self/limits")) ?? "")
        : undefined,
    mountPoints() {
      if (!everythingGranted()) return undefined;
      const text = attempt(() => deno().readTextFileSync("/proc/self/mountinfo"));
      return text === undefined ? undefined : mountPointsIn(text);
    },
    userNumber: (name) => userNumber(name, sources),
    groupNumber: (name) => groupNumber(name, sources),
  };
}
