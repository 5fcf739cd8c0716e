/**
 * What the processes do whose ways of saving are compared. Each saves as often as its order says, and goes on after a
 * save that failed: a method is judged by as many attempts as any other, and its failures are on record as failures.
 */
import * as fs from "node:fs";
import { lanes, newVersion, recorded, type Surroundings, type Workload } from "./workload.ts";

async function attempt(around: Surroundings, path: string): Promise<void> {
  const { content, data } = newVersion(around, 20_000);
  // It is on record that it failed, and why.
  await recorded(around, path, content, undefined, (file) => around.save(file, data)).catch(() => {});
}

function saving(pathOf: (round: number) => string): Workload {
  return {
    run: async (around) => {
      for (let round = 0; round < (around.saves ?? 1); round++) await attempt(around, pathOf(round));
    },
  };
}

export const comparedWorkloads: Record<string, Workload> = {
  "compared: one file": saving(() => "one"),
  "compared: new files": saving((round) => `many/${round}`),
  "compared: save once": { run: (around) => attempt(around, "once") },
  "compared: until the cut": { run: (around) => lanes(1, () => attempt(around, "one")) },
  /** Appends and syncs a file of its own every few milliseconds, as databases and logs do. */
  "compared: neighbour": {
    run: (around) =>
      lanes(1, async () => {
        await recorded(around, "noise", "*", undefined, (path) => {
          const file = fs.openSync(path, "a");
          fs.writeSync(file, new Uint8Array(4096));
          fs.fsyncSync(file);
          fs.closeSync(file);
        });
        await new Promise((resolve) => setTimeout(resolve, 5));
      }),
  },
};
