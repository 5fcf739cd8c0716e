/**
 * The grammar of JSON (https://www.rfc-editor.org/rfc/rfc8259) as a machine that takes one character after another.
 *
 * `take` answers whether a character may follow what was taken before; after a refusal the machine is as it was, and
 * `expected` says what could have followed. `complete` says whether the text may end here. Memory: one bit for every
 * open bracket.
 */

/** What has just been taken, and so what may follow. */
type JsonState =
  | "start" // nothing, or `:`, or the comma of an array: any value
  | "open array" // `[`: any value or `]`
  | "open object" // `{`: a name or `}`
  | "object comma" // a name
  | "name" // a colon
  | "value" // a comma, a closing bracket, or the end
  | "text" // inside quotes
  | "escape" // `\`
  | "hexadecimal" // `\u` and up to three digits
  | "word" // the beginning of true, false or null
  | "minus"
  | "zero" // a leading 0
  | "digits"
  | "point" // the decimal point
  | "fraction"
  | "exponent" // e
  | "exponent sign"
  | "exponent digits";

/** States in which a number is whole: it ends with whatever follows it. */
const finishedNumbers: ReadonlySet<JsonState> = new Set(["zero", "digits", "fraction", "exponent digits"]);

const expectations: Readonly<Partial<Record<JsonState, string>>> = {
  "start": "a value",
  "open array": "a value or ]",
  "open object": "a name in double quotes or }",
  "object comma": "a name in double quotes",
  "name": "a colon",
  "text": "a closing double quote",
  "escape": 'one of "\\/bfnrtu',
  "hexadecimal": "four hexadecimal digits",
  "word": "true, false or null",
  "exponent": "a digit or a sign",
};

const quote = 0x22;
const plus = 0x2b;
const comma = 0x2c;
const minus = 0x2d;
const point = 0x2e;
const zero = 0x30;
const colon = 0x3a;
const openArray = 0x5b;
const backslash = 0x5c;
const closeArray = 0x5d;
const smallU = 0x75;
const openObject = 0x7b;
const closeObject = 0x7d;

/** Setting this bit makes a letter a small one. */
const smallBit = 0x20;
const isSpace = (code: number): boolean => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
const isDigit = (code: number): boolean => code >= zero && code <= 0x39;
const isExponent = (code: number): boolean => (code | smallBit) === 0x65;
const isHexadecimal = (code: number): boolean =>
  isDigit(code) || ((code | smallBit) >= 0x61 && (code | smallBit) <= 0x66);
const escapable: ReadonlySet<number> = new Set([...'"\\/bfnrt'].map((letter) => letter.charCodeAt(0)));
const words: ReadonlyMap<number, string> = new Map(["true", "false", "null"].map((word) => [word.charCodeAt(0), word]));

/** Which brackets are open, a bit for each: 1 for an object. */
class Brackets {
  depth = 0;
  #bits = new Uint8Array(16);

