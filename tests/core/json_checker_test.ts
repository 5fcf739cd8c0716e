/**
 * The incremental JSON checker against JSON.parse (is it JSON?) and against a plain recursive parser written for this
 * test (where does it stop being JSON?), over documents that random mutations have damaged.
 */
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { JsonChecker, jsonErrorPosition, type JsonMistake } from "../../src/core/json_checker.ts";
import { mostlyOnDeno } from "../support/effort.ts";

function check(pieces: Iterable<string | Uint8Array>): JsonMistake | undefined {
  const checker = new JsonChecker();
  for (const piece of pieces) {
    const mistake = checker.write(piece);
    if (mistake !== undefined) return mistake;
  }
  return checker.end();
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** mulberry32: the same documents in every run and on every runtime. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** The furthest place that a beginning of JSON reaches in `text`; undefined when all of it is JSON. */
function furthest(text: string): number | undefined {
  let at = 0;
  class Stop extends Error {}
  const stop = (): never => {
    throw new Stop();
  };
  const space = () => {
    while (" \t\r\n".includes(text[at] ?? "x")) at++;
  };
  const one = (allowed: RegExp) => {
    if (!allowed.test(text[at] ?? "")) stop();
    at++;
  };
  const any = (allowed: RegExp) => {
    while (allowed.test(text[at] ?? "")) at++;
  };
  const string = () => {
    one(/^"$/);
    while (text[at] !== '"') {
      if (text[at] !== "\\") {
        // deno-lint-ignore no-control-regex -- exactly these must be escaped
        one(/^[^\u0000-\u001f]$/);
        continue;
      }
      at++;
      one(/^["\\/bfnrtu]$/);
      if (text[at - 1] === "u") { for (let digit = 0; digit < 4; digit++) one(/^[0-9a-fA-F]$/); }
    }
    at++;
  };
  const number = () => {
    if (text[at] === "-") at++;
    one(/^[0-9]$/);
    if (text[at - 1] !== "0") any(/^[0-9]$/);
    if (text[at] === ".") {
      at++;
      one(/^[0-9]$/);
      any(/^[0-9]$/);
    }
    if (text[at] === "e" || text[at] === "E") {
      at++;
      if (text[at] === "+" || text[at] === "-") at++;
      one(/^[0-9]$/);
      any(/^[0-9]$/);
    }
  };
  const word = (word: string) => {
    for (const letter of word) one(new RegExp(`^${letter}$`));
  };
  const members = (close: string, member: () => void) => {
    at++;
    space();
    if (text[at] === close) return void at++;
    for (;;) {
      member();
      space();
      if (text[at] === close) return void at++;
      one(/^,$/);
      space();
    }
  };
  const value = () => {
    space();
    const first = text[at] ?? "";
    if (first === "{") {
      members("}", () => (string(), space(), one(/^:$/), value()));
    } else if (first === "[") members("]", value);
    else if (first === '"') string();
    else if (first === "t") word("true");
    else if (first === "f") word("false");
    else if (first === "n") word("null");
    else number();
  };
  try {
    value();
    space();
    return at === text.length ? undefined : at;
  } catch (error) {
    if (error instanceof Stop) return at;
    throw error;
  }
}

const scalars = [
  "0",
  "-0",
  "12",
  "-3.25",
  "1e9",
  "2E-7",
  "0.0e+1",
  "true",
  "false",
  "null",
  '""',
  '"a\\n\\u00e9\\""',
  '"Grüße 𝄞"',
];

function document(pick: (below: number) => number, depth: number): string {
  const gap = () => ["", "", " ", "\n", "\t\r\n "][pick(5)] ?? "";
  const kind = depth === 0 ? 0 : pick(4);
  if (kind < 2) return scalars[pick(scalars.length)] ?? "0";
  const parts = Array.from({ length: pick(4) }, () => {
    const inner = gap() + document(pick, depth - 1) + gap();
    return kind === 2 ? inner : `${gap()}"k${pick(9)}"${gap()}:${inner}`;
  });
  return kind === 2 ? `[${parts.join(",") || gap()}]` : `{${parts.join(",") || gap()}}`;
}

const noise = [...'{}[]:,"\\0123456789+-.eEtfnrul \n\t\u0001\u007f\u00e9', "𝄞", "\ufeff", "/", "'", "\u2028"];

function damage(text: string, pick: (below: number) => number): string {
  const at = pick(text.length + 1);
  const piece = noise[pick(noise.length)] ?? "";
  switch (pick(5)) {
    case 0:
      return text.slice(0, at) + piece + text.slice(at);
    case 1:
      return text.slice(0, at) + text.slice(at + 1);
    case 2:
      return text.slice(0, at) + piece + text.slice(at + 1);
    case 3:
      return text.slice(0, at);
    default:
      return text.slice(0, at) + text.slice(pick(text.length + 1));
  }
}

const encoder = new TextEncoder();

/** Cuts text or bytes at random places, some of them in the middle of a character, some empty. */
function* cut<T extends string | Uint8Array>(
  whole: T,
  pick: (below: number) => number,
): Generator<string | Uint8Array> {
  for (let at = 0; at < whole.length;) {
    const end = at + pick(5);
    yield typeof whole === "string" ? whole.slice(at, end) : whole.subarray(at, end);
    at = end;
  }
}

const accepted = [
  ...scalars,
  " 1 ",
  "[]",
  "{}",
  '{"a":[{"b":{}}]}',
  '["\u007f\u2028\ud800"]',
  '"\\ud800"',
  "[1,2 ,3]\r\n",
  "-1.5E+300",
  "123456789012345678901234567890",
];

const refused: [string, number, RegExp][] = [
  ["", 0, /^there is nothing$/],
  [" \n", 2, /^it ends, but a value must follow$/],
  ["[1,]", 3, /^\] where a value must follow$/],
  ['{"a":1,}', 7, /^} where a name in double quotes must follow$/],
  ["{a:1}", 1, /^a where a name in double quotes or } must follow$/],
  ['{"a" 1}', 5, /^1 where a colon must follow$/],
  ['{"a":1]', 6, /^\] where a comma or } must follow$/],
  ["[1}", 2, /^} where a comma or \] must follow$/],
  ["[1 2]", 3, /^2 where a comma or \] must follow$/],
  ["1 2", 2, /^2 where nothing must follow$/],
  ["{}{}", 2, /^{ where nothing must follow$/],
  ["01", 1, /^1 where nothing must follow$/],
  ["-", 1, /^it ends, but a digit must follow$/],
  ["1.", 2, /^it ends, but a digit must follow$/],
  [".5", 0, /^\. where a value must follow$/],
  ["+1", 0, /^\+ where a value must follow$/],
  ["1e", 2, /^it ends, but a digit or a sign must follow$/],
  ["nul", 3, /^it ends, but true, false or null must follow$/],
  ["nulL", 3, /^L where true, false or null must follow$/],
  ["NaN", 0, /^N where a value must follow$/],
  ['"a', 2, /^it ends, but a closing double quote must follow$/],
  ['"a\nb"', 2, /^a control character in a text must be escaped$/],
  ['"\\x"', 2, /^x where one of "\\\/bfnrtu must follow$/],
  ['"\\u12g4"', 5, /^g where four hexadecimal digits must follow$/],
  ["'a'", 0, /^' where a value must follow$/],
  ["[1, // no", 4, /^\/ where a value must follow$/],
  ["\ufeff{}", 0, /^a byte order mark is not JSON$/],
  ["[\u00a0]", 1, /^a character that is not ASCII where a value or \] must follow$/],
  ["[1\u0000]", 2, /^character 0 where a comma or \] must follow$/],
];

