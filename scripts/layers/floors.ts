/**
 * The floors of the house: which part of the source may import which. Imports go down, never up, and never sideways
 * between the feature folders. A new folder below src/ gets its place here.
 */

/** What each part may import beside itself. */
const BELOW = {
  core: [],
  runtime: ["core"],
  testing: ["core", "runtime"],
  protocol: ["core", "runtime"],
  lock: ["core", "runtime", "protocol"],
  file: ["core", "runtime", "protocol", "lock"],
  publication: ["core", "runtime", "protocol", "lock"],
  transaction: ["core", "runtime", "protocol", "lock", "publication"],
  store: ["core", "runtime", "protocol", "lock", "file"],
  log: ["core", "runtime", "protocol", "lock"],
  versioned: ["core", "runtime", "protocol", "lock", "file"],
  compat: ["core", "runtime", "protocol", "lock", "file"],
  cli: ["core", "runtime", "protocol", "lock", "file", "publication", "transaction", "store", "log", "versioned"],
  doors: [
    "core",
    "runtime",
    "testing",
    "protocol",
    "lock",
    "file",
    "publication",
    "transaction",
    "store",
    "log",
    "versioned",
    "compat",
    "cli",
  ],
} as const satisfies Record<string, readonly string[]>;

export type Part = keyof typeof BELOW;

export const PARTS: readonly Part[] = Object.keys(BELOW) as Part[];

/** The part a file belongs to, or `undefined` when the house has no place for it. */
export function partOf(path: string): Part | undefined {
  if (path === "mod.ts" || path === "cli.ts") return "doors";
  const folder = path.match(/^src\/([^/]+)\//)?.[1];
  const known = folder !== undefined && folder in BELOW && folder !== "doors";
  return known ? folder as Part : undefined;
}

export function mayImport(from: Part, to: Part): boolean {
  const below: readonly string[] = BELOW[from];
  return (from === to && from !== "doors") || below.includes(to);
}

/** Whether a part stands above the seam, where no runtime and no operating system is named. */
export function isAboveSeam(part: Part): boolean {
  return part !== "core" && part !== "runtime" && part !== "testing";
}