  open(object: boolean): void {
    const index = this.depth >>> 3;
    if (index === this.#bits.length) {
      const larger = new Uint8Array(index * 2);
      larger.set(this.#bits);
      this.#bits = larger;
    }
    const bit = 1 << (this.depth & 7);
    const byte = this.#bits[index] ?? 0;
    this.#bits[index] = object ? byte | bit : byte & ~bit;
    this.depth++;
  }

  /** Whether the innermost open bracket is an object's. */
  inObject(): boolean {
    const last = this.depth - 1;
    return last >= 0 && ((this.#bits[last >>> 3] ?? 0) >>> (last & 7) & 1) === 1;
  }
}

/** The machine. */
export class JsonGrammar {
  /** What has just been taken. */
  state: JsonState = "start";
  readonly #brackets = new Brackets();
  /** The text is the name of a member. */
  #isName = false;
  /** What is left of a word. */
  #rest = "";
  /** How many hexadecimal digits are left. */
  #digits = 0;

  /** Takes a character, by its code; false when it cannot be there. */
  take(code: number): boolean {
    switch (this.state) {
      case "text":
        if (code === quote) return this.#become(this.#isName ? "name" : "value");
        return code === backslash ? this.#become("escape") : code >= 0x20;
      case "value":
        return this.#takeAfterValue(code);
      case "start":
        return isSpace(code) || this.#beginValue(code);
      case "object comma":
        return isSpace(code) || this.#beginName(code);
      case "name":
        return isSpace(code) || (code === colon && this.#become("start"));
      case "open object":
        return isSpace(code) || this.#beginName(code) || (code === closeObject && this.#close());
      case "open array":
        return isSpace(code) || this.#beginValue(code) || (code === closeArray && this.#close());
      case "escape":
        if (code !== smallU) return escapable.has(code) && this.#become("text");
        this.#digits = 4;
        return this.#become("hexadecimal");
      case "hexadecimal":
        return isHexadecimal(code) && (--this.#digits > 0 || this.#become("text"));
      case "word":
        if (code !== this.#rest.charCodeAt(0)) return false;
        this.#rest = this.#rest.slice(1);
        return this.#rest !== "" || this.#become("value");
      default:
        return this.#takeInNumber(code);
    }
  }

  /** Whether this is a whole text. */
  get complete(): boolean {
    return this.#brackets.depth === 0 && (this.state === "value" || finishedNumbers.has(this.state));
  }

  /** What may follow, for people. */
  get expected(): string {
    if (this.state !== "value" && !finishedNumbers.has(this.state)) return expectations[this.state] ?? "a digit";
    if (this.#brackets.depth === 0) return "nothing";
    return this.#brackets.inObject() ? "a comma or }" : "a comma or ]";
  }

  #become(state: JsonState): true {
    this.state = state;
    return true;
  }

  #beginValue(code: number): boolean {
    if (code === quote) return this.#beginText(false);
    if (code === openObject || code === openArray) {
      this.#brackets.open(code === openObject);
      return this.#become(code === openObject ? "open object" : "open array");
    }
    if (code === minus) return this.#become("minus");
    if (isDigit(code)) return this.#become(code === zero ? "zero" : "digits");
    const word = words.get(code);
    if (word === undefined) return false;
    this.#rest = word.slice(1);
    return this.#become("word");
  }

  #beginName(code: number): boolean {
    return code === quote && this.#beginText(true);
  }

  #beginText(isName: boolean): true {
    this.#isName = isName;
    return this.#become("text");
  }

  #takeInNumber(code: number): boolean {
    switch (this.state) {
      case "digits":
        if (isDigit(code)) return true;
        return this.#takeAfterInteger(code);
      case "zero":
        return this.#takeAfterInteger(code);
      case "minus":
        return isDigit(code) && this.#become(code === zero ? "zero" : "digits");
      case "point":
        return isDigit(code) && this.#become("fraction");
      case "fraction":
        if (isExponent(code)) return this.#become("exponent");
        return isDigit(code) || this.#takeAfterValue(code);
      case "exponent":
        if (code === plus || code === minus) return this.#become("exponent sign");
        return isDigit(code) && this.#become("exponent digits");
      case "exponent sign":
        return isDigit(code) && this.#become("exponent digits");
      default:
        return isDigit(code) || this.#takeAfterValue(code);
    }
  }

  #takeAfterInteger(code: number): boolean {
    if (code === point) return this.#become("point");
    return isExponent(code) ? this.#become("exponent") : this.#takeAfterValue(code);
  }

  #takeAfterValue(code: number): boolean {
    if (isSpace(code)) return this.#become("value");
    if (this.#brackets.depth === 0) return false;
    const inObject = this.#brackets.inObject();
    if (code === comma) return this.#become(inObject ? "object comma" : "start");
    return code === (inObject ? closeObject : closeArray) && this.#close();
  }

  #close(): true {
    this.#brackets.depth--;
    return this.#become("value");
  }
}
