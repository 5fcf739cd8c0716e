/** Chance that repeats: the same seed gives the same numbers on every runtime. */

/** A source of numbers; equal seeds give equal sequences. */
export class SeededRandom {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** Starts a sequence. */
  constructor(seed: number) {
    this.#a = seed | 0;
    this.#b = Math.floor(seed / 2 ** 32) | 0;
    this.#c = 0x2545f491;
    for (let round = 0; round < 12; round++) this.integer();
  }

  /** A number of 32 bits: sfc32, by Chris Doty-Humphrey, https://pracrand.sourceforge.net/RNG_engines.txt */
  integer(): number {
    const result = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0;
    return result >>> 0;
  }

  /** A whole number from 0 to `limit - 1`. */
  below(limit: number): number {
    return Math.floor((this.integer() / 2 ** 32) * limit);
  }

  /** True with that probability. */
  chance(probability: number): boolean {
    return this.integer() / 2 ** 32 < probability;
  }

  /** That many bytes. */
  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let index = 0; index < length; index++) bytes[index] = this.integer() >>> 11;
    return bytes;
  }
}
