/** A C library made of JavaScript, which sees the calls and sets errno, behind each of the three binders. */
import { assertEquals } from "@std/assert";
import { bunBinder, type BunForeign } from "../../src/runtime/foreign/bun.ts";
import { denoBinder, type DenoForeign } from "../../src/runtime/foreign/deno.ts";
import { type Koffi, koffiBinder } from "../../src/runtime/foreign/koffi.ts";
import type { Binder, ForeignValue } from "../../src/runtime/foreign/table.ts";

/** What a function of the fake library answers: a result, and what it leaves in errno. */
export type Answer = number | bigint | { readonly errno: number };

/** A C library whose functions are ours. */
export class FakeLibrary {
  readonly calls: string[] = [];
  readonly loaded: string[] = [];
  errno = 0;
  readonly #answers: Readonly<Record<string, (...values: ForeignValue[]) => Answer>>;
  readonly #known: (library: string) => boolean;

  constructor(
    answers: Readonly<Record<string, (...values: ForeignValue[]) => Answer>>,
    known: (library: string) => boolean = () => true,
  ) {
    this.#answers = answers;
    this.#known = known;
  }

  load(name: string): void {
    this.loaded.push(name);
    if (!this.#known(name)) throw new Error(`no ${name}`);
  }

  call(name: string, values: readonly ForeignValue[]): number | bigint {
    const shown = values.map((value) => value instanceof Uint8Array ? `<${value.length}>` : String(value));
    this.calls.push(`${name}(${shown.join(", ")})`);
    const answer = this.#answers[name.replace(" later", "")]?.(...values) ?? 0;
    if (typeof answer !== "object") return answer;
    this.errno = answer.errno;
    return -1;
  }
}

const locations = new Set(["__errno_location", "__error"]);

function fakeDeno(library: FakeLibrary): DenoForeign {
  const pointer = {};
  return {
    dlopen(name, described) {
      library.load(name);
      const symbols = Object.entries(described).map(([key, { name, parameters, nonblocking }]) => {
        return [key, (...values: ForeignValue[]) => {
          if (locations.has(name)) return pointer;
          assertEquals(values.length, parameters.length);
          const result = library.call(nonblocking === true ? `${name} later` : name, values);
          return nonblocking === true ? Promise.resolve(result) : result;
        }];
      });
      return { symbols: Object.fromEntries(symbols) };
    },
    UnsafePointerView: class {
      constructor(found: object) {
        assertEquals(found === pointer, true);
      }
      getInt32(): number {
        return library.errno;
      }
    },
  };
}

function fakeBun(library: FakeLibrary): BunForeign {
  return {
    dlopen(name, described) {
      library.load(name);
      const symbols = Object.entries(described).map(([name, { args }]) => {
        return [name, (...values: ForeignValue[]) => {
          if (locations.has(name)) return 4096;
          assertEquals(values.length, args.length);
          return library.call(name, values);
        }];
      });
      return { symbols: Object.fromEntries(symbols) };
    },
    read: {
      i32: (pointer, offset) => {
        assertEquals([pointer, offset], [4096, 0]);
        return library.errno;
      },
    },
  };
}

type KoffiLater = ReturnType<ReturnType<Koffi["load"]>["func"]>["async"];

export function fakeKoffi(library: FakeLibrary): Koffi {
  return {
    load(name) {
      library.load(name);
      return {
        func: (name, _result, parameters) => {
          const call = (label: string, values: readonly ForeignValue[]) => {
            assertEquals(values.length, parameters.length);
            return library.call(label, values);
          };
          const later: KoffiLater = (...values) => {
            const done = values.at(-1);
            if (typeof done !== "function") throw new TypeError("no callback");
            const result = call(`${name} later`, values.slice(0, -1) as ForeignValue[]);
            queueMicrotask(() => done(null, result));
          };
          return Object.assign((...values: readonly ForeignValue[]) => call(name, values), { async: later });
        },
      };
    },
    errno: () => library.errno,
  };
}

export const binders: readonly (readonly [name: string, bind: (library: FakeLibrary) => Binder])[] = [
  ["Deno", (library) => denoBinder(fakeDeno(library))],
  ["Bun", (library) => bunBinder(fakeBun(library))],
  ["koffi", (library) => koffiBinder(fakeKoffi(library))],
];

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (value: ForeignValue | undefined): string =>
  value instanceof Uint8Array ? new TextDecoder().decode(value) : String(value);

export function fill(buffer: ForeignValue | undefined, content: Uint8Array): Answer {
  if (!(buffer instanceof Uint8Array)) return content.length;
  if (buffer.length < content.length) return { errno: 34 };
  buffer.set(content);
  return content.length;
}
