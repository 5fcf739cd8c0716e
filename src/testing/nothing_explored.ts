/** A proof of code that never touched the machine would be one of nothing: it used another file system, or lost `runtime`. */

/** The error of a run that has explored nothing. */
export function nothingExplored(who: string): Error {
  return new Error(
    `Nothing was explored: ${who} made no call on the explored machine. Does it reach the disk by this package, by ` +
      "simulatedFs() or by the runtime it is given, and nothing past them (node:fs, Deno.writeFile)?",
  );
}
