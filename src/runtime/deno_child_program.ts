/** Starting programs on Deno. Nothing is asked of the user: what is not permitted fails. */
import type { ChildProgram, StartProgram } from "./child_program.ts";
import { granted } from "./deno_permissions.ts";
import { codeOf, SystemError, toSystemError } from "./system_error.ts";

/** Deno.ChildProcess. Its streams throw when they are touched without being piped. */
interface DenoChild {
  readonly stdin: WritableStream<Uint8Array>;
  readonly stdout: ReadableStream<Uint8Array>;
  readonly status: Promise<{ readonly code: number; readonly signal: string | null }>;
  kill(signal: string): void;
}

/** Deno.Command. */
interface DenoCommand {
  new (program: string, options: {
    args: readonly string[];
    stdin: "inherit" | "piped";
    stdout: "inherit" | "piped";
    stderr: "inherit";
  }): { spawn(): DenoChild };
}

function spawn(program: string, parameters: readonly string[], streams: "inherit" | "piped"): DenoChild {
  const { Deno: { Command } } = globalThis as unknown as { Deno: { Command: DenoCommand } };
  if (!granted({ name: "run" })) throw new SystemError("ENOTCAPABLE", "start", program);
  try {
    return new Command(program, { args: parameters, stdin: streams, stdout: streams, stderr: "inherit" }).spawn();
  } catch (error) {
    throw new SystemError(codeOf(error), "start", program, error);
  }
}

/** Starts a program. */
export const startDenoProgram: StartProgram = ([program = "", ...parameters], streams) => {
  const piped = streams === "piped";
  return Promise.resolve().then((): ChildProgram => {
    const child = spawn(program, parameters, piped ? "piped" : "inherit");
    const writer = piped ? child.stdin.getWriter() : undefined;
    const reader = piped ? child.stdout.getReader() : undefined;
    // Told to whoever writes; the stream's own promise would otherwise be an unhandled rejection.
    writer?.closed.catch(() => {});
    return {
      ended: child.status.then(({ code, signal }) => ({ status: code, signal: signal ?? undefined })),
      readOutput: async () => (await reader?.read())?.value,
      async writeInput(bytes) {
        try {
          await writer?.write(new Uint8Array(bytes));
          return writer !== undefined;
        } catch (error) {
          if (codeOf(error) === "EPIPE") return false;
          throw toSystemError(error, "write", "the program's input");
        }
      },
      endInput: () => void writer?.close().catch(() => {}),
      send(signal) {
        try {
          child.kill(signal);
        } catch {
          // It has ended.
        }
      },
    };
  });
};
