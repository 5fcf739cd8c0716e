/** `atomic-write log append LOG`. What is printed is in the log, whatever happens next. */
import { FileError } from "../../core/errors.ts";
import { type Log, openLog } from "../../log/log.ts";
import type { LogOptions } from "../../log/log_options.ts";
import { longestRecord } from "../../protocol/record.ts";
import { statusOf } from "../exit_status.ts";
import { OutputFailed, resultUntold } from "../failure.ts";
import { type Destination, readPieces, standardInput } from "../input.ts";
import { Interrupted } from "../interruption.ts";
import { countText } from "../quantity.ts";
import type { Call, Outcome } from "../table.ts";
import type { table } from "../tables/log_append.ts";
import { closeLog } from "./close_log.ts";
import { locateOperand } from "./location.ts";
import { durabilityNotes, patience } from "./stored.ts";

const lineFeed = 0x0a;

function tooLong(to: Destination): FileError {
  const reason = `a record has ${longestRecord} bytes at most`;
  const details = { code: "EMSGSIZE", path: to.path, step: "read", targetState: "unchanged" } as const;
  return new FileError(`${to.attempt} ${JSON.stringify(to.path)}`, reason, details);
}

/** Gathers pieces; each is copied, because the next one overwrites it. */
class Gathered {
  readonly #to: Destination;
  #pieces: Uint8Array[] = [];
  #length = 0;

  constructor(to: Destination) {
    this.#to = to;
  }

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  add(piece: Uint8Array): void {
    this.#length += piece.length;
    if (this.#length > longestRecord) throw tooLong(this.#to);
    if (piece.length > 0) this.#pieces.push(new Uint8Array(piece));
  }

  take(): Uint8Array {
    const all = new Uint8Array(this.#length);
    let offset = 0;
    for (const piece of this.#pieces) {
      all.set(piece, offset);
      offset += piece.length;
    }
    this.#pieces = [];
    this.#length = 0;
    return all;
  }
}

/** The records of standard input, those that came together together. */
async function* recordsOf(
  pieces: AsyncIterable<Uint8Array>,
  lines: boolean,
  to: Destination,
): AsyncGenerator<Uint8Array[]> {
  const gathered = new Gathered(to);
  for await (const piece of pieces) {
    const records: Uint8Array[] = [];
    let start = 0;
    for (let end = piece.indexOf(lineFeed); lines && end >= 0; end = piece.indexOf(lineFeed, start)) {
      gathered.add(piece.subarray(start, end));
      records.push(gathered.take());
      start = end + 1;
    }
    gathered.add(piece.subarray(start));
    if (records.length > 0) yield records;
  }
  if (!lines || !gathered.isEmpty) yield [gathered.take()];
}

interface Appended {
  count: number;
  first?: number;
  last?: number;
  /** Why some of their numbers could not be printed: a code. That nobody reads any more is no reason. */
  untold?: string;
}

/** Says which records are in the log. What cannot be said is no reason to stop: the records are there all the same. */
function tell(call: Call<typeof table>, sequences: readonly number[], appended: Appended): void {
  if (call.json) return;
  try {
    call.print(sequences.map((sequence) => `${sequence}\n`).join(""));
  } catch (error) {
    if (!(error instanceof OutputFailed)) throw error;
    if (error.code !== "EPIPE") appended.untold = error.code;
  }
}

async function appendAll(
  call: Call<typeof table>,
  log: Log,
  pieces: AsyncIterable<Uint8Array>,
  appended: Appended,
  to: Destination,
): Promise<void> {
  for await (const records of recordsOf(pieces, call.options.lines === true, to)) {
    const sequences = await log.appendMany(records);
    appended.count += sequences.length;
    appended.first ??= sequences[0] ?? 0;
    appended.last = sequences.at(-1) ?? appended.first;
    tell(call, sequences, appended);
  }
}

async function* continued(
  first: IteratorResult<Uint8Array, void>,
  rest: AsyncGenerator<Uint8Array, void, void>,
): AsyncGenerator<Uint8Array, void, void> {
  if (!first.done) yield first.value;
  yield* rest;
}

function interruptedNote({ signal }: Interrupted, { count, last }: Appended): string {
  return `interrupted (${signal}): ${
    countText(count, "record")
  } appended, up to number ${last}; what came after is not in the log`;
}

/** Runs the command. */
export async function run(call: Call<typeof table>): Promise<Outcome> {
  const { lines: _read, allowEmpty, mkdir, nonblock, timeout, ...rules } = call.options;
  const attempt = "Cannot append to";
  const path = locateOperand(call.operands.log, attempt);
  const to = { attempt, path };
  const signal = call.abortOnSignal(attempt, path);
  const options: LogOptions = {
    ...rules,
    ...mkdir ? { createDirectories: true } : {},
    lock: { timeout: Infinity, ...patience({ nonblock, timeout }), signal },
  };
  const input = readPieces(standardInput(call.host, () => {}), { allowEmpty }, signal, to);
  // Input that is refused makes no log.
  const first = await input.next();
  const log = await openLog(path, options);
  const appended: Appended = { count: 0 };
  let stopped: Interrupted | undefined;
  try {
    await appendAll(call, log, continued(first, input), appended, to);
  } catch (error) {
    if (!(error instanceof Interrupted) || appended.count === 0) {
      await closeLog(log);
      throw error;
    }
    stopped = error;
  }
  const closing = await closeLog(log);
  const { durability, tornTail } = log;
  const { untold, ...records } = appended;
  const torn = tornTail === undefined ? [] : [
    `${
      countText(tornTail.bytes, "byte")
    } at byte ${tornTail.offset} were cut off: of an append that was never told done`,
  ];
  return {
    result: { path: log.path, ...records, durability, ...tornTail === undefined ? {} : { tornTail } },
    notes: [
      ...torn,
      ...stopped === undefined ? [] : [interruptedNote(stopped, appended)],
      ...durabilityNotes("it is appended", durability, rules.durability),
      ...closing,
      ...untold === undefined ? [] : [resultUntold(untold)],
    ],
    ...untold === undefined ? {} : { status: statusOf(untold) },
    ...stopped === undefined ? {} : { signal: stopped.signal },
    changing: true,
  };
}
