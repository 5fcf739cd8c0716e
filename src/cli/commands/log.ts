/** `atomic-write log …`: records, one after another. What `append` prints is in the log, whatever happens next. */
import { type Log, type LogReader, openLog, openLogReader } from "../../log/log.ts";
import type { LogOptions, ReadOptions } from "../../log/log_options.ts";
import type { SkippedRange } from "../../log/read_log.ts";
import { repairLog } from "../../log/repair_log.ts";
import { exitStatus, statusOf } from "../exit_status.ts";
import { failedAfterRecord, OutputFailed, resultUntold } from "../failure.ts";
import type { logAppendTable, logCheckpointTable, logReadTable, logRepairTable } from "../grammar/log.ts";
import { readContent, readPieces, standardInput } from "../input.ts";
import { endOfProgram, Interrupted } from "../interruption.ts";
import { locateOperand, mustExist } from "../operand.ts";
import { countText } from "../quantity.ts";
import { recordsOf } from "../records.ts";
import { contentForMachines, durabilityNotes } from "../results.ts";
import type { Call, Outcome } from "../table.ts";
import { patienceOf, ShownWait } from "../waiting.ts";

/** Closes the log; the note for the user when that fails, which is no reason to append the same records again. */
async function closeLog(log: Log): Promise<string[]> {
  try {
    await log.close();
    return [];
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return [`${reason}; its records are safe, but damage to the last ones would go unnoticed`];
  }
}

interface Appended {
  count: number;
  first?: number;
  last?: number;
  /** Why some of their numbers could not be printed: a code. That nobody reads any more is no reason. */
  untold?: string;
}

/** Says which records are in the log. What cannot be said is no reason to stop: the records are there all the same. */
function tell(call: Call<typeof logAppendTable>, sequences: readonly number[], appended: Appended): void {
  if (call.json) return;
  try {
    call.print(sequences.map((sequence) => `${sequence}\n`).join(""));
  } catch (error) {
    if (!(error instanceof OutputFailed)) throw error;
    if (error.code !== "EPIPE") appended.untold = error.code;
  }
}

