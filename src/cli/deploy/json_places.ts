/**
 * Where the parts of a JSON text are: for messages that say which line is meant.
 *
 * `jsonPlaces` is for a text that `JSON.parse` accepts. It also finds keys that an object has twice: `JSON.parse` takes
 * the last of them silently.
 */

/** A place in a text, both from 1; columns in UTF-16 units. */
interface Place {
  readonly line: number;
  readonly column: number;
}

/** The places of all parts of a text. A part is named as in JavaScript, from the whole, which is "": `files[0].path`. */
interface JsonPlaces {
  /** Where a part begins: with its key, if it has one. */
  of(part: string): Place | undefined;
  /** The first key that its object has already. */
  readonly repeated: string | undefined;
}

/** The name of an object's member. */
export function memberOf(part: string, key: string): string {
  if (!/^[A-Za-z_$][\w$]*$/.test(key)) return `${part}[${JSON.stringify(key)}]`;
  return part === "" ? key : `${part}.${key}`;
}

/** No plan goes deeper; and what nobody asks for needs no memory. */
const deepest = 8;

/** A mark, a text, or a number or word. */
const token = /[{}[\],:]|"(?:[^"\\]|\\.)*"|[^\s{}[\],:"]+/g;

/** Finds all parts. */
export function jsonPlaces(text: string): JsonPlaces {
  const offsets = new Map<string, number>();
  let repeated: string | undefined;
  const tokens = text.matchAll(token);
  const next = (): { word: string; index: number } => {
    const { value } = tokens.next();
    return { word: value?.[0] ?? "", index: value?.index ?? text.length };
  };

  /** Steps over the value that begins with this token. */
  function value(part: string, first: string, depth: number): void {
    if (first !== "{" && first !== "[") return;
    if (depth > deepest) return skip();
    if (first === "{") members(part, depth);
    else elements(part, depth);
  }

  function skip(): void {
    for (let open = 1; open > 0;) {
      const { word } = next();
      if (word === "") return;
      if (word === "{" || word === "[") open++;
      if (word === "}" || word === "]") open--;
    }
  }

  function members(part: string, depth: number): void {
    for (let { word, index } = next(); word !== "}" && word !== ""; { word, index } = next()) {
      if (word === ",") continue;
      const name = memberOf(part, JSON.parse(word));
      if (offsets.has(name)) repeated ??= name;
      offsets.set(name, index);
      next(); // The colon.
      value(name, next().word, depth + 1);
    }
  }

  function elements(part: string, depth: number): void {
    let count = 0;
    for (let { word, index } = next(); word !== "]" && word !== ""; { word, index } = next()) {
      if (word === ",") continue;
      const name = `${part}[${count++}]`;
      offsets.set(name, index);
      value(name, word, depth + 1);
    }
  }

  const { word, index } = next();
  offsets.set("", index);
  value("", word, 0);
  return {
    repeated,
    of(part) {
      const offset = offsets.get(part);
      if (offset === undefined) return undefined;
      const before = text.slice(0, offset).split("\n");
      return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
    },
  };
}
