/**
 * The table through `Deno.dlopen`, which needs --allow-ffi. https://docs.deno.com/api/deno/~/Deno.dlopen
 *
 * The error number is read right after the call: nothing of ours runs in between. After a call on another thread it cannot
 * be read, so those tell only whether they have succeeded.
 */
import {
  type Binder,
  type ForeignFunction,
  type ForeignName,
  type ForeignTable,
  type ForeignValue,
  MissingFunction,
} from "./table.ts";

/** A function as `Deno.dlopen` wants it described. */
interface DenoForeignFunction {
  readonly name: string;
  readonly parameters: readonly string[];
  readonly result: string;
  readonly nonblocking?: boolean;
  /** The symbol is then null where the library lacks it. */
  readonly optional?: boolean;
}

/** Pointers are objects there, whose meaning is Deno's own. */
type DenoForeignResult = number | bigint | object | null;

/** What is used of Deno's foreign functions. */
export interface DenoForeign {
  dlopen(library: string, symbols: Readonly<Record<string, DenoForeignFunction>>): {
    readonly symbols: Readonly<Record<string, ((...values: readonly ForeignValue[]) => unknown) | null>>;
  };
  readonly UnsafePointerView: new (pointer: object) => { getInt32(offset?: number): number };
}

/** What has to be called off the thread as well, because it may take long. */
const later: readonly ForeignName[] = ["ioctl", "sync_file_range", "syncfs", "FlushFileBuffers"];
const laterName = (name: ForeignName): string => `${name}_later`;

function described(name: string, { parameters, result, optional }: ForeignFunction): DenoForeignFunction {
  return { name, parameters, result, optional: optional === true };
}

function symbolsOf(functions: ForeignTable, errorLocation: string | undefined): Record<string, DenoForeignFunction> {
  const symbols: Record<string, DenoForeignFunction> = errorLocation === undefined
    ? {}
    : { [errorLocation]: { name: errorLocation, parameters: [], result: "pointer" } };
  for (const [name, row] of Object.entries(functions)) symbols[name] = described(name, row);
  for (const name of later) {
    const row = functions[name];
    if (row !== undefined) symbols[laterName(name)] = { ...described(name, row), nonblocking: true };
  }
  return symbols;
}

/** Binds the table through Deno. */
export function denoBinder({ dlopen, UnsafePointerView }: DenoForeign): Binder {
  return (name, { functions, errorLocation }) => {
    const { symbols } = dlopen(name, symbolsOf(functions, errorLocation));
    const call = (symbol: string, values: readonly ForeignValue[]) => {
      const bound = symbols[symbol];
      if (bound === undefined || bound === null) throw new MissingFunction(symbol);
      return bound(...values);
    };
    const errorNumber = () => {
      if (errorLocation === undefined) return 0;
      const pointer = call(errorLocation, []) as DenoForeignResult;
      return typeof pointer === "object" && pointer !== null ? new UnsafePointerView(pointer).getInt32() : 0;
    };
    return {
      call(name, values) {
        const result = Number(call(name, values));
        return { result, errno: result < 0 ? errorNumber() : 0 };
      },
      callLater: async (name, values) => ({ result: Number(await call(laterName(name), values)), errno: 0 }),
    };
  };
}
