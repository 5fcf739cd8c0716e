/**
 * The last line of a version: what proves that the bytes before it are whole, and which version they were made from.
 *
 *     ⏎# atomic-write version NUMBER SIZE BASE TOKEN STATE DIGEST⏎
 *
 * SIZE counts the bytes of content before the line. TOKEN is 128 random bits, drawn by the process that made the
 * version; BASE is the token of the version before it, or `-`. STATE is `whole`, or `cleared` where only the number is
 * still taken. DIGEST is the SHA-256 of everything before it. A file without such a line, or with one that says another
 * number or size, is no version; one whose digest differs is damaged.
 */
import type { Engine } from "../engine.ts";
import { randomGrammar } from "../names/names.ts";

/** What the last line of a version says. */
interface Trailer {
  readonly number: number;
  /** Bytes of content. */
  readonly size: number;
  /** The token of the version it was made from; undefined: there was none. */
  readonly base: string | undefined;
  readonly token: string;
  readonly state: "whole" | "cleared";
}

const opening = "\n# atomic-write version ";
/** More than the longest line has. */
export const longestTrailer = 256;

const grammar = new RegExp(
  `\\n# atomic-write version ([1-9][0-9]{0,15}) ([0-9]{1,16}) (-|${randomGrammar}) (${randomGrammar}) (whole|cleared) ([0-9a-f]{64})\\n$`,
);

const encoder = new TextEncoder();
/** One character for each byte, so that a match's length is its length in bytes. */
const oneToOne = new TextDecoder("latin1");

function beginningOf({ number, size, base = "-", token, state }: Trailer): string {
  return `${opening}${number} ${size} ${base} ${token} ${state} `;
}

function trailerDigest(engine: Engine, content: Uint8Array, trailer: Trailer): string {
  const hash = engine.runtime.createHash();
  hash.update(content);
  hash.update(encoder.encode(beginningOf(trailer)));
  return hash.digest();
}

/** The last line for this content. */
export function trailerBytes(engine: Engine, content: Uint8Array, trailer: Trailer): Uint8Array {
  return encoder.encode(`${beginningOf(trailer)}${trailerDigest(engine, content, trailer)}\n`);
}

/** A line that was read, and the digest that it claims. */
export interface ReadTrailer extends Trailer {
  readonly digest: string;
}

/** Reads the last line of version `number` from the end of a file of `fileSize` bytes; undefined: it has none. */
export function parseTrailer(end: Uint8Array, number: number, fileSize: number): ReadTrailer | undefined {
  const match = grammar.exec(oneToOne.decode(end.subarray(-longestTrailer)));
  if (match === null) return undefined;
  const [line, says, size, base, token = "", state, digest = ""] = match;
  if (Number(says) !== number || Number(size) + line.length !== fileSize) return undefined;
  return {
    number,
    size: Number(size),
    base: base === "-" ? undefined : base,
    token,
    state: state === "cleared" ? "cleared" : "whole",
    digest,
  };
}

/** Whether the content before a line is what was written. */
export function hasWhatWasWritten(engine: Engine, content: Uint8Array, trailer: ReadTrailer): boolean {
  return trailerDigest(engine, content, trailer) === trailer.digest;
}
