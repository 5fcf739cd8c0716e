/**
 * What another process's failed sync may take away: the gap that the kernel leaves and no library can close
 * (docs/guarantees.md). It tells an error to whoever syncs first, and everybody else's syncs answer success.
 *
 * - An operation of one process that was at work when a sync of another process failed: what it acknowledges afterwards
 *   may be lost, and what it had begun may be there by halves.
 * - One that began later, and relies on what it found there: equal content, an object, the name of a log.
 *
 * Nothing else: not what was acknowledged before the failure, not what an operation that began later has itself written,
 * and nothing at all within one process.
 */
import type { FailedCall } from "../../../src/testing/mod.ts";

/** What was told, by whom. */
export type Fact =
  | { readonly begun: number }
  | { readonly seen: string; readonly version: string }
  | { readonly done: string; readonly version: string | undefined; readonly by: number }
  | { readonly found: string; readonly by: number }
  | { readonly durable: string; readonly by: number }
  | { readonly fact: string };

/** Whether an operation was at work when a sync of another process failed. */
export function isInDoubt(operation: number, failed: FailedCall | undefined): boolean {
  return failed !== undefined && failed.fault.operation !== operation && failed.begun.includes(operation);
}

/** The facts that oblige, of operations in processes of their own. `rests`: who relies on what others have put there. */
export function withoutDoubtful(
  facts: readonly Fact[],
  failed: FailedCall | undefined,
  rests: (operation: number) => boolean,
): Fact[] {
  if (failed === undefined) return [...facts];
  return facts.filter((fact, index) => {
    if (!("by" in fact) || index < failed.acknowledged || failed.fault.operation === fact.by) return true;
    const relies = "durable" in fact ? rests(fact.by) : "found" in fact || fact.version === undefined;
    return !relies && !isInDoubt(fact.by, failed);
  });
}
