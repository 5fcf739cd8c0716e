/** Rows that the tables of `store` and `log` share. */
import type { Operand } from "../table.ts";
import { waitRows } from "./lock_rows.ts";

/** The directory of a store. */
export const storeOperand = { help: "The directory of the store" } as const satisfies Operand;

/** One object. */
export const digestOperand = { help: "The SHA-256 of the object, as `store put` prints it" } as const satisfies Operand;

const { conflictExitCode: _flocksOwn, ...rows } = waitRows;

/** How long to wait for whoever else writes. */
export const patienceRows = rows;
