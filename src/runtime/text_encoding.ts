/**
 * Text as bytes in the encodings that Node names, by Node's own rules: `"hex"` ends at the first byte that is none,
 * `"base64"` overlooks what does not belong in it, and `"ascii"` means Latin-1.
 * https://nodejs.org/api/buffer.html#buffers-and-character-encodings
 */
import { builtin } from "./builtin.ts";

const utf8 = /^utf-?8$/i;

/** Whether there is an encoding of this name. */
export function isTextEncoding(name: string): boolean {
  return utf8.test(name) || builtin("node:buffer").Buffer.isEncoding(name);
}

/** The bytes of a text, in an encoding that `isTextEncoding` knows. */
export function encodeText(text: string, encoding: string): Uint8Array {
  if (utf8.test(encoding)) return new TextEncoder().encode(text);
  return builtin("node:buffer").Buffer.from(text, encoding as "latin1");
}
