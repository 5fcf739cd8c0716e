/**
 * Which test files start first. A long file that starts last leaves the other processors idle, so the long ones come
 * first; equal ones keep their order, so that a file seldom meets itself on another runtime. The seconds are roughly those that the test command prints as its slowest
 * files: only their order matters, and a file that is not named here counts as short.
 */
const SECONDS: Readonly<Record<string, number>> = {};

/** The longer a file is expected to take, the more. */
export function expectedWeight(path: string, runtime: string): number {
  return SECONDS[`${path} on ${runtime}`] ?? SECONDS[path] ?? 0;
}
