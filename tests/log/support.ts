/** What the tests of src/log share. */
import type { LogRecord } from "../../src/log/mod.ts";

const shown = ({ sequence, data }: LogRecord): string => `${sequence} ${new TextDecoder().decode(data)}`;

/** Records as lines of sequence and text. */
export const textsOf = (records: Iterable<LogRecord>): string[] => Array.from(records, shown);

/** The same, of an asynchronous reading. */
export async function readTexts(records: AsyncIterable<LogRecord>): Promise<string[]> {
  const found: string[] = [];
  for await (const record of records) found.push(shown(record));
  return found;
}
