/** What this program was called with; a module of its own, because `atomic-write --version` loads nothing else. */

/** The arguments after the program's name. */
export function programArguments(): readonly string[] {
  const { Deno: deno } = globalThis as unknown as { Deno?: { readonly args: readonly string[] } };
  if (deno !== undefined) return deno.args;
  // On Deno, merely touching `process` would cost 10 ms.
  const { process: host } = globalThis as unknown as { process: { readonly argv: readonly string[] } };
  return host.argv.slice(2);
}
