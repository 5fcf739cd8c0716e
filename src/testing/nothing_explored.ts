/** A proof of code that never touched the machine would be one of nothing: it used another file system, or lost `runtime`. */

/** The error of a run that has explored nothing. */
export function nothingExplored(who: string): Error {
  return new Error(
    `Nothing was explored: ${who} made no call on the runtime it was given. Is that handed on (the option runtime), ` +
      "and does nothing go past it (node:fs, Deno.writeFile)?",
  );
}
