/**
 * The table through koffi, on Node: an optional peer of the npm package, with prebuilt binaries, used where the user has
 * installed it. https://koffi.dev
 */
import { type Binder, type ForeignType, type ForeignValue, MissingFunction } from "./table.ts";

/** What is used of koffi. */
export interface Koffi {
  load(library: string): {
    func(name: string, result: string, parameters: readonly string[]): KoffiFunction;
  };
  /** The error number that the last call has left; in a callback, that of its own call. */
  errno(): number;
}

/** A C function; `async` calls it on another thread, and ends with its result or an error of koffi's own. */
interface KoffiFunction {
  (...values: readonly ForeignValue[]): number | bigint;
  async(...values: readonly (ForeignValue | ((error: unknown, result: number | bigint) => void))[]): void;
}

const names: Readonly<Record<ForeignType, string>> = {
  i32: "int32_t",
  i64: "int64_t",
  u64: "uint64_t",
  buffer: "void *",
};

/** Whether what was found by the name koffi is it. */
export function isKoffi(found: unknown): found is Koffi {
  return typeof found === "object" && found !== null && "load" in found && "errno" in found;
}

/** Binds the table through koffi. */
export function koffiBinder(koffi: Koffi): Binder {
  return (name, { functions }) => {
    const library = koffi.load(name);
    const bound = new Map<string, KoffiFunction>();
    for (const [name, { parameters, result, optional }] of Object.entries(functions)) {
      if (optional === true) continue;
      bound.set(name, library.func(name, names[result], parameters.map((type) => names[type])));
    }
    const named = (name: string) => {
      const called = bound.get(name);
      if (called === undefined) throw new MissingFunction(name);
      return called;
    };
    const answer = (result: number) => ({ result, errno: result < 0 ? koffi.errno() : 0 });
    return {
      call: (name, values) => answer(Number(named(name)(...values))),
      callLater: (name, values) =>
        new Promise((resolve, reject) => {
          named(name).async(...values, (error, result) => {
            if (error === null) resolve(answer(Number(result)));
            else reject(error);
          });
        }),
    };
  };
}
