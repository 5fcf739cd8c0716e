/**
 * The end of what a program prints on its two outputs, as one text.
 *
 * `lines()` gives a function that takes one output, chunk by chunk. The two are read apart, so their order is only that
 * in which chunks arrive; but a line of one is never cut in two by the other. What is kept is bounded, however long a
 * line gets. `text` can be asked at any time, and ends with the lines that are not finished.
 */

/** How many bytes are kept. */
const kept = 64 * 1024;
const lineFeed = 0x0a;

/** A line that has not come to its end. */
interface Unfinished {
  pieces: Uint8Array[];
  length: number;
}

/** The last bytes of the outputs of a program. */
export class OutputTail {
  #chunks: Uint8Array[] = [];
  #length = 0;
  #left = 0;
  readonly #unfinished: Unfinished[] = [];

  /** Takes one output. */
  lines(): (chunk: Uint8Array) => void {
    const line: Unfinished = { pieces: [], length: 0 };
    this.#unfinished.push(line);
    return (given) => {
      const chunk = new Uint8Array(given);
      const finished = chunk.lastIndexOf(lineFeed) + 1;
      // A line that fills all that is kept is not waited for.
      const taken = finished > 0 || line.length + chunk.length <= kept ? finished : chunk.length;
      if (taken > 0) {
        [...line.pieces, chunk.subarray(0, taken)].forEach((piece) => this.#add(piece));
        line.pieces = [];
        line.length = 0;
      }
      if (taken < chunk.length) line.pieces.push(chunk.subarray(taken));
      line.length += chunk.length - taken;
    };
  }

  text(): string {
    const surplus = Math.max(0, this.#length - kept);
    const [first, ...others] = this.#chunks;
    const finished = first === undefined ? [] : [first.subarray(surplus), ...others];
    let text = "";
    for (const pieces of [finished, ...this.#unfinished.map((line) => line.pieces)]) {
      if (pieces.length > 0 && text !== "" && !text.endsWith("\n")) text += "\n";
      const decoder = new TextDecoder();
      text += pieces.map((piece) => decoder.decode(piece, { stream: true })).join("") + decoder.decode();
    }
    const left = this.#left + surplus;
    return left === 0 ? text : `(${left} bytes before this are not shown)\n${text}`;
  }

  /** The oldest goes once the rest alone is enough. */
  #add(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    while (this.#length - (this.#chunks[0]?.length ?? 0) >= kept) {
      const { length } = this.#chunks.shift() ?? { length: 0 };
      this.#length -= length;
      this.#left += length;
    }
  }
}
