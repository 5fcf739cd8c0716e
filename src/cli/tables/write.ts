/** What `atomic-write [write] FILE` takes. */
import { type CommandTable, flag } from "../table.ts";
import { writeRows } from "./write_rows.ts";

/** The table. */
export const table = {
  description: [
    "Replaces or makes FILE with what comes from standard input. Readers see the whole old or the whole new content, " +
    "and when the command has ended with status 0, a power cut changes nothing. When it ends otherwise, FILE is as it " +
    "was unless the message says so, and no temporary file is left.",
    "Empty input is refused: a pipe looks the same whether the program before it had nothing to say or has died.",
    'The word "write" may be left out, unless FILE is the name of a command.',
  ],
  operands: { file: { help: "The file to write" } },
  options: {
    ...writeRows,
    appendNewline: flag("Add a newline if the input does not end in one"),
    allowEmpty: flag("Accept empty input"),
    requireJson: flag("Refuse input that is not one JSON value"),
  },
  examples: [
    `echo '{"theme":"dark"}' | atomic-write --require-json settings.json`,
    `date | atomic-write --mode 600 --backup 3 last-run`,
  ],
} as const satisfies CommandTable;