describe("JsonChecker", () => {
  it("accepts what is JSON", () => {
    for (const text of accepted) {
      assert(parses(text), text);
      assertEquals(check([text]), undefined, text);
      if (text.isWellFormed()) assertEquals(check([encoder.encode(text)]), undefined, text);
    }
  });

  it("refuses what is not, and says where and why", () => {
    for (const [text, offset, reason] of refused) {
      assert(!parses(text), text);
      const mistake = check([text]);
      assertEquals(mistake?.offset, offset, JSON.stringify(text));
      assert(reason.test(mistake?.reason ?? ""), `${JSON.stringify(text)}: ${mistake?.reason}`);
      assertEquals(check([encoder.encode(text)])?.reason, mistake?.reason, JSON.stringify(text));
    }
  });

  it("counts lines, and columns in characters", () => {
    const text = '{\n  "ä𝄞": 1,\n  "ü": oops\n}';
    const { line, column } = check([text]) ?? {};
    assertEquals({ line, column }, { line: 3, column: 8 });
    const bytes = check([encoder.encode(text)]);
    assertEquals({ line: bytes?.line, column: bytes?.column }, { line: 3, column: 8 });
    // Text counts UTF-16 units, as editors and String do; bytes count characters.
    assertEquals(check(['"𝄞" x'])?.column, 6);
    assertEquals(check([encoder.encode('"𝄞" x')])?.column, 5);
  });

  it("says the same ever after the first mistake", () => {
    const checker = new JsonChecker();
    const first = checker.write("[1}");
    assertEquals(first?.offset, 2);
    assertEquals(checker.write("[[[["), first);
    assertEquals(checker.end(), first);
  });

  it("refuses bytes that are not UTF-8, at the byte that is wrong", () => {
    const cases: [number[], number][] = [
      [[0x80], 0],
      [[0xc0, 0x80], 0],
      [[0xc1, 0xbf], 0],
      [[0xc3, 0x28], 1],
      [[0xe0, 0x9f, 0xbf], 1],
      [[0xe2, 0x82, 0x28], 2],
      [[0xed, 0xa0, 0x80], 1],
      [[0xf0, 0x8f, 0xbf, 0xbf], 1],
      [[0xf4, 0x90, 0x80, 0x80], 1],
      [[0xf5, 0x80, 0x80, 0x80], 0],
      [[0xff], 0],
    ];
    for (const [bytes, wrong] of cases) {
      const quoted = new Uint8Array([0x22, ...bytes, 0x22]);
      assertEquals(check([quoted])?.offset, 1 + wrong, String(bytes));
      assertEquals(check([...quoted].map((byte) => new Uint8Array([byte])))?.offset, 1 + wrong, String(bytes));
    }
    assertEquals(
      check([new Uint8Array([0x22, 0xe2, 0x82])])?.reason,
      "it ends, but the rest of a character must follow",
    );
    assertEquals(check([new Uint8Array([0xef, 0xbb, 0xbf, 0x31])])?.reason, "a byte order mark is not JSON");
  });

  it("agrees with the text decoder about every two bytes", () => {
    const decoder = new TextDecoder("utf-8", { fatal: true });
    for (let first = 0x80; first <= 0xff; first++) {
      for (let second = 0x20; second <= 0xff; second++) {
        if (second === 0x22 || second === 0x5c) continue;
        const bytes = new Uint8Array([0x22, first, second, 0x22]);
        let valid = true;
        try {
          decoder.decode(bytes);
        } catch {
          valid = false;
        }
        assertEquals(check([bytes]) === undefined, valid, `${first} ${second}`);
      }
    }
  });

  it("agrees with JSON.parse and a plain parser about damaged documents, however they are cut", () => {
    const rounds = mostlyOnDeno({ quick: 2_000, normal: 20_000, long: 400_000 });
    let damaged = 0;
    for (let round = 0; round < rounds; round++) {
      const pick = numbers(round);
      let text = document(pick, 4);
      for (let times = pick(3); times > 0; times--) text = damage(text, pick);
      const valid = parses(text);
      const expected = furthest(text);
      const note = `round ${round}: ${JSON.stringify(text)}`;
      assertEquals(expected === undefined, valid, note);
      const whole = check([text]);
      assertEquals(whole?.offset, expected, note);
      assertEquals(jsonErrorPosition(text), expected, note);
      assertEquals(check(cut(text, pick)), whole, note);
      // Half a surrogate pair has no UTF-8.
      if (text.isWellFormed()) {
        const bytes = encoder.encode(text);
        const place = expected === undefined ? undefined : encoder.encode(text.slice(0, expected)).length;
        const mistake = check(cut(bytes, pick));
        assertEquals(mistake?.offset, place, note);
        assertEquals(mistake?.line, whole?.line, note);
        assertEquals(mistake?.reason, whole?.reason, note);
      }
      if (!valid) damaged++;
    }
    assert(damaged > rounds / 4 && damaged < rounds, `${damaged} of ${rounds} were damaged`);
  });

  it("takes nesting deeper than any stack, in a bit for each bracket", () => {
    const deep = 1_000_000;
    assertEquals(check(["[".repeat(deep), "]".repeat(deep)]), undefined);
    assertEquals(check(["[".repeat(deep), "]".repeat(deep), "]"])?.offset, 2 * deep);
    assertEquals(check(['{"a":['.repeat(deep), "]}".repeat(deep)]), undefined);
    assertEquals(check(['{"a":['.repeat(deep), "]}".repeat(deep - 1), "]]"])?.offset, 8 * deep - 1);
  });
});
