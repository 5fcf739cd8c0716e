/**
 * Takes the native helpers from this process, before its first use of them: it then works as Deno without --allow-ffi,
 * Node without koffi and fs-ext, and a Bun whose C library cannot be loaded.
 */
import process from "node:process";
import { currentRuntime } from "../../src/runtime/current.ts";

const refuse = (): never => {
  throw new Error("foreign calls are off");
};

/** For the rest of this process; throws where one was made before. */
export function withoutForeignCalls(): void {
  const deno: { dlopen: unknown } | undefined = Reflect.get(globalThis, "Deno");
  if (deno !== undefined) deno.dlopen = refuse;
  const modules: Record<string, (found: object) => object> = {
    "bun:ffi": () => ({ dlopen: refuse }),
    "node:module": (found) => ({ ...found, createRequire: () => refuse }),
  };
  const given = process.getBuiltinModule;
  Object.assign(process, {
    getBuiltinModule: (name: string) => {
      const found: object | undefined = given.call(process, name);
      return found === undefined ? found : modules[name]?.(found) ?? found;
    },
  });
  const used = currentRuntime().foreignCalls?.();
  if (used !== undefined) throw new Error(`foreign calls are on: ${used}`);
}
