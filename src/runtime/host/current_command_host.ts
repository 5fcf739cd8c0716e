/**
 * The process of this command, on whichever runtime. Only the adapter in use is loaded: the start of a command is most
 * of its running time.
 */
import type { CommandHost } from "./command_host.ts";
import { denoNamespace } from "../deno/namespace.ts";

/** The process this command runs in. */
export async function currentCommandHost(): Promise<CommandHost> {
  if (denoNamespace() !== undefined) return (await import("./deno_command_host.ts")).denoCommandHost();
  return (await import("./node_command_host.ts")).nodeCommandHost();
}
