/**
 * The command's process on Node and Bun. Modules of the runtime are loaded with the first call that needs them.
 *
 * Standard input is read from its descriptor, but not where Node might have to wait for somebody else: a read that
 * waits in its thread pool holds up `process.exit` until it is answered. Pipes, sockets and terminals are left to its
 * stream there (which in turn takes a directory or a disk for empty). Bun exits at once, and its stream takes 10 ms.
 */
import { builtin, builtinByName, requiredProcess } from "../builtin.ts";
import { currentRuntime } from "../current.ts";
import {
  type CommandHost,
  descriptors,
  dieOf,
  inputError,
  type PassedSignal,
  passedSignals,
  readingInto,
  type StandardStream,
  type StopSignal,
  writeFully,
} from "./command_host.ts";
import { fileSystemFacts } from "./file_system_facts.ts";
import { programArguments } from "./program_arguments.ts";

/** What is used of `process` beside the adapter's own. */
type CommandProcess =
  & ReturnType<typeof requiredProcess>
  & Pick<typeof import("node:process"), "stdin" | "execPath" | "execArgv" | "exit" | "kill" | "on" | "removeListener">;

function readStream(host: CommandProcess): CommandHost["readInput"] {
  let chunks: AsyncIterator<Uint8Array> | undefined;
  return async () => {
    try {
      chunks ??= host.stdin[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
      const step = await chunks.next();
      return step.done === true ? undefined : step.value;
    } catch (error) {
      throw inputError(error);
    }
  };
}

function readDescriptor(): CommandHost["readInput"] {
  return readingInto((buffer) =>
    new Promise((resolve, reject) => {
      builtin("node:fs").read(descriptors.input, buffer, 0, buffer.length, null, (error, count) => {
        if (error) reject(error);
        else resolve(count);
      });
    })
  );
}

/** Whether a read of standard input may take as long as somebody else likes. */
function mayHaveToWait(): boolean {
  const status = builtin("node:fs").fstatSync(descriptors.input);
  return !status.isFile() && !status.isDirectory() && !status.isBlockDevice();
}

function readInput(host: CommandProcess): CommandHost["readInput"] {
  let read: CommandHost["readInput"] | undefined;
  return () => {
    read ??= host.versions["bun"] === undefined && mayHaveToWait() ? readStream(host) : readDescriptor();
    return read();
  };
}

function inputSize(): number | undefined {
  try {
    const status = builtin("node:fs").fstatSync(descriptors.input);
    return status.isFile() ? status.size : undefined;
  } catch {
    return undefined;
  }
}

/** Loading node:tty takes milliseconds, and most streams are no terminal, which stat tells as well. */
function isTerminal(stream: StandardStream): boolean {
  try {
    if (!builtin("node:fs").fstatSync(descriptors[stream]).isCharacterDevice()) return false;
  } catch {
    return false;
  }
  return (builtinByName("node:tty") as typeof import("node:tty")).isatty(descriptors[stream]);
}

function columns(stream: "output" | "errors"): number | undefined {
  if (!isTerminal(stream)) return undefined;
  const { WriteStream } = builtinByName("node:tty") as typeof import("node:tty");
  return new WriteStream(descriptors[stream]).columns || undefined;
}

/** The command's process. */
export function nodeCommandHost(): CommandHost {
  const host = requiredProcess() as CommandProcess;
  const signals: readonly StopSignal[] = ["SIGHUP", "SIGINT", "SIGTERM"];
  let stopListening = () => {};

  function listen<Signal extends PassedSignal>(
    names: readonly Signal[],
    listener: (signal: Signal) => void,
  ): () => void {
    const listeners = names.map((signal) => ({ signal, call: () => listener(signal) }));
    for (const { signal, call } of listeners) host.on(signal, call);
    return stopListening = () => {
      for (const { signal, call } of listeners.splice(0)) host.removeListener(signal, call);
    };
  }

  return {
    arguments: programArguments(),
    readInput: readInput(host),
    inputSize,
    write: (stream, content) =>
      writeFully(content, stream, (bytes) => builtin("node:fs").writeSync(descriptors[stream], bytes)),
    isTerminal,
    columns,
    environment: (name) => host.env[name],
    onSignal: (listener) => listen(signals, listener),
    onPassedSignal: (listener) => listen(host.platform === "win32" ? signals : passedSignals, listener),
    fileSystemFacts: (path) => fileSystemFacts(path),
    ownCommand() {
      const script = host.argv[1];
      return script === undefined ? undefined : [host.execPath, ...host.execArgv, script];
    },
    improvements: () =>
      host.platform === "win32" || currentRuntime().capabilities.attributes ? [] : [
        `install the package koffi: access control lists and attributes of replaced files are then kept${
          host.platform === "darwin" ? ", and it is known what a sync has reached" : ""
        }`,
      ],
    mayStart: () => true,
    start: async (...call) => (await import("./node_child_program.ts")).startNodeProgram(...call),
    exit: (status) => host.exit(status),
    endBySignal(signal) {
      const send = () => {
        stopListening();
        return host.platform !== "win32" && host.kill(host.pid, signal);
      };
      return dieOf(signal, send, (status) => host.exit(status));
    },
  };
}
