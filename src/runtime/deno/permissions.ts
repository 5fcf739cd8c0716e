/**
 * Deno's permissions: asked about, never asked for.
 *
 * At a terminal Deno answers a missing permission with a question to the user and stops the whole process until it is
 * answered. A library in the middle of a protocol must not do that: there, every call first looks whether it is
 * permitted (1.3 µs) and otherwise fails with ENOTCAPABLE. Away from a terminal Deno fails by itself, and nothing is
 * spent.
 */
import { deno, type DenoPermission } from "./namespace.ts";
import { SystemError } from "../system_error.ts";

/** Whether that is permitted now. With --no-prompt, too, what is not granted may be in state "prompt". */
export function granted(permission: DenoPermission): boolean {
  return deno().permissions.querySync(permission).state === "granted";
}

let mayPrompt: boolean | undefined;

/** Throws ENOTCAPABLE for what Deno would otherwise ask the user about. */
export function permit(call: string, path: string, ...kinds: readonly ("read" | "write")[]): void {
  if (!(mayPrompt ??= deno().stdin.isTerminal())) return;
  for (const name of kinds) {
    if (!granted({ name, path })) throw new SystemError("ENOTCAPABLE", call, path);
  }
}

/** The same for a call that Deno allows only with permissions for every path. */
export function permitEverywhere(call: string, path: string): void {
  mayPrompt ??= deno().stdin.isTerminal();
  if (mayPrompt && !(granted({ name: "read" }) && granted({ name: "write" }))) {
    throw new SystemError("ENOTCAPABLE", call, path);
  }
}

const everything = ["read", "write", "run", "net", "env", "ffi", "sys"] as const;

/** Whether everything is permitted: what Deno wants for /proc, whatever `--allow-read` names. */
export function everythingGranted(): boolean {
  return everything.every((name) => granted({ name }));
}

/** Whether everything is permitted, and nothing of it denied, as `--deny-read=/etc` does. */
export function nothingDenied(): boolean {
  return everything.every((name) => {
    const { state, partial } = deno().permissions.querySync({ name });
    return state === "granted" && partial !== true;
  });
}
