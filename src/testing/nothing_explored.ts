/** A proof of code that never touched the machine would be one of nothing: it used another file system, or lost `runtime`. */

/** How the machine is reached. */
const remedy =
  "is node:fs mocked, by vi.mock or mock.module, and the code under test imported only then (mock first, " +
  "then import)? It reaches the machine by this package, by simulatedFs() or by the runtime it is given; node:fs " +
  "itself and Deno.writeFile go past it";

/** The error of a run that has explored nothing; `cause`: what it has thrown. */
export function nothingExplored(who: string, cause?: unknown): Error {
  return new Error(`Nothing was explored: ${who} made no call on the explored machine: ${remedy}.`, { cause });
}

/** The error of a run that failed before it had explored anything: most often on the real disk. */
export function nothingReached(who: string, cause: unknown): Error {
  const message = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  return new Error(
    `${who} has failed: ${message}\nNothing reached the simulated machine: ${remedy}.`,
    {
      cause,
    },
  );
}