async function appendAll(
  call: Call<typeof logAppendTable>,
  log: Log,
  groups: AsyncIterable<Uint8Array[]>,
  appended: Appended,
): Promise<void> {
  for await (const records of groups) {
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

/** What is in the log although a later record could not be appended. */
async function appendedInPart(log: Log, appended: Appended, error: unknown): Promise<Outcome> {
  const closing = await closeLog(log);
  const { untold: _told, ...records } = appended;
  return {
    result: { path: log.path, ...records },
    notes: closing,
    failures: [failedAfterRecord(error, appended.last ?? 0)],
    changing: true,
  };
}

/** `atomic-write log append LOG`. */
export async function logAppend(call: Call<typeof logAppendTable>): Promise<Outcome> {
  const { lines, allowEmpty, mkdir, nonblock, timeout, ...rules } = call.options;
  const attempt = "Cannot append to";
  const path = locateOperand(call.operands.log, attempt);
  const to = { attempt, path };
  const signal = call.abortOnSignal(attempt, path);
  const options: LogOptions = {
    ...rules,
    ...mkdir ? { createDirectories: true } : {},
    lock: { timeout: patienceOf({ nonblock, timeout }), signal, ...new ShownWait(call).options },
  };
  const input = readPieces(standardInput(call.host, () => {}), { allowEmpty }, signal, to);
  // Input that is refused makes no log.
  const first = await input.next();
  const log = await openLog(path, options);
  const appended: Appended = { count: 0 };
  let stopped: Interrupted | undefined;
  try {
    await appendAll(call, log, recordsOf(continued(first, input), lines === true, to), appended);
  } catch (error) {
    if (appended.count === 0) {
      await closeLog(log);
      throw error;
    }
    if (!(error instanceof Interrupted)) return await appendedInPart(log, appended, error);
    stopped = error;
  }
  const closing = await closeLog(log);
  const { durability, tornTail } = log;
  const { untold, ...records } = appended;
  const torn = tornTail === undefined ? [] : [
    `${
      countText(tornTail.bytes, "byte")
    } at byte ${tornTail.offset} were cut off: of an append that was never acknowledged`,
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
    ...endOfProgram(stopped?.signal),
    changing: true,
  };
}

const encoder = new TextEncoder();
const lineEnd = encoder.encode("\n");
/** So many bytes are printed together. */
const printedTogether = 64 * 1024;

/** Prints small pieces together. */
class Printer {
  readonly #print: (bytes: Uint8Array) => void;
  readonly #buffer = new Uint8Array(printedTogether);
  #used = 0;

  constructor(print: (bytes: Uint8Array) => void) {
    this.#print = print;
  }

  add(bytes: Uint8Array): void {
    if (this.#used + bytes.length > this.#buffer.length) this.flush();
    if (bytes.length > this.#buffer.length) return this.#print(bytes);
    this.#buffer.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  flush(): void {
    if (this.#used > 0) this.#print(this.#buffer.subarray(0, this.#used));
    this.#used = 0;
  }
}

async function printRecords(
  reader: LogReader,
  reading: ReadOptions,
  numbers: boolean,
  print: Call["print"],
): Promise<void> {
  const printer = new Printer(print);
  try {
    for await (const { sequence, data } of reader.read(reading)) {
      if (numbers) printer.add(encoder.encode(`${sequence}\t`));
      printer.add(data);
      printer.add(lineEnd);
    }
  } finally {
    // What came before damage is good.
    printer.flush();
  }
}

const skippedNote = ({ offset, bytes, records }: SkippedRange): string =>
  `damaged: ${countText(bytes, "byte")} at byte ${offset}${
    records === 0 ? "" : `, with ${countText(records, "record")}`
  }`;

/** `atomic-write log repair LOG`. */
export async function logRepair(call: Call<typeof logRepairTable>): Promise<Outcome> {
  const attempt = "Cannot repair";
  const { keep, backup, nonblock, timeout, unsafePath } = call.options;
  const path = locateOperand(call.operands.log, attempt);
  await mustExist(path, attempt, "file", "log");
  const result = await repairLog(path, {
    ...keep === undefined ? {} : { keep },
    ...backup === undefined ? {} : { backup },
    ...unsafePath === undefined ? {} : { unsafePath },
    lock: { timeout: patienceOf({ nonblock, timeout }), ...new ShownWait(call).options },
  });
  return {
    result,
    notes: [
      ...result.damage.map(skippedNote),
      ...result.repaired ? durabilityNotes("the log is repaired", result.durability, undefined) : [],
    ],
    changing: true,
  };
}

/** `atomic-write log read LOG`. */
export async function logRead({ operands, options, json, print }: Call<typeof logReadTable>): Promise<Outcome> {
  const path = locateOperand(operands.log, "Cannot read");
  const reader = openLogReader(path);
  const skipped: SkippedRange[] = [];
  const reading: ReadOptions = {
    from: options.from ?? 0,
    ...options.skipDamaged === true ? { whenDamaged: "skip", onSkipped: (range) => skipped.push(range) } : {},
  };
  const found = () => ({
    ...options.skipDamaged === true ? { skipped } : {},
    path,
  });
  const more = () => skipped.length === 0 ? {} : { notes: skipped.map(skippedNote), status: exitStatus.badData };
  if (options.snapshot) {
    const bytes = await reader.snapshot();
    if (json) {
      return { result: { path, snapshot: bytes === undefined ? null : contentForMachines(bytes) }, changing: false };
    }
    if (bytes !== undefined) print(bytes);
    return { result: { path }, changing: false };
  }
  if (!json) {
    await printRecords(reader, reading, options.number === true, print);
    return { result: found(), ...more(), changing: false };
  }
  const records: object[] = [];
  for await (const { sequence, data } of reader.read(reading)) records.push({ sequence, ...contentForMachines(data) });
  return { result: { ...found(), records }, ...more(), changing: false };
}

/** `atomic-write log checkpoint LOG`. */
export async function logCheckpoint(call: Call<typeof logCheckpointTable>): Promise<Outcome> {
  const { through, allowEmpty, requireJson, nonblock, timeout, ...rules } = call.options;
  const attempt = "Cannot checkpoint";
  const path = locateOperand(call.operands.log, attempt);
  const signal = call.abortOnSignal(attempt, path);
  const waiting = { timeout: patienceOf({ nonblock, timeout }), ...new ShownWait(call).options };
  await mustExist(path, attempt, "file", "log");
  const report = await call.progress(`reading the snapshot of ${call.operands.log}`, "byte");
  const rulesOfInput = { allowEmpty, requireJson };
  const content = await readContent(standardInput(call.host, report), rulesOfInput, signal, { attempt, path });
  const log = await openLog(path, { ...rules, lock: { ...waiting, signal } });
  try {
    await log.checkpoint(content, through === undefined ? {} : { through });
  } catch (error) {
    await closeLog(log);
    throw error;
  }
  const closing = await closeLog(log);
  const { durability, nextSequence } = log;
  return {
    result: { path: log.path, nextSequence, durability },
    notes: [...durabilityNotes("the checkpoint is made", durability, rules.durability), ...closing],
    changing: true,
  };
}
