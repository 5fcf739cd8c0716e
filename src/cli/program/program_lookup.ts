/**
 * Why a program cannot be run, as far as looking for it tells: asked before a command locks or changes anything, and of a
 * program that could not be started.
 *
 * Only what is certain is a reason. Where it may not be looked, where PATH has relative parts (seen from which
 * directory?), of what the command itself is about to put in place, and on Windows, where names get endings, there is
 * none: starting the program tells.
 */
import { isAbsolute, mayBeLossy } from "../../core/path.ts";
import { childOf, type Engine, locate, makeEngine } from "../../protocol/engine.ts";
import type { CommandHost } from "../../runtime/host/command_host.ts";
import { currentRuntime } from "../../runtime/current.ts";
import type { FileStatus } from "../../runtime/runtime.ts";
import { SystemError } from "../../runtime/system_error.ts";
import { notRun, ProgramFailed } from "./failed.ts";

/** Why a program cannot be run. */
interface ProgramProblem {
  readonly code: "ENOENT" | "EACCES";
  /** There is a file of that name. */
  readonly found: boolean;
  /** Names it, and where it was looked for. */
  readonly reason: string;
}

/** Linux starts scripts of scripts to a depth of four: execve(2). */
const deepestScript = 4;

/** One look for a program. */
class Lookup {
  readonly #engine: Engine;
  readonly #changing: readonly string[];

  constructor(engine: Engine, changing: readonly string[]) {
    this.#engine = engine;
    this.#changing = changing;
  }

  /** Whether what is there now may be something else when the program is run. */
  #changes(path: string): boolean {
    return this.#changing.some((place) => path === place || path.startsWith(place.endsWith("/") ? place : `${place}/`));
  }

  async at(path: string, nested = 0): Promise<ProgramProblem | undefined> {
    if (this.#changes(path) || mayBeLossy(path)) return undefined;
    const { fileSystem, capabilities } = this.#engine;
    let status: FileStatus | undefined;
    try {
      status = await fileSystem.stat(path);
    } catch (error) {
      if (error instanceof SystemError) return undefined;
      throw error;
    }
    const name = JSON.stringify(path);
    if (status === undefined) return { code: "ENOENT", found: false, reason: `${name} does not exist` };
    if (status.kind === "directory") return { code: "EACCES", found: true, reason: `${name} is a directory` };
    if (capabilities.mode && !this.#mayExecute(status)) {
      const whose = (status.mode & 0o111) === 0 ? "" : " by this user";
      return { code: "EACCES", found: true, reason: `${name} is not executable${whose}` };
    }
    return await this.#interpreterProblem(path, nested);
  }

  /** False where it is certain that this user may not: whether one of a group's bits counts, the system knows better. */
  #mayExecute({ mode, user }: FileStatus): boolean {
    const own = this.#engine.capabilities.owner ? this.#engine.runtime.process.owner()?.user : undefined;
    if (own === undefined || own === 0) return (mode & 0o111) !== 0;
    return (mode & (own === user ? 0o100 : 0o011)) !== 0;
  }

  /** Of a script whose first line names a program that is not there, the system says that the script is not there. */
  async #interpreterProblem(path: string, nested: number): Promise<ProgramProblem | undefined> {
    const head = new Uint8Array(256);
    let length = 0;
    try {
      const file = await this.#engine.fileSystem.open(path, "read");
      try {
        length = await file?.read(head) ?? 0;
      } finally {
        await file?.close();
      }
    } catch (error) {
      // What may be run need not be readable.
      if (error instanceof SystemError) return undefined;
      throw error;
    }
    const text = new TextDecoder().decode(head.subarray(0, length));
    const interpreter = /^#![ \t]*(\/[^ \t\n]+)[ \t\n]/.exec(text)?.[1];
    if (interpreter === undefined || nested >= deepestScript) return undefined;
    const problem = await this.at(interpreter, nested + 1);
    if (problem === undefined) return undefined;
    const reason = `${JSON.stringify(path)} is a script for what cannot be run: ${problem.reason}`;
    return { ...problem, found: true, reason };
  }

  /** A bare name. */
  async inPath(program: string, path: string): Promise<ProgramProblem | undefined> {
    let refused: ProgramProblem | undefined;
    for (const directory of path.split(":")) {
      if (!isAbsolute(directory, "posix")) return undefined;
      const problem = await this.at(childOf(this.#engine, directory, program));
      if (problem === undefined) return undefined;
      if (problem.found) refused ??= problem;
    }
    const reason = `${JSON.stringify(program)} is not in PATH, which is ${JSON.stringify(path)}`;
    return refused ?? { code: "ENOENT", found: false, reason };
  }

  /** A name with a separator. */
  async named(program: string): Promise<ProgramProblem | undefined> {
    let path: string;
    try {
      path = locate(this.#engine, program);
    } catch {
      // The working directory is gone, or it is no path at all.
      return undefined;
    }
    return await this.at(path);
  }
}

/**
 * Why the program cannot be run; undefined if it can be, or if that cannot be determined. `changing`: the files and
 * directories that the command is about to change.
 */
export async function programProblem(
  host: Pick<CommandHost, "environment">,
  program: string,
  changing: readonly string[] = [],
): Promise<ProgramProblem | undefined> {
  const engine = makeEngine(currentRuntime(), false);
  if (engine.capabilities.pathStyle !== "posix" || program === "") return undefined;
  const lookup = new Lookup(engine, changing);
  if (program.includes("/")) return await lookup.named(program);
  const path = host.environment("PATH");
  return path === undefined ? undefined : await lookup.inPath(program, path);
}

/** Programs by what they are for, each with its arguments. */
type Programs = Readonly<Partial<Record<"validate" | "activate", readonly string[] | undefined>>>;

/**
 * Refuses programs that cannot be run, before anything is locked or changed. `attempt` is what is tried on the file at
 * `path`: `Cannot deploy`.
 */
export async function refuseProgramsNotRunnable(
  host: Pick<CommandHost, "environment" | "mayStart">,
  attempt: string,
  path: string,
  { validate, activate }: Programs,
  changing: readonly string[],
): Promise<void> {
  for (const [name, words] of Object.entries({ validate, activate })) {
    if (words?.[0] === undefined) continue;
    const problem = host.mayStart()
      ? await programProblem(host, words[0], changing)
      : { code: "ENOTCAPABLE", reason: "this runtime was not given the permission to start programs" };
    if (problem === undefined) continue;
    const { code, reason } = problem;
    const details = { code, path, end: notRun(code) };
    throw new ProgramFailed(attempt, `${name} cannot be run: ${reason}`, details);
  }
}
