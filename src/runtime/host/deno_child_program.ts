/** Starting programs on Deno. Nothing is asked of the user: what is not permitted fails. */
import type { ChildProgram, StartProgram, Surroundings } from "./child_program.ts";
import { granted } from "../deno/permissions.ts";
import { codeOf, SystemError, toSystemError } from "../system_error.ts";

/** Deno.ChildProcess. Its streams throw when they are touched without being piped. */
interface DenoChild {
  readonly pid: number;
  readonly stdin: WritableStream<Uint8Array>;
  readonly stdout: ReadableStream<Uint8Array>;
  readonly stderr: ReadableStream<Uint8Array>;
  readonly status: Promise<{ readonly code: number; readonly signal: string | null }>;
  kill(signal: string): void;
}

type Streams = Parameters<StartProgram>[1];

/** What is used of `Deno`. */
interface ProgramNamespace {
  readonly build: { readonly os: string };
  readonly Command: new (program: string, options: {
    args: readonly string[];
    stdin: "inherit" | "piped" | "null";
    stdout: "inherit" | "piped";
    stderr: "inherit" | "piped";
    env?: Readonly<Record<string, string>>;
    cwd?: string;
    detached: boolean;
  }) => { spawn(): DenoChild };
  kill(pid: number, signal: string): void;
}

const stdio = {
  shared: { stdin: "inherit", stdout: "inherit", stderr: "inherit" },
  piped: { stdin: "piped", stdout: "piped", stderr: "inherit" },
  apart: { stdin: "null", stdout: "piped", stderr: "piped" },
} as const;

function spawn(
  { Command }: ProgramNamespace,
  program: string,
  args: readonly string[],
  streams: Streams,
  leads: boolean,
  { environment, directory }: Surroundings,
): DenoChild {
  if (!granted({ name: "run" })) throw new SystemError("ENOTCAPABLE", "start", program);
  try {
    return new Command(program, {
      args,
      ...stdio[streams],
      detached: leads,
      ...environment === undefined ? {} : { env: environment },
      ...directory === undefined ? {} : { cwd: directory },
    }).spawn();
  } catch (error) {
    throw new SystemError(codeOf(error), "start", program, error);
  }
}

function reading(stream: ReadableStream<Uint8Array>): ChildProgram["readOutput"] {
  const reader = stream.getReader();
  return async () => (await reader.read()).value;
}

const nothing: ChildProgram["readOutput"] = () => Promise.resolve(undefined);

/** Starts a program. */
export const startDenoProgram: StartProgram = ([program = "", ...parameters], streams, surroundings = {}) => {
  const { Deno: deno } = globalThis as unknown as { Deno: ProgramNamespace };
  const leads = streams === "apart" && deno.build.os !== "windows";
  return Promise.resolve().then((): ChildProgram => {
    const child = spawn(deno, program, parameters, streams, leads, surroundings);
    const writer = streams === "piped" ? child.stdin.getWriter() : undefined;
    // Reported to the caller that writes; the stream's own promise would otherwise be an unhandled rejection.
    writer?.closed.catch(() => {});
    return {
      ended: child.status.then(({ code, signal }) => ({ status: code, signal: signal ?? undefined })),
      readOutput: streams === "shared" ? nothing : reading(child.stdout),
      readErrors: streams === "apart" ? reading(child.stderr) : nothing,
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
          if (leads) deno.kill(-child.pid, signal);
          else child.kill(signal);
        } catch {
          // It has ended.
        }
      },
    };
  });
};
