/** Starting programs on Node and Bun. */
import type { ChildProcess } from "node:child_process";
import { builtin } from "./builtin.ts";
import type { ChildProgram, ProgramEnd, StartProgram } from "./child_program.ts";
import { codeOf, SystemError, toSystemError } from "./system_error.ts";

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

/** Starts a program. */
export const startNodeProgram: StartProgram = ([program = "", ...parameters], streams) => {
  const piped = streams === "piped" ? "pipe" : "inherit";
  return new Promise<ChildProgram>((resolve, reject) => {
    const failed = (error: unknown) => {
      const code = codeOf(error);
      reject(new SystemError(code, "start", program, error));
    };
    let child: ChildProcess;
    try {
      child = builtin("node:child_process").spawn(program, parameters, { stdio: [piped, piped, "inherit"] });
    } catch (error) {
      return failed(error);
    }
    child.once("error", failed);
    // Told to `writeInput`; without a listener it would end this process.
    child.stdin?.on("error", () => {});
    const ended = new Promise<ProgramEnd>((resolve) => {
      child.once("exit", (status, signal) => resolve(endOf(status, signal)));
    });
    const chunks = child.stdout?.[Symbol.asyncIterator]() as AsyncIterator<Uint8Array> | undefined;
    child.once("spawn", () =>
      resolve({
        ended,
        readOutput: async () => {
          const step = await chunks?.next();
          return step === undefined || step.done === true ? undefined : step.value;
        },
        writeInput: (bytes) => writeTo(child, bytes),
        endInput: () => void child.stdin?.end(),
        send: (signal) => void child.kill(signal as NodeJS.Signals),
      }));
  });
};
