/** `atomic-write log read LOG`. */
import { type LogReader, openLogReader } from "../../log/log.ts";
import type { Call, Outcome } from "../table.ts";
import type { table } from "../tables/log_read.ts";
import { locateOperand } from "./location.ts";
import { contentForMachines } from "./stored.ts";

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

async function printRecords(reader: LogReader, from: number, numbers: boolean, print: Call["print"]): Promise<void> {
  const printer = new Printer(print);
  try {
    for await (const { sequence, data } of reader.read({ from })) {
      if (numbers) printer.add(encoder.encode(`${sequence}\t`));
      printer.add(data);
      printer.add(lineEnd);
    }
  } finally {
    // What came before damage is good.
    printer.flush();
  }
}

/** Runs the command. */
export async function run({ operands, options, json, print }: Call<typeof table>): Promise<Outcome> {
  const path = locateOperand(operands.log, "Cannot read");
  const reader = openLogReader(path);
  const from = options.from ?? 0;
  if (options.snapshot) {
    const bytes = await reader.snapshot();
    if (json) {
      return { result: { path, snapshot: bytes === undefined ? null : contentForMachines(bytes) }, changing: false };
    }
    if (bytes !== undefined) print(bytes);
    return { result: { path }, changing: false };
  }
  if (!json) {
    await printRecords(reader, from, options.number === true, print);
    return { result: { path }, changing: false };
  }
  const records: object[] = [];
  for await (const { sequence, data } of reader.read({ from })) records.push({ sequence, ...contentForMachines(data) });
  return { result: { path, records }, changing: false };
}
