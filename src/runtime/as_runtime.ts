/** Tells a runtime from what callers without types give in its place, and says where theirs is. */
import { InvalidArgument } from "../core/errors.ts";
import type { Runtime } from "./runtime.ts";

const parts = ["fileSystem", "syncFileSystem", "clock", "process", "capabilities"] as const;

/** Whether this is a machine to work on. */
export function isRuntime(value: unknown): value is Runtime {
  if (typeof value !== "object" || value === null) return false;
  return parts.every((part) => {
    const found: unknown = Reflect.get(value, part);
    return typeof found === "object" && found !== null;
  });
}

/** A runtime, or a TypeError that begins with `name` and says what was given instead. */
export function asRuntime(value: unknown, name: string): Runtime {
  if (isRuntime(value)) return value;
  throw new InvalidArgument(`${name} must be a runtime, such as memoryRuntime() returns${instead(value)}`);
}

function instead(value: unknown): string {
  if (typeof value === "function") return ", not a function: are the arguments swapped?";
  if (typeof value !== "object" || value === null) return `, not ${String(value)}`;
  if (isRuntime(Reflect.get(value, "runtime"))) return ": that is the property `runtime` of the object given here";
  if ("then" in value) return ", not a promise: was something not awaited?";
  return ", not another object";
}
