/**
 * How long programs that have ended kept the processors busy. Linux adds the time of a child, and of what that has waited
 * for, to its parent's account when the parent learns of its end (proc_pid_stat(5), cutime and cstime), so what has come
 * since the last look is the time of those that have ended since: one, but for those that end at the same instant, whose
 * sum the first is given.
 */

/** The ticks of Linux's USER_HZ, which is 100 on every architecture that Deno runs on. */
const TICKS = 100;
let before = 0;

/** The processor seconds of the program that has just ended; undefined where the system does not tell. */
export function processorSecondsOfEnded(): number | undefined {
  let text: string;
  try {
    text = Deno.readTextFileSync("/proc/self/stat");
  } catch {
    return undefined;
  }
  // Behind the name, which may hold spaces, the first field is the third.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const now = (Number(fields[13]) + Number(fields[14])) / TICKS;
  const seconds = now - before;
  before = now;
  return seconds;
}
