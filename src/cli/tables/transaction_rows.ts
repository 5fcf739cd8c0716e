/** Rows that the tables of commands share which change several names at once, and of what is to take effect with them. */
import { oneOf, type OptionTable, type OptionValues, programWords, seconds } from "../table.ts";
import { waitRows } from "./lock_rows.ts";

/** How the locks are waited for, and what a power cut must not undo. */
export const transactionRows = {
  ...waitRows,
  durability: oneOf(
    ["full", "barrier", "file", "none"],
    "What a power cut must not undo; with less than full (the default), all or nothing holds for killed processes only",
  ),
} satisfies OptionTable;

/** Their values. */
export type TransactionValues = OptionValues<typeof transactionRows>;

/** What makes the new state take effect, and how long it may take. */
export const programRows = {
  activate: programWords(
    "What makes it take effect, such as a reload: a program, or a JSON array of it and its arguments",
  ),
  programTimeout: seconds("SECONDS", "How long a program may take before it is ended, and has failed; default: 60"),
} satisfies OptionTable;

/** Their values. */
export type ProgramValues = OptionValues<typeof programRows>;
