/**
 * The process host over `Deno`. What a permission is missing for is not known, and never asked for: facts need
 * --allow-all (Deno guards /proc so), the owner --allow-sys, names --allow-read=/etc and, beyond the tables there,
 * --allow-run.
 */
import { requiredProcess } from "../builtin.ts";
import { deno } from "./namespace.ts";
import { everythingGranted, granted } from "./permissions.ts";
import { lockHolderIn } from "../linux_locks.ts";
import { openFileLimitIn } from "../linux_limits.ts";
import { mountPointsIn } from "../linux_mounts.ts";
import { linuxProcess } from "../linux_process.ts";
import { outputOf, processExists } from "../node/process.ts";
import { groupNumber, type OwnerSources, userNumber } from "../owner_names.ts";
import type { ProcessHost } from "../runtime.ts";
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
  const { facts, liveness } = linuxProcess({
    pid: deno().pid,
    readText: (path) => everythingGranted() ? attempt(() => deno().readTextFileSync(path)) : undefined,
    readLink: (path) => everythingGranted() ? attempt(() => deno().readLinkSync(path)) : undefined,
    exists: (pid) => granted({ name: "run" }) ? processExists(pid) : undefined,
  });
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
    facts,
    liveness,
    description: () => ({
      ...granted({ name: "sys", kind: "hostname" }) ? { host: deno().hostname() } : {},
      // A worker that node:worker_threads has started knows no main module.
      program: deno().mainModule?.slice(-100) ?? "",
    }),
    lockHolder: (file) =>
      everythingGranted() ? lockHolderIn(attempt(() => deno().readTextFileSync("/proc/locks")) ?? "", file) : undefined,
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
