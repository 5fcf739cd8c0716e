/**
 * Standard input (or what a program prints) as the content of a file, never all of it in memory.
 *
 * `readContent` reads a little ahead. Input that ends within that is handed over as bytes, and all its checks are done
 * before anything is staged; longer input is checked while it streams, and a check that fails discards what is staged.
 * The end of a pipe looks the same whether its writer has finished or died: empty input is therefore refused unless it
 * was announced.
 */
import { FileError } from "../core/errors.ts";
import { JsonChecker } from "../core/json_checker.ts";
import type { CommandHost } from "../runtime/host/command_host.ts";
import { SystemError } from "../runtime/system_error.ts";
import type { Report } from "./progress.ts";

/** What the input must be, and what is added to it. */
interface InputRules {
  readonly allowEmpty?: boolean | undefined;
  readonly requireJson?: boolean | undefined;
  readonly appendNewline?: boolean | undefined;
}

/** Where the content goes, for messages. */
export interface Destination {
  /** `Cannot write`. */
  readonly attempt: string;
  readonly path: string;
}

/** Where the content comes from. */
interface Origin {
  /** For messages: `standard input`. */
  readonly name: string;
  /** The next bytes, which the next call may overwrite; undefined at the end. */
  read(): Promise<Uint8Array | undefined>;
}

/** Standard input, whose bytes are counted for a progress display. */
export function standardInput(host: CommandHost, report: Report): Origin {
  let count = 0;
  let total: number | undefined;
  return {
    name: "standard input",
    async read() {
      const chunk = await host.readInput();
      if (chunk === undefined) return undefined;
      if (count === 0) total = host.inputSize();
      count += chunk.length;
      report(count, total);
      return chunk;
    },
  };
}

/** Configuration files are smaller. */
const readAhead = 1024 * 1024;
const lineFeed = 0x0a;

function refused(from: Origin, to: Destination, code: string, reason: string, cause?: unknown): FileError {
  const details = { code, path: to.path, step: "read", targetState: "unchanged", cause } as const;
  return new FileError(to.attempt, `${from.name} ${reason}`, details);
}

/** Waits for the input, but not beyond an abort. */
async function nextChunk(from: Origin, signal: AbortSignal, to: Destination): Promise<Uint8Array | undefined> {
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    signal.throwIfAborted();
    return await Promise.race([from.read(), aborted]);
  } catch (error) {
    if (error instanceof SystemError) throw refused(from, to, error.code, "cannot be read", error);
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** The pieces of the input, checked by the rules while they come. Each may be overwritten by the next. */
export async function* readPieces(
  from: Origin,
  rules: InputRules,
  signal: AbortSignal,
  to: Destination,
): AsyncGenerator<Uint8Array, void, void> {
  const checker = rules.requireJson ? new JsonChecker() : undefined;
  let last: number | undefined;
  for (;;) {
    const chunk = await nextChunk(from, signal, to);
    const mistake = chunk === undefined ? checker?.end() : checker?.write(chunk);
    if (chunk === undefined && last === undefined && !(rules.allowEmpty && checker === undefined)) {
      throw refused(from, to, "ENODATA", "is empty");
    }
    if (mistake !== undefined) {
      const place = `line ${mistake.line}, column ${mistake.column}`;
      throw refused(from, to, "ENOTJSON", `is not JSON: ${place}: ${mistake.reason}`);
    }
    if (chunk === undefined) break;
    if (chunk.length === 0) continue;
    last = chunk[chunk.length - 1];
    yield chunk;
  }
  if (rules.appendNewline && last !== undefined && last !== lineFeed) yield Uint8Array.of(lineFeed);
}

function join(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    all.set(chunk, offset);
    offset += chunk.length;
  }
  return all;
}

async function* resume(
  head: Uint8Array,
  rest: AsyncGenerator<Uint8Array, void, void>,
): AsyncGenerator<Uint8Array, void, void> {
  yield head;
  yield* rest;
}

/** Content, checked by the rules. Throws a FileError, or the signal's reason. */
export async function readContent(
  from: Origin,
  rules: InputRules,
  signal: AbortSignal,
  to: Destination,
): Promise<Uint8Array | AsyncIterable<Uint8Array>> {
  const input = readPieces(from, rules, signal, to);
  const chunks: Uint8Array[] = [];
  let length = 0;
  while (length < readAhead) {
    const { done, value } = await input.next();
    if (done) return join(chunks, length);
    // A copy, because the next read overwrites the chunk. (Not `slice`: of some runtimes' buffers that is a view.)
    chunks.push(new Uint8Array(value));
    length += value.length;
  }
  return resume(join(chunks, length), input);
}
