/** What all calls of the table have in common: their failure, and texts as C has them. */
import { codeOfNumber } from "../error_numbers.ts";

const encoder = new TextEncoder();

/** Names and values of C strings end in a zero. */
export const cString = (text: string): Uint8Array => encoder.encode(`${text}\0`);

/** A C function has failed. */
export class ForeignError extends Error {
  /** The name of its class. */
  override readonly name: string = "ForeignError";
  /** `"EAGAIN"`, …; `"EUNKNOWN"` for a number that is in no table. */
  readonly code: string;
  /** The number it left in `errno`. */
  readonly errno: number;

  /** The failure of a function. */
  constructor(called: string, errno: number, system: string) {
    const code = codeOfNumber(errno, system) ?? "EUNKNOWN";
    super(`${called}: ${code} (error number ${errno})`);
    this.code = code;
    this.errno = errno;
  }
}
