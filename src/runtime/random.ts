/**
 * Bytes nobody can guess, from the global that every runtime has. Small demands are served from a supply: a call costs
 * Node 6 µs, whatever its size.
 */

/** What one call of getRandomValues gives at most: https://www.w3.org/TR/WebCryptoAPI/#Crypto-method-getRandomValues */
const quota = 65_536;

const supply = new Uint8Array(2048);
let left = 0;

/** That many random bytes. No byte is ever handed out twice. */
export function randomBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  if (length > supply.length / 4) {
    for (let start = 0; start < length; start += quota) crypto.getRandomValues(bytes.subarray(start, start + quota));
    return bytes;
  }
  if (left < length) {
    crypto.getRandomValues(supply);
    left = supply.length;
  }
  left -= length;
  bytes.set(supply.subarray(left, left + length));
  supply.fill(0, left, left + length);
  return bytes;
}
