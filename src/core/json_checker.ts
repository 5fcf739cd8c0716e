/**
 * Is this JSON? Answered piece by piece, in constant memory, with the place of the first mistake.
 *
 * 1. `write` every piece, text or UTF-8 bytes, cut wherever they happen to be cut.
 * 2. `end`.
 *
 * Both answer the first mistake as soon as it is certain, and the same one ever after. What passes is exactly what
 * `JSON.parse` accepts: one value, with whitespace around it, however deep. Bytes must be UTF-8 besides.
 */
import { JsonGrammar } from "./json_grammar.ts";

/** The first mistake in a text. */
export interface JsonMistake {
  /** Where: counted in UTF-16 units for text, in bytes for bytes. Where the text ends too early, its length. */
  readonly offset: number;
  /** Line, from 1. */
  readonly line: number;
  /** Column, from 1: in UTF-16 units for text, in characters for bytes. */
  readonly column: number;
  /** What is wrong there. */
  readonly reason: string;
}

const lineFeed = 0x0a;
const quote = 0x22;
const backslash = 0x5c;
const byteOrderMark = 0xfeff;

/** The bytes after the first one of a character, or none for what begins no character. */
interface Continuation {
  readonly count: number;
  /** Bounds of the next one. */
  readonly least: number;
  readonly most: number;
}

/** The Unicode Standard, table 3-7: no overlong forms, no surrogates, nothing beyond U+10FFFF. */
function continuationOf(first: number): Continuation | undefined {
  if (first < 0xc2 || first > 0xf4) return undefined;
  return {
    count: first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3,
    least: first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80,
    most: first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf,
  };
}

function describe(code: number): string {
  if (code > 0x7f) return "a character that is not ASCII";
  if (code === 0x20) return "a space";
  return code < 0x20 || code === 0x7f ? `character ${code.toString(16)}` : String.fromCharCode(code);
}

/** Checks JSON that comes in pieces. */
export class JsonChecker {
  readonly #grammar = new JsonGrammar();
  #continuation: Continuation | undefined;
  /** How much came before this piece. */
  #before = 0;
  #line = 1;
  /** Where the line began; later by every byte that continues a character, so that columns count characters. */
  #lineStart = 0;
  #mistake: JsonMistake | undefined;

  /** Takes the next piece; the first mistake, if one is certain by now. */
  write(piece: string | Uint8Array): JsonMistake | undefined {
    const isText = typeof piece === "string";
    const grammar = this.#grammar;
    const { length } = piece;
    for (let index = 0; index < length && this.#mistake === undefined; index++) {
      const code = isText ? piece.charCodeAt(index) : piece[index] ?? 0;
      if (!isText && (code >= 0x80 || this.#continuation !== undefined)) {
        this.#takeByte(code, this.#before + index);
        continue;
      }
      // Most of most texts: what any text may contain.
      if (grammar.state === "text" && code !== quote && code !== backslash && code >= 0x20) continue;
      if (!grammar.take(code)) this.#refuse(code, this.#before + index);
      else if (code === lineFeed) this.#beginLine(this.#before + index + 1);
    }
    this.#before += length;
    return this.#mistake;
  }

  /** There is no more; the first mistake, if there is one. */
  end(): JsonMistake | undefined {
    if (this.#mistake === undefined && !(this.#grammar.complete && this.#continuation === undefined)) {
      const missing = this.#continuation === undefined ? this.#grammar.expected : "the rest of a character";
      this.#report(this.#before, this.#before === 0 ? "there is nothing" : `it ends, but ${missing} must follow`);
    }
    return this.#mistake;
  }

  /** A byte of a character of several bytes: only texts contain such. */
  #takeByte(byte: number, offset: number): void {
    const due = this.#continuation;
    if (due === undefined) {
      if (this.#grammar.state !== "text") {
        return this.#refuse(byte === 0xef && offset === 0 ? byteOrderMark : byte, offset);
      }
      this.#continuation = continuationOf(byte);
      if (this.#continuation === undefined) this.#report(offset, "this is not UTF-8");
      return;
    }
    if (byte < due.least || byte > due.most) return this.#report(offset, "this is not UTF-8");
    this.#lineStart++;
    this.#continuation = due.count === 1 ? undefined : { count: due.count - 1, least: 0x80, most: 0xbf };
  }

  #beginLine(offset: number): void {
    this.#line++;
    this.#lineStart = offset;
  }

  #refuse(code: number, offset: number): void {
    if (this.#grammar.state === "text") return this.#report(offset, "a control character in a text must be escaped");
    if (code === byteOrderMark && offset === 0) return this.#report(offset, "a byte order mark is not JSON");
    this.#report(offset, `${describe(code)} where ${this.#grammar.expected} must follow`);
  }

  #report(offset: number, reason: string): void {
    this.#mistake = { offset, line: this.#line, column: offset - this.#lineStart + 1, reason };
  }
}

/** Where a text stops being JSON, in UTF-16 units (its length when it ends too early); undefined when it is JSON. */
export function jsonErrorPosition(text: string): number | undefined {
  const checker = new JsonChecker();
  return (checker.write(text) ?? checker.end())?.offset;
}
