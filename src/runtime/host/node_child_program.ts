/** Starting programs on Node and Bun. */
import type { ChildProcess } from "node:child_process";
import { builtin, requiredProcess } from "../builtin.ts";
import type { ChildProgram, ProgramEnd, StartProgram } from "./child_program.ts";
import { codeOf, SystemError, toSystemError } from "../system_error.ts";

function endOf(status: number | null, signal: string | null): ProgramEnd {
  if (signal === null) return { status: status ?? 0, signal: undefined };
  const numbers: Readonly<Record<string, number>> = builtin("node:os").constants.signals;
  return { status: 128 + (numbers[signal] ?? 0), signal };
}

/** Codes of a pipe whose reader has gone away. */
const closedPipe: ReadonlySet<string> = new Set(["EPIPE", "ECONNRESET", "ERR_STREAM_DESTROYED"]);

function writeTo(child: ChildProcess, bytes: Uint8Array): Promise<boolean> {
  const { stdin } = child;
  if (stdin === null || stdin.destroyed) return Promise.resolve(false);
  return new Promise((resolve, reject) => {
    // The caller may overwrite the bytes once this is answered, and a stream keeps what it is given.
    stdin.write(new Uint8Array(bytes), (error) => {
      if (!error) return resolve(true);
      const code = String(Reflect.get(error, "code"));
      if (closedPipe.has(code)) resolve(false);
      else reject(toSystemError(error, "write", "the program's input"));
    });
  });
}

type Chunks = AsyncIterator<Uint8Array> | undefined;

function reading(stream: ChildProcess["stdout"]): ChildProgram["readOutput"] {
  const chunks = stream?.[Symbol.asyncIterator]() as Chunks;
  return async () => {
    const step = await chunks?.next();
    return step === undefined || step.done === true ? undefined : step.value;
  };
}

const stdio = {
  shared: ["inherit", "inherit", "inherit"],
  piped: ["pipe", "pipe", "inherit"],
  apart: ["ignore", "pipe", "pipe"],
} as const;

/** Starts a program. */
export const startNodeProgram: StartProgram = ([program = "", ...parameters], streams, surroundings = {}) => {
  const host = requiredProcess() as ReturnType<typeof requiredProcess> & Pick<typeof import("node:process"), "kill">;
  // Windows has no process groups; what is detached there gets a window.
  const leads = streams === "apart" && host.platform !== "win32";
  return new Promise<ChildProgram>((resolve, reject) => {
    const failed = (error: unknown) => {
      const code = codeOf(error);
      reject(new SystemError(code, "start", program, error));
    };
    let child: ChildProcess;
    try {
      child = builtin("node:child_process").spawn(program, parameters, {
        stdio: [...stdio[streams], ...surroundings.inherit === undefined ? [] : [surroundings.inherit]],
        detached: leads,
        env: { ...host.env, ...surroundings.environment },
        ...surroundings.directory === undefined ? {} : { cwd: surroundings.directory },
      });
    } catch (error) {
      return failed(error);
    }
    child.once("error", failed);
    // Told to `writeInput`; without a listener it would end this process.
    child.stdin?.on("error", () => {});
    const ended = new Promise<ProgramEnd>((resolve) => {
      child.once("exit", (status, signal) => resolve(endOf(status, signal)));
    });
    const send = (signal: NodeJS.Signals) => {
      try {
        if (child.pid === undefined) return;
        if (leads) host.kill(-child.pid, signal);
        // Not `child.kill`: Deno's reports that signal as its end, whatever came of it, and closes its input.
        else if (child.exitCode === null && child.signalCode === null) host.kill(child.pid, signal);
      } catch {
        // It has ended.
      }
    };
    child.once("spawn", () =>
      resolve({
        ended,
        readOutput: reading(child.stdout),
        readErrors: reading(child.stderr),
        writeInput: (bytes) => writeTo(child, bytes),
        endInput: () => void child.stdin?.end(),
        send: (signal) => send(signal as NodeJS.Signals),
      }));
  });
};
