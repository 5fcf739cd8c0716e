/** Whether bytes are nothing but zeros: looked at four at a time, for whole files may be. */

/** Whether all of them are zero. */
export function isZero(bytes: Uint8Array): boolean {
  const { buffer, byteOffset, length } = bytes;
  // So few may lie between two places where a word could begin.
  if (length < 4) return bytes.every((byte) => byte === 0);
  const start = -byteOffset & 3;
  const words = new Uint32Array(buffer, byteOffset + start, (length - start) >>> 2);
  for (let index = 0; index < start; index++) if (bytes[index] !== 0) return false;
  for (let index = 0; index < words.length; index++) if (words[index] !== 0) return false;
  for (let index = start + 4 * words.length; index < length; index++) if (bytes[index] !== 0) return false;
  return true;
}
