/**
 * Kernel locks without an addon: `flock -n -x 3` as a child that inherits our descriptor as its descriptor 3.
 *
 * flock(2) locks the open description, which parent and child share, so the lock stays when the child has exited:
 * https://man7.org/linux/man-pages/man2/flock.2.html. It costs 1–10 ms, so it is used only where there is no flock call,
 * and for waiting: a waiting call would hold up the event loop, and on a thread of the pool all file work; a child is
 * killed to end the waiting. The caller that stops a wait must close the file: the grant may have come in the same
 * moment.
 */
import type { ChildProcess } from "node:child_process";
import { builtin, requiredProcess } from "./builtin.ts";
import { stoppable } from "./clock.ts";
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

/** The child's end as the lock's: 0 is granted, 1 and no output is held by another, all else is a failure. */
function verdict(status: number | null, complaint: string): boolean {
  if (status === 0) return true;
  // busybox's flock exits with 1 for every failure, but is silent only about a lock that is held.
  if (status === 1 && complaint === "") return false;
  // Ended by a signal (Ctrl-C goes to children, too): as if the call itself had been interrupted, to be repeated.
  const code = status === null ? "EINTR" : words.find(([text]) => complaint.includes(text))?.[1] ?? "EUNKNOWN";
  throw Object.assign(new Error(`flock ended with ${status}: ${complaint}`), { code });
}

/** The child could not be started: no process or no memory left for it. */
class NotStarted extends Error {
  override readonly name: string = "NotStarted";
  readonly code: string;
  constructor(cause: unknown) {
    super("flock cannot be started", { cause });
    this.code = codeOf(cause);
  }
}

/** The C locale, so that a failure can be recognised by its words; the child needs nothing else. */
const environment = { LC_ALL: "C" };

/** Runs the program on the descriptor and waits for it; false when that takes longer than `timeout` milliseconds. */
export function runFlock(descriptor: number, flags: readonly string[], timeout?: number): boolean {
  const { error, status, stderr } = builtin("node:child_process").spawnSync(
    flockProgram() ?? "flock",
    [...flags, "3"],
    {
      stdio: ["ignore", "ignore", "pipe", descriptor],
      env: environment,
      encoding: "utf8",
      killSignal: "SIGKILL",
      ...timeout === undefined ? {} : { timeout },
    },
  );
  if (error && codeOf(error) === "ETIMEDOUT") return false;
  if (error) throw new NotStarted(error);
  return verdict(status, stderr.trim());
}

/** Children that wait: they end with this process when it ends itself; after a SIGKILL, with their own limit. */
const waiting = new Set<ChildProcess>();
let watchesExit = false;

function endWithProcess(child: ChildProcess): void {
  waiting.add(child);
  if (watchesExit) return;
  watchesExit = true;
  requiredProcess().on("exit", () => waiting.forEach((each) => each.kill("SIGKILL")));
}

function start(descriptor: number, flags: readonly string[]): ChildProcess {
  try {
    return builtin("node:child_process").spawn(
      flockProgram() ?? "flock",
      [...flags, "3"],
      { stdio: ["ignore", "ignore", "pipe", descriptor], env: environment },
    );
  } catch (error) {
    throw new NotStarted(error);
  }
}

/** Runs the program on the descriptor without holding up the event loop; false when it is stopped before its end. */
export function startFlock(descriptor: number, flags: readonly string[], stop?: AbortSignal): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = start(descriptor, flags);
    if (stop !== undefined) endWithProcess(child);
    const kill = () => void child.kill("SIGKILL");
    const ended = () => {
      waiting.delete(child);
      stop?.removeEventListener("abort", kill);
    };
    stop?.addEventListener("abort", kill, { once: true });
    let complaint = "";
    child.stderr?.setEncoding("utf8");
    child.stderr?.on("data", (text: string) => complaint += text);
    child.on("error", (error) => {
      ended();
      reject(new NotStarted(error));
    });
    child.on("close", (status) => {
      ended();
      if (stop?.aborted) return resolve(false);
      try {
        resolve(verdict(status, complaint.trim()));
      } catch (error) {
        reject(error);
      }
    });
  });
}

/**
 * Seconds after which a child that waits is started again, so that one whose parent was killed does not wait forever.
 * It loses its place in the kernel's queue thereby.
 */
const longestChild = 60;

/** busybox's flock has no `-w`: its children wait until their parent ends them, or the lock is theirs. */
let takesLimit = true;

function waitFlags(shared: boolean, left: number | undefined): string[] {
  const limit = left === undefined ? longestChild : Math.min(Math.max(left, 1) / 1000, longestChild);
  return [...takesLimit ? ["-w", limit.toFixed(3)] : [], shared ? "-s" : "-x"];
}

/** Whether the program does not know `-w`; it is not given it any more then. */
function lacksLimit(error: unknown): boolean {
  const isRefused = takesLimit && error instanceof Error && /invalid option|unrecognized option/i.test(error.message);
  if (isRefused) takesLimit = false;
  return isRefused;
}

/** What is left of a timeout, whenever it is asked. */
function countdown(timeout: number | undefined): () => number | undefined {
  const end = timeout === undefined ? undefined : performance.now() + timeout;
  return () => end === undefined ? undefined : end - performance.now();
}

/**
 * Waits for a lock in a child. Undefined where there is no such program, or it cannot be started now. A child that
 * somebody else ends is started anew, for the time that is left.
 */
export async function waitFlock(
  descriptor: number,
  shared: boolean,
  timeout: number | undefined,
  signal: AbortSignal | undefined,
): Promise<boolean | undefined> {
  if (flockProgram() === undefined) return undefined;
  const left = countdown(timeout);
  for (;;) {
    try {
      const now = left();
      const had = await stoppable(now, signal, (stop) => startFlock(descriptor, waitFlags(shared, now), stop));
      if (had || signal?.aborted || (left() ?? 1) <= 0) return had;
    } catch (error) {
      if (error instanceof NotStarted) return undefined;
      if (codeOf(error) !== "EINTR" && !lacksLimit(error)) throw error;
    }
  }
}

/** To spawnSync no timeout is 0; more than a day is a day, after which it is started anew. */
const leastTimeout = 1;
const mostTimeout = 86_400_000;

/** The same, and the thread waits. */
export function waitFlockSync(descriptor: number, shared: boolean, timeout: number | undefined): boolean | undefined {
  if (flockProgram() === undefined) return undefined;
  const left = countdown(timeout);
  for (;;) {
    const now = left();
    if (now !== undefined && now <= 0) return false;
    const limit = now === undefined ? [] : [Math.max(leastTimeout, Math.min(Math.ceil(now), mostTimeout))];
    try {
      if (runFlock(descriptor, waitFlags(shared, now), ...limit)) return true;
    } catch (error) {
      if (error instanceof NotStarted) return undefined;
      if (codeOf(error) !== "EINTR" && !lacksLimit(error)) throw error;
    }
  }
}
