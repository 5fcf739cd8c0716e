/** Whether a file can be changed by versions here, without a lock: how, how fast, and whether a change is lost. */
import { updateVersionedText } from "../../versioned/update_versioned.ts";
import { type Bench, medianTime, scratchFile } from "./probe.ts";

/** What was found. */
export interface Versions {
  /** What makes a version the only one of its number: a hard link, or the rename of a directory. */
  readonly by: "link" | "directory";
  /** Median milliseconds of a change. */
  readonly milliseconds: number;
  /** Changes that were made at once, and how many of them are in the result. */
  readonly made: number;
  readonly kept: number;
}

const rounds = 5;
const atOnce = 8;

/** Makes versions. */
export async function versions(bench: Bench): Promise<Versions> {
  const path = scratchFile(bench, "versioned");
  const add = () => updateVersionedText(path, (count) => `${Number(count ?? "0") + 1}`);
  let changes = 0;
  const milliseconds = await medianTime(bench, rounds, () => {
    changes++;
    return add();
  });
  const numbers = await Promise.all(Array.from({ length: atOnce }, async () => (await add()).version ?? 0));
  const newest = Math.max(...numbers);
  const status = await bench.engine.fileSystem.linkStat(scratchFile(bench, `.versioned.v${newest}`));
  const by = status?.kind === "directory" ? "directory" : "link";
  let kept = 0;
  await updateVersionedText(path, (count) => {
    kept = Number(count) - changes;
    return undefined;
  });
  return { by, milliseconds, made: atOnce, kept };
}
