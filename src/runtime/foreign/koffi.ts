/**
 * The table through koffi, on Node: an optional peer of the npm package, with prebuilt binaries, used where the user has
 * installed it. https://koffi.dev
 */
import { type Binder, type ForeignType, type ForeignValue, MissingFunction } from "./table.ts";

/** What is used of koffi. */
export interface Koffi {
  load(library: string): {
    func(name: string, result: string, parameters: readonly string[]): (
      ...values: readonly ForeignValue[]
    ) => number | bigint;
  };
  /** The error number that the last call has left. */
  errno(): number;
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
    const bound = new Map<string, (...values: readonly ForeignValue[]) => number | bigint>();
    for (const [name, { parameters, result, optional }] of Object.entries(functions)) {
      if (optional === true) continue;
      bound.set(name, library.func(name, names[result], parameters.map((type) => names[type])));
    }
    return {
      call(name, values) {
        const called = bound.get(name);
        if (called === undefined) throw new MissingFunction(name);
        const result = Number(called(...values));
        return { result, errno: result < 0 ? koffi.errno() : 0 };
      },
    };
  };
}
