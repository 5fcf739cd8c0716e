/** What Linux lets a process have, from /proc/self/limits: https://man7.org/linux/man-pages/man5/proc_pid_limits.5.html */

/** How many files may be open at once; undefined when the text does not say. */
export function openFileLimitIn(limits: string): number | undefined {
  const soft = /^Max open files\s+(\d+|unlimited)\s/m.exec(limits)?.[1];
  if (soft === undefined) return undefined;
  return soft === "unlimited" ? Infinity : Number(soft);
}
