/** What a sync of a file and of a directory costs, and what `writeFile` reaches. */
import type { Durability } from "../../protocol/write_plan.ts";
import { writeFile } from "../../file/write_file.ts";
import { type Bench, medianTime, scratchFile, withFile, writeAll } from "./probe.ts";

const rounds = 15;
const content = new Uint8Array(4096).fill(0x61);

/** Median milliseconds of a sync of 4 KiB in a new file. */
export async function fileSyncTime(bench: Bench): Promise<number> {
  return await withFile(
    bench,
    "synced",
    async (file) =>
      await medianTime(bench, rounds, () => file.sync("full"), async () => {
        await file.seek(0);
        await writeAll(file, content);
      }),
  );
}

/** Median milliseconds of a sync of a directory that a name was added to; undefined where it cannot be opened for that. */
export async function directorySyncTime(bench: Bench): Promise<number | undefined> {
  const { engine, scratch } = bench;
  if (!engine.capabilities.directorySync) return undefined;
  const directory = await engine.fileSystem.openDirectory(scratch);
  if (directory === undefined) return undefined;
  try {
    return await medianTime(bench, rounds, () => directory.sync("full"), async (round) => {
      await withFile(bench, `entry${round}`, () => Promise.resolve());
    });
  } finally {
    await directory.close();
  }
}

/** What `writeFile` reports, and what 4 KiB take with it. */
export async function writing(bench: Bench): Promise<{ durability: Durability; milliseconds: number }> {
  let durability: Durability = "none";
  const milliseconds = await medianTime(bench, rounds, async () => {
    ({ durability } = await writeFile(scratchFile(bench, "written"), content));
  });
  return { durability, milliseconds };
}
