/**
 * Skips a test for a reason that only the running test can know (not root, no loop device, a missing program).
 *
 * The runtimes do not agree on `t.skip()`: Deno reports such a test as passed, without the reason. So the reason goes
 * to standard output on a line of its own, which the test command reads on all three and counts as skipped:
 *
 *     if (process.getuid?.() !== 0) return skip(t, "needs root");
 */
interface Skippable {
  name: string;
  fullName?: string | undefined;
}

/** Tells the test command that this test was skipped, and why. The test has to return after it. */
export function skip(t: Skippable, reason: string): void {
  console.log(`\n# SKIP ${(t.fullName ?? t.name).replaceAll("\n", " ")}: ${reason.replaceAll("\n", " ")}`);
}
