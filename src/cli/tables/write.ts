/** What `atomic-write [write] FILE` takes. */
import { type CommandTable, flag } from "../table.ts";
import { writeRows } from "./write_rows.ts";

/** The table. */
export const table = {
  description: [
    "Replaces or makes FILE with standard input. Readers see all of the old or all of the new content, and after " +
    "status 0 a power cut changes nothing. With any other status FILE is as it was, unless the message says " +
    "otherwise, and nothing is left beside it.",
    "Empty input is refused: a pipe looks the same whether the program before it had nothing to say or has died. " +
    "One that dies half-way looks as if it had finished: `update` sees how its program ends.",
    'The word "write" may be left out, unless FILE is the name of a command.',
  ],
  operands: { file: { help: "The file to write" } },
  options: {
    ...writeRows,
    appendNewline: flag("Add a newline if the input does not end in one"),
    allowEmpty: flag("Accept empty input"),
    requireJson: flag("Refuse input that is not one JSON value"),
  },
  statuses: [2, 65, 66],
  examples: [
    `echo '{"theme":"dark"}' | atomic-write --require-json settings.json`,
    `date | atomic-write --mode 600 --backup 3 last-run`,
  ],
} as const satisfies CommandTable;
