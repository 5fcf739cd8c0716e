/** Bytes nobody can guess, from the global that every runtime has. */

/** What one call of getRandomValues gives at most: https://www.w3.org/TR/WebCryptoAPI/#Crypto-method-getRandomValues */
const quota = 65_536;

/** That many random bytes. */
export function randomBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let start = 0; start < length; start += quota) {
    crypto.getRandomValues(bytes.subarray(start, start + quota));
  }
  return bytes;
}
