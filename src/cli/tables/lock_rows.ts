/** Rows that all tables share whose commands take a lock. */
import { flag, type Option, type OptionTable, type OptionValues, seconds, UnreadableValue } from "../table.ts";

const conflictExitCode: Option<number> = {
  value: "N",
  short: "E",
  help: "The exit status when the lock was not free in time; default: 1",
  read(text) {
    const number = /^[0-9]{1,3}$/.test(text) ? Number(text) : NaN;
    if (!(number <= 255)) throw new UnreadableValue("must be an exit status from 0 to 255");
    return number;
  },
};

/** How long to wait, and what to say when that was in vain: flock(1)'s names. */
export const waitRows = {
  nonblock: flag("Do not wait for the lock", "n"),
  timeout: seconds("SECONDS", "Wait for the lock so long and no longer; default: until it is free", "w"),
  conflictExitCode,
} satisfies OptionTable;

/** Their values. */
export type WaitValues = OptionValues<typeof waitRows>;
