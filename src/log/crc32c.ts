/**
 * CRC-32C (Castagnoli), as iSCSI, ext4 and btrfs use it: finds every burst of damage up to 32 bits, and all but one in
 * four thousand million of anything else. Eight tables, eight bytes a step: about 1 GB/s.
 */

const polynomial = 0x82f63b78;

/** `tables[n][b]`: what byte `b` does when `n` further bytes follow it. */
const tables = makeTables();

function makeTables(): Uint32Array[] {
  const first = Uint32Array.from({ length: 256 }, (_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = (value & 1) === 0 ? value >>> 1 : (value >>> 1) ^ polynomial;
    return value >>> 0;
  });
  const all = [first];
  for (let distance = 1; distance < 8; distance++) {
    const before = all[distance - 1] as Uint32Array;
    all.push(before.map((value) => (value >>> 8) ^ (first[value & 0xff] as number)));
  }
  return all;
}

const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as [
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
];

/** The checksum of `bytes`, or of a part of them; of what came before them and them, if that one's checksum is given. */
export function crc32c(bytes: Uint8Array, before = 0, from = 0, to: number = bytes.length): number {
  let value = ~before;
  let at = from;
  for (const end = to - 7; at < end; at += 8) {
    value ^= at4(bytes, at);
    value = get(t7, value) ^ get(t6, value >>> 8) ^ get(t5, value >>> 16) ^ get(t4, value >>> 24) ^
      get(t3, bytes[at + 4]) ^ get(t2, bytes[at + 5]) ^ get(t1, bytes[at + 6]) ^ get(t0, bytes[at + 7]);
  }
  for (; at < to; at++) value = get(t0, value ^ (bytes[at] as number)) ^ (value >>> 8);
  return ~value >>> 0;
}

const get = (table: Uint32Array, index: number | undefined): number => table[(index as number) & 0xff] as number;

function at4(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | (bytes[at + 1] as number) << 8 | (bytes[at + 2] as number) << 16 |
    (bytes[at + 3] as number) << 24;
}
