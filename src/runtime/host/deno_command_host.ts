/**
 * The command's process on Deno: its own calls throughout, because touching `process` would cost a start 10 ms. Nothing
 * is asked of the user: what is not permitted is taken for absent.
 */
import {
  type CommandHost,
  dieOf,
  type PassedSignal,
  passedSignals,
  readingInto,
  type StandardStream,
  type StopSignal,
  writeFully,
} from "./command_host.ts";
import { everythingGranted, granted } from "../deno/permissions.ts";
import { fileSystemFacts } from "./file_system_facts.ts";
import { programArguments } from "./program_arguments.ts";

interface Terminal {
  isTerminal(): boolean;
}

/** What is used of `Deno` beside the adapter's own: https://docs.deno.com/api/deno/ */
interface CommandNamespace {
  readonly pid: number;
  readonly mainModule: string;
  execPath(): string;
  readonly build: { readonly os: string };
  readonly stdin: Terminal & { read(buffer: Uint8Array): Promise<number | null> };
  readonly stdout: Terminal & { writeSync(bytes: Uint8Array): number };
  readonly stderr: Terminal & { writeSync(bytes: Uint8Array): number };
  readonly env: { get(name: string): string | undefined };
  consoleSize(): { columns: number };
  statSync(path: string): { readonly isFile: boolean; readonly size: number };
  addSignalListener(signal: string, listener: () => void): void;
  removeSignalListener(signal: string, listener: () => void): void;
  kill(pid: number, signal: string): void;
  exit(status: number): never;
}

/** The command's process. */
export function denoCommandHost(): CommandHost {
  const { Deno: deno } = globalThis as unknown as { Deno: CommandNamespace };
  const streams = { input: deno.stdin, output: deno.stdout, errors: deno.stderr };
  const isTerminal = (stream: StandardStream) => streams[stream].isTerminal();
  // Windows has no SIGTERM to listen to, and its SIGHUP leaves no time to clean up.
  const signals: readonly StopSignal[] = deno.build.os === "windows" ? ["SIGINT"] : ["SIGHUP", "SIGINT", "SIGTERM"];
  let stopListening = () => {};

  function listen<Signal extends PassedSignal>(
    names: readonly Signal[],
    listener: (signal: Signal) => void,
  ): () => void {
    const listeners = names.map((signal) => ({ signal, call: () => listener(signal) }));
    for (const { signal, call } of listeners) deno.addSignalListener(signal, call);
    return stopListening = () => {
      for (const { signal, call } of listeners.splice(0)) deno.removeSignalListener(signal, call);
    };
  }

  return {
    arguments: programArguments(),
    readInput: readingInto(async (buffer) => await deno.stdin.read(buffer) ?? 0),
    inputSize() {
      try {
        const status = deno.statSync("/dev/stdin");
        return status.isFile ? status.size : undefined;
      } catch {
        // There is no such name, or it may not be looked at.
        return undefined;
      }
    },
    write: (stream, content) => writeFully(content, stream, (bytes) => streams[stream].writeSync(bytes)),
    isTerminal,
    columns: (stream) => isTerminal(stream) ? deno.consoleSize().columns || undefined : undefined,
    environment: (name) => granted({ name: "env" }) ? deno.env.get(name) : undefined,
    onSignal: (listener) => listen(signals, listener),
    onPassedSignal: (listener) => listen(deno.build.os === "windows" ? signals : passedSignals, listener),
    fileSystemFacts: (path) =>
      granted({ name: "sys" }) && granted({ name: "read", path })
        ? fileSystemFacts(path, everythingGranted())
        : undefined,
    ownCommand() {
      const kinds = ["read", "write", "env", "sys", "run", "ffi"] as const;
      const permitted = kinds.filter((name) => granted({ name }));
      if (!(["read", "write", "run"] as const).every((name) => permitted.includes(name))) return undefined;
      const flags = everythingGranted() ? ["--allow-all"] : permitted.map((name) => `--allow-${name}`);
      return [deno.execPath(), "run", "--no-prompt", ...flags, deno.mainModule];
    },
    improvements: () => [
      ...granted({ name: "ffi" }) ? [] : [
        "grant --allow-ffi: access control lists and attributes of replaced files are then kept, and copies share blocks " +
        "if the file system can",
      ],
      ...granted({ name: "sys" }) ? [] : ["grant --allow-sys: the file system and its free space can then be examined"],
    ],
    mayStart: () => granted({ name: "run" }),
    // Deno.Command hands no descriptor on, but what Deno has of node:child_process does.
    start: async (...call) =>
      call[2]?.inherit === undefined
        ? (await import("./deno_child_program.ts")).startDenoProgram(...call)
        : (await import("./node_child_program.ts")).startNodeProgram(...call),
    exit: (status) => deno.exit(status),
    endBySignal(signal) {
      const send = () => {
        stopListening();
        // The first process of a container survives its own signal, upon which Deno aborts. And without the permission
        // it would ask the person at the terminal for it.
        const possible = deno.build.os !== "windows" && deno.pid !== 1 && granted({ name: "run" });
        if (possible) deno.kill(deno.pid, signal);
        return possible;
      };
      return dieOf(signal, send, (status) => deno.exit(status));
    },
  };
}
