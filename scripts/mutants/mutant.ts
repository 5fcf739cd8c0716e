/**
 * A mutant: the source with one mistake in it, and the tests that must turn red.
 *
 * The list grows with every fault that is found: what nobody saw once is planted here, so that it is seen from then on.
 */
export interface Mutant {
  /** What is wrong in it, in a few words: "a failed directory sync is reported as a success". */
  readonly name: string;
  /** The file of the source, relative to the checkout. */
  readonly file: string;
  /** Text that occurs there once, and what takes its place. */
  readonly from: string;
  readonly to: string;
  /** The test files that must turn red, the quickest first: one of them is enough. */
  readonly tests: readonly string[];
  /** Where the tests run: mistakes in an adapter show on its own runtime only. Default: Deno. */
  readonly runtime?: "node" | "bun";
  /** The mistake is that something never ends: a test that runs out of time has seen it, and only then. */
  readonly hangs?: true;
  /** The promise of a document that it breaks; its only test is the one that the document links to. */
  readonly promise?: string;
  /** Why no test can see it; it is then expected to survive. */
  readonly survives?: string;
}

/** The source with the mistake in it; an error when the place is not there, or not the only one. */
export function planted({ name, file, from, to }: Mutant, source: string): string {
  const parts = source.split(from);
  if (parts.length !== 2) {
    throw new Error(`${JSON.stringify(name)}: the text to be replaced occurs ${parts.length - 1} times in ${file}`);
  }
  if (from === to) throw new Error(`${JSON.stringify(name)} changes nothing`);
  return parts.join(to);
}
