/**
 * The life of what is kept: objects that are put with a mode, referred to, damaged, moved out of the way, put again and
 * removed; and logs that are damaged, read on behind the damage, repaired in both ways and gone on with. Played while the
 * power goes and while the disk fails.
 *
 * Damage is content that somebody has put there whole and durably: so every moment has one content that must be found.
 */
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { join } from "node:path";
import { writeFile } from "../../mod.ts";
import { openLog, openLogReader, repairLog } from "../../src/log/mod.ts";
import { objectNames, quarantineName } from "../../src/protocol/names/store.ts";
import { openObjectStore, openReferences } from "../../src/store/mod.ts";
import { damagedLog, labelOf, pathOfRecord } from "./found.ts";
import { newVersion, type Surroundings } from "./workload.ts";

/** Who does it, and in which lane of its process. */
export interface Keeper extends Surroundings {
  readonly lane: number;
}

/** What is done to one path: it has this content from then on, and these permissions. */
export interface Change {
  readonly path: string;
  readonly content: string | null;
  readonly mode?: number;
}

/** Runs an operation between its lines on record; what it answers says how durable it is. */
export type Recorded = (changes: readonly Change[], run: () => Promise<string>) => Promise<void>;

const digestOf = (data: Uint8Array) => createHash("sha256").update(data).digest("hex");

function mustBe(isSo: boolean, what: string): void {
  if (!isSo) throw new Error(`not as promised: ${what}`);
}

/** Objects may be read by those whom the mode allows it, less the umask of the processes. */
const modes = [{ asked: 0o600, found: 0o400 }, { asked: 0o640, found: 0o440 }] as const;

/** One round of objects and references. */
export async function keepObjects(keeper: Keeper, round: number, recorded: Recorded): Promise<void> {
  const { root, process, lane } = keeper;
  const [folder, name] = [`store/${process}-${lane}`, `head-${process}-${lane}`];
  const { asked, found: mode } = modes[round % 2] as typeof modes[number];
  const store = await openObjectStore(join(root, folder), { mode: asked });
  const references = await openReferences(join(root, "refs"));
  const place = (digest: string) => {
    const names = objectNames(digest);
    return `${folder}/${names.shard}/${names.name}`;
  };
  const put = async ({ content, data }: ReturnType<typeof newVersion>) => {
    const path = place(digestOf(data));
    await recorded([{ path, content, mode }], async () => {
      await store.put(data);
      return store.durability;
    });
    return path;
  };
  const [kept, other, rot] = [newVersion(keeper, 4000), newVersion(keeper, 4000), newVersion(keeper, 4000)];
  const [digest, otherDigest] = [digestOf(kept.data), digestOf(other.data)];
  const path = await put(kept);
  const otherPath = await put(other);
  for (const [reference, to] of [[name, digest], [`${name}-old`, otherDigest]] as const) {
    await recorded([{ path: `refs/${reference}`, content: to }], async () => {
      await references.update(reference, to);
      return references.durability;
    });
  }
  await recorded(
    [{ path, content: rot.content }],
    async () => (await writeFile(join(root, path), rot.data)).durability,
  );
  const quarantine = `${folder}/${quarantineName}/${digest}`;
  await recorded([{ path, content: null }, { path: quarantine, content: rot.content }], async () => {
    const { quarantined } = await store.verify({ quarantine: true });
    mustBe(quarantined?.includes(digest) === true, "a damaged object is moved out of the way");
    return store.durability;
  });
  await put(kept);
  await recorded([{ path: `refs/${name}-old`, content: null }], async () => {
    await references.remove(`${name}-old`);
    return references.durability;
  });
  await recorded([{ path: otherPath, content: null }], async () => {
    await store.remove(otherDigest);
    return store.durability;
  });
}

/** One round of a log. */
export async function keepLog(keeper: Keeper, round: number, recorded: Recorded): Promise<void> {
  const name = damagedLog(keeper.process, keeper.lane);
  const path = join(keeper.root, "logs", name);
  // As a program does that finds it as the round before has left it.
  if (fs.existsSync(path)) await repairLog(path, { keep: "readable", backup: 0 });
  const versions = [0, 1, 2].map(() => newVersion(keeper, 1500));
  const places = versions.map(({ content }) => pathOfRecord(name, content));
  {
    await using log = await openLog(path);
    if (round % 4 === 0) {
      const changes = [];
      for await (const { data } of log.read()) changes.push({ path: pathOfRecord(name, labelOf(data)), content: null });
      await recorded(changes, async () => {
        await log.checkpoint("");
        return log.durability;
      });
    }
    for (const [number, { content, data }] of versions.entries()) {
      await recorded([{ path: places[number] ?? "", content }], async () => {
        await log.append(data);
        return log.durability;
      });
    }
  }
  const bytes = fs.readFileSync(path);
  const at = bytes.indexOf(versions[1]?.data ?? "");
  mustBe(at > 0, "a record is in the log");
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await recorded([{ path: places[1] ?? "", content: null }], async () => (await writeFile(path, bytes)).durability);
  const skipped: number[] = [];
  const behind: string[] = [];
  const reading = {
    whenDamaged: "skip",
    onSkipped: ({ records }: { records: number }) => skipped.push(records),
  } as const;
  for await (const { data } of openLogReader(path).read(reading)) behind.push(labelOf(data));
  const [first = "", , last = ""] = versions.map(({ content }) => content);
  mustBe(behind.at(-2) === first && behind.at(-1) === last, "what is behind damage is read");
  mustBe(skipped.at(-1) === 1, "it is said what was passed over");
  const keep = round % 2 === 0 ? "before" : "readable";
  const changes = keep === "before" ? [{ path: places[2] ?? "", content: null }] : [];
  await recorded(changes, async () => (await repairLog(path, { keep, backup: round % 3 })).durability);
  // Only the repaired log has it.
  const next = newVersion(keeper, 1500);
  await recorded([{ path: pathOfRecord(name, next.content), content: next.content }], async () => {
    await using log = await openLog(path);
    await log.append(next.data);
    return log.durability;
  });
}
