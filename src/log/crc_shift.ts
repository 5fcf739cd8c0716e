/**
 * What a state of CRC-32C becomes when so many zero bytes follow. With it, the checksum of any stretch of a file is known
 * from the states at its two ends: a checksum is linear (https://github.com/madler/zlib/blob/master/crc32.c,
 * `crc32_combine`).
 */

const polynomial = 0x82f63b78;
/** x to the power of 0, as these reflected polynomials have it. */
const one = 0x80000000;

/** The product of two polynomials, modulo that of the checksum. */
function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = one, factor = b; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= factor;
    factor = (factor & 1) === 0 ? factor >>> 1 : (factor >>> 1) ^ polynomial;
  }
  return product >>> 0;
}

/** `powers[place][digit]`: x to the power of 8 · digit · 256 ** place. */
const powers: Uint32Array[] = [];

function powersAt(place: number): Uint32Array {
  const known = powers[place];
  if (known !== undefined) return known;
  // One byte is x to the power of 8; a place further on is the power 256 of that before.
  let step = one >>> 8;
  if (place > 0) {
    const before = powersAt(place - 1);
    step = multiply(before[255] as number, before[1] as number);
  }
  const made = new Uint32Array(256);
  made[0] = one;
  for (let digit = 1; digit < 256; digit++) made[digit] = multiply(made[digit - 1] as number, step);
  return powers[place] = made;
}

/** By place and digit: the power applied to each half of each byte of a state, so that eight look-ups multiply. */
const tables: Uint32Array[] = [];

function tableFor(place: number, digit: number): Uint32Array {
  const index = 256 * place + digit;
  const known = tables[index];
  if (known !== undefined) return known;
  const power = powersAt(place)[digit] as number;
  const made = new Uint32Array(128);
  for (let half = 0; half < 8; half++) {
    for (let bits = 1; bits < 16; bits++) {
      const lowest = bits & -bits;
      const rest = made[16 * half + (bits ^ lowest)] as number;
      made[16 * half + bits] = rest ^ multiply(power, (lowest << (4 * half)) >>> 0);
    }
  }
  return tables[index] = made;
}

/** The state after `bytes` further zeros. */
export function shiftState(state: number, bytes: number): number {
  let shifted = state;
  for (let place = 0, rest = bytes; rest > 0; place++, rest = Math.floor(rest / 256)) {
    const digit = rest % 256;
    if (digit === 0) continue;
    const table = tableFor(place, digit);
    let product = 0;
    for (let half = 0; half < 8; half++) product ^= table[16 * half + ((shifted >>> (4 * half)) & 15)] as number;
    shifted = product;
  }
  return shifted >>> 0;
}
