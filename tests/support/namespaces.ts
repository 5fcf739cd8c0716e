/**
 * Namespaces of a script's own: a container's view of processes or mounts, without a container.
 *
 *     const reason = cannotUnshare("--pid");
 *     if (reason !== undefined) return skip(t, reason);
 *     spawnScript(path, [], { wrapper: unshare("--pid") });
 *
 * Root makes them as root. Everybody else makes a user namespace along with them, where the system lets users do that;
 * what runs there keeps its user, or is root in it where it is to mount something.
 */
import { spawnSync } from "node:child_process";
import process from "node:process";

/** What a process can have for itself. */
export type Namespace = "--pid" | "--mount";

const FLAGS: Record<Namespace, { root: string[]; others: string[] }> = {
  // The process is the first one of its namespace; killing `unshare` kills all of it.
  "--pid": {
    root: ["--pid", "--fork", "--kill-child", "--mount-proc"],
    others: ["--map-current-user", "--pid", "--fork", "--kill-child", "--mount-proc"],
  },
  "--mount": { root: ["--mount"], others: ["--map-root-user", "--mount"] },
};

/** The program and its arguments that run a script in a namespace of its own. */
export function unshare(namespace: Namespace): [string, ...string[]] {
  const { root, others } = FLAGS[namespace];
  return ["unshare", ...process.getuid?.() === 0 ? root : others];
}

/** Why a process cannot have such a namespace here; undefined when it can. */
export function cannotUnshare(namespace: Namespace): string | undefined {
  if (process.platform !== "linux") return "needs Linux";
  const [program, ...flags] = unshare(namespace);
  const { error, status } = spawnSync(program, [...flags, "true"]);
  if (error !== undefined) return "needs the program unshare (Debian: apt-get install util-linux)";
  return status === 0 ? undefined : "needs root, or a system that lets users make namespaces";
}
