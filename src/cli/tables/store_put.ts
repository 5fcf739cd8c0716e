/** What `atomic-write store put DIR [FILE…]` takes. */
import { type CommandTable, flag, sha256 } from "../table.ts";
import { storeOperand } from "./store_rows.ts";
import { durabilityRows } from "./write_rows.ts";

/** The table. */
export const table = {
  description: [
    "Keeps the content of FILE, or of standard input, in the store DIR, which is made if it is missing, and " +
    "prints its SHA-256, the name to get it back by. After status 0 a power cut changes nothing. Content that is " +
    "there already is verified, not stored twice.",
    "Put an object first, and then write down its name: so no name ever leads to nothing.",
  ],
  operands: {
    dir: storeOperand,
    file: { help: "The files to keep; `-` or none: standard input", optional: true, many: true, standardInput: true },
  },
  options: {
    expect: sha256("Refuse content that has another SHA-256"),
    allowEmpty: flag("Accept empty standard input"),
    ...durabilityRows,
  },
  statuses: [2, 65, 66],
  examples: ["echo hello | atomic-write store put objects", "atomic-write store put objects /etc/hosts"],
} as const satisfies CommandTable;
