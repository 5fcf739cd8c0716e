/**
 * The table through `bun:ffi`. https://bun.com/docs/runtime/ffi
 *
 * Calls block the thread (bun:ffi has no other kind). The error number is read right after the call: nothing of ours runs
 * in between.
 */
import { type Binder, type ForeignTable, type ForeignType, type ForeignValue, MissingFunction } from "./table.ts";

/** What is used of the module `bun:ffi`. */
export interface BunForeign {
  dlopen(
    library: string,
    symbols: Readonly<Record<string, { readonly args: readonly string[]; readonly returns: string }>>,
  ): { readonly symbols: Readonly<Record<string, (...values: readonly ForeignValue[]) => number | bigint>> };
  readonly read: { i32(pointer: number, offset: number): number };
}

const names: Readonly<Record<ForeignType, string>> = { i32: "i32", i64: "i64", u64: "u64", buffer: "ptr" };

function symbolsOf(functions: ForeignTable, errorLocation: string | undefined) {
  const symbols: Record<string, { args: readonly string[]; returns: string }> = errorLocation === undefined
    ? {}
    : { [errorLocation]: { args: [], returns: "ptr" } };
  for (const [name, { parameters, result, optional }] of Object.entries(functions)) {
    if (optional === true) continue;
    symbols[name] = { args: parameters.map((type) => names[type]), returns: names[result] };
  }
  return symbols;
}

/** Binds the table through Bun. */
export function bunBinder({ dlopen, read }: BunForeign): Binder {
  return (name, { functions, errorLocation }) => {
    const { symbols } = dlopen(name, symbolsOf(functions, errorLocation));
    const locate = errorLocation === undefined ? undefined : symbols[errorLocation];
    if (locate === undefined && errorLocation !== undefined) throw new TypeError(`${name} has no ${errorLocation}`);
    return {
      call(name, values) {
        const bound = symbols[name];
        if (bound === undefined) throw new MissingFunction(name);
        const result = Number(bound(...values));
        return { result, errno: result < 0 && locate !== undefined ? read.i32(Number(locate()), 0) : 0 };
      },
    };
  };
}
