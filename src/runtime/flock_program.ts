/**
 * Kernel locks without an addon: `flock -n -x 3` as a child that inherits our descriptor as its descriptor 3.
 *
 * flock(2) locks the open description, which parent and child share, so the lock stays when the child has exited:
 * https://man7.org/linux/man-pages/man2/flock.2.html. It costs 1–10 ms. Used only where there is no flock call.
 */
import { builtin, requiredProcess } from "./builtin.ts";
import { longestTimer, stoppable } from "./clock.ts";
import { codeOf } from "./system_error.ts";

let program: { path: string | undefined } | undefined;

/** Where the program is; undefined where there is none. Looked for once, without starting anything. */
export function flockProgram(): string | undefined {
  return (program ??= { path: find() }).path;
}

function find(): string | undefined {
  const { accessSync, constants } = builtin("node:fs");
  for (const directory of (requiredProcess().env["PATH"] ?? "").split(":")) {
    // An empty or relative entry means the working directory, where anybody may have put a program.
    if (!directory.startsWith("/")) continue;
    try {
      accessSync(`${directory}/flock`, constants.X_OK);
      return `${directory}/flock`;
    } catch {
      continue;
    }
  }
  return undefined;
}

/** The C library's words for the errors flock(2) has, in the C locale. */
const words: readonly (readonly [text: string, code: string])[] = [
  ["No locks available", "ENOLCK"],
  ["Operation not supported", "ENOTSUP"],
  ["Function not implemented", "ENOSYS"],
  ["Invalid argument", "EINVAL"],
  ["Bad file descriptor", "EBADF"],
  ["Permission denied", "EACCES"],
  ["Input/output error", "EIO"],
];

/** The child's end as the lock's: 0 is granted, 1 without a word is held by another, all else is a failure. */
function verdict(status: number | null, complaint: string): boolean {
  if (status === 0) return true;
  // busybox's flock exits with 1 for every failure, but is silent only about a lock that is held.
  if (status === 1 && complaint === "") return false;
  // Ended by a signal (Ctrl-C goes to children, too): as if the call itself had been interrupted, to be repeated.
  const code = status === null ? "EINTR" : words.find(([text]) => complaint.includes(text))?.[1] ?? "EUNKNOWN";
  throw Object.assign(new Error(`flock ended with ${status}: ${complaint}`), { code });
}

/** In the C locale, so that a failure can be told by its words. */
const environment = () => ({ ...requiredProcess().env, LC_ALL: "C" });

/** Runs the program on the descriptor and waits for it; false when that takes longer than `timeout` milliseconds. */
export function runFlock(descriptor: number, flags: readonly string[], timeout?: number): boolean {
  const { error, status, stderr } = builtin("node:child_process").spawnSync(
    flockProgram() ?? "flock",
    [...flags, "3"],
    {
      stdio: ["ignore", "ignore", "pipe", descriptor],
      env: environment(),
      encoding: "utf8",
      killSignal: "SIGKILL",
      ...timeout === undefined ? {} : { timeout },
    },
  );
  if (error && codeOf(error) === "ETIMEDOUT") return false;
  if (error) throw error;
  return verdict(status, stderr.trim());
}

/** Runs the program on the descriptor without holding up the event loop; false when it is stopped before its end. */
export function startFlock(descriptor: number, flags: readonly string[], stop?: AbortSignal): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = builtin("node:child_process").spawn(
      flockProgram() ?? "flock",
      [...flags, "3"],
      { stdio: ["ignore", "ignore", "pipe", descriptor], env: environment() },
    );
    const kill = () => void child.kill("SIGKILL");
    stop?.addEventListener("abort", kill, { once: true });
    let complaint = "";
    child.stderr?.setEncoding("utf8");
    child.stderr?.on("data", (text: string) => complaint += text);
    child.on("error", reject);
    child.on("close", (status) => {
      stop?.removeEventListener("abort", kill);
      if (stop?.aborted) return resolve(false);
      try {
        resolve(verdict(status, complaint.trim()));
      } catch (error) {
        reject(error);
      }
    });
  });
}

const waitFlags = (shared: boolean) => [shared ? "-s" : "-x"];

/**
 * Waits for a lock in a child, whatever else takes locks here: a waiting flock call would hold up the event loop, and on
 * a thread of the pool all file work; a child is killed to end the waiting (busybox's flock has no `-w`).
 */
export async function waitFlock(
  descriptor: number,
  shared: boolean,
  timeout: number | undefined,
  signal: AbortSignal | undefined,
): Promise<boolean | undefined> {
  if (flockProgram() === undefined) return undefined;
  return await stoppable(timeout, signal, (stop) => startFlock(descriptor, waitFlags(shared), stop));
}

/** The same, and the thread waits. */
export function waitFlockSync(descriptor: number, shared: boolean, timeout: number | undefined): boolean | undefined {
  if (flockProgram() === undefined) return undefined;
  if (timeout === undefined) return runFlock(descriptor, waitFlags(shared));
  // To spawnSync no timeout is 0.
  return runFlock(descriptor, waitFlags(shared), Math.min(Math.max(1, Math.ceil(timeout)), longestTimer));
}
