/** What is written while the disk fails, and how it fails: tables, and the seed's choice among them. */
import type { FailurePlan } from "../failing_disk.ts";
import { seeded } from "../volatile_disk.ts";

/** The kinds of lanes that are in flight together, in turn from one that the seed chooses. */
export const failingScenes: Readonly<Record<string, readonly string[]>> = {
  "files": ["write"],
  "new names, removals, copies, updates": ["names", "copy", "write", "update"],
  "many files in one call": ["manyInOneSync", "many", "manyInOneSync", "write"],
  "everything": ["write", "group", "log", "object", "reference", "names", "log", "write"],
  "synchronous twins among them": [
    "writeSync",
    "write",
    "logSync",
    "log",
    "groupSync",
    "namesSync",
    "objectSync",
    "group",
  ],
  "objects and logs that are damaged, repaired and removed": ["objectLife", "logLife"],
  "a log alone": ["log"],
  /** The control, no scene of the product. */
  "shared syncs that forget a failure": ["shared syncs that forget a failure"],
};

export const productScenes: readonly string[] = Object.keys(failingScenes).filter((name) => !name.includes("forget"));

/** The scene in which the disk fails what a log has written, and nothing else. */
export const LOG_SCENE = "a log alone";

/** The name of the process, which everything that it writes begins with. */
export const processName = (scene: string, number: number): string =>
  (scene === LOG_SCENE ? "logger" : "writer") + String.fromCharCode("a".charCodeAt(0) + number);

/** The lanes of one process. */
export function lanesOf(scene: string, writers: number, seed: number): string[] {
  const kinds = failingScenes[scene];
  if (kinds === undefined) throw new Error(`There is no scene ${scene}`);
  return Array.from({ length: writers }, (_, lane) => kinds[(seed + lane) % kinds.length] ?? "");
}

type Kind = Pick<FailurePlan, "requests" | "share"> & { readonly most: number; readonly count?: number };

/** `most`: how many requests are answered properly first, at most. */
const kinds: readonly Kind[] = [
  { requests: "flushes", most: 8, count: 1, share: 1 },
  { requests: "flushes", most: 8, count: 4, share: 0.5 },
  { requests: "writes", most: 24, count: 1, share: 1 },
  { requests: "writes", most: 24, count: 12, share: 0.4 },
  { requests: "all", most: 16, share: 1 },
  { requests: "all", most: 0, share: 0.15 },
];

/** How the disk fails at this cut. */
export function planOf(scene: string, seed: number): FailurePlan {
  const random = seeded(seed + 7);
  const common = { seed, losesCache: random() < 0.5, delay: random() < 0.5 ? 0 : random() * 4 };
  if (scene === LOG_SCENE) {
    // Neither the journal nor the names of files: the log can be opened anew and written on.
    const count = 1 + Math.floor(random() * 3);
    return { ...common, requests: "writes", containing: "logger", after: Math.floor(random() * 3), count, share: 1 };
  }
  const { most, ...kind } = kinds[Math.floor(random() * kinds.length)] as Kind;
  return { ...common, ...kind, after: Math.floor(random() * most) };
}
