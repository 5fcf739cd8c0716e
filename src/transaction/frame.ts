/**
 * How journals and markers are written: three lines, of which the last proves the first two.
 *
 *     atomic-write KIND 1
 *     JSON
 *     sha256 HEX
 *
 * HEX is the SHA-256 of everything before the last line. Whatever is not exactly that is ignored.
 */
import type { Runtime } from "../runtime/runtime.ts";

/** What such a file is. */
type FrameKind = "journal" | "marker";

const encoder = new TextEncoder();

function digestOf(runtime: Pick<Runtime, "createHash">, text: string): string {
  const hash = runtime.createHash();
  hash.update(encoder.encode(text));
  return hash.digest();
}

/** The bytes that say `value`. */
export function frameBytes(runtime: Pick<Runtime, "createHash">, kind: FrameKind, value: unknown): Uint8Array {
  const text = `atomic-write ${kind} 1\n${JSON.stringify(value)}\n`;
  return encoder.encode(`${text}sha256 ${digestOf(runtime, text)}\n`);
}

/** What the bytes say; undefined when they are not a whole frame of that kind. */
export function readFrame(runtime: Pick<Runtime, "createHash">, kind: FrameKind, bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
  const lines = text.split("\n");
  const [first = "", second = "", third, last] = lines;
  if (lines.length !== 4 || last !== "" || first !== `atomic-write ${kind} 1`) return undefined;
  if (third !== `sha256 ${digestOf(runtime, `${first}\n${second}\n`)}`) return undefined;
  try {
    return JSON.parse(second) as unknown;
  } catch {
    return undefined;
  }
}
