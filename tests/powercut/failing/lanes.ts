/**
 * What a writer does while the disk fails: a table. A writer works in a lane of its own, one operation after another; as
 * many lanes as the order says are in flight in one process. A new feature adds a row.
 *
 * A lane is called again and again. `again` says that its last operation has failed: it then repeats it with the same
 * content, as programs do, so that what looks written already (equal content, an object that is there, the tail of a
 * log) is offered once more. An operation is on record as done only when it was acknowledged as durable.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import {
  copyFile,
  type Durability,
  removeFile,
  removeFileSync,
  updateFile,
  writeFile,
  writeFiles,
  writeFileSync,
  type WriteFileSyncOptions,
} from "../../../mod.ts";
import { objectNames } from "../../../src/protocol/names/store.ts";
import { openObjectStore, openObjectStoreSync, openReferences, openReferencesSync } from "../../../src/store/mod.ts";
import { applyFiles, applyFilesSync } from "../../../src/transaction/mod.ts";
import { KEPT_FOLDERS } from "../found.ts";
import { keepLog, keepObjects } from "../kept.ts";
import { newVersion, type Surroundings } from "../workload.ts";
import { appendTo, appendToSync } from "./log_lane.ts";
import { forgetfulWrite } from "./old_sharing.ts";

export interface LaneOrder extends Surroundings {
  /** No two lanes of a process have the same. */
  readonly lane: number;
}

export interface Lane {
  step(again: boolean): Promise<void>;
  close?(): void | Promise<void>;
}

/** The folders that must be there. */
export const FOLDERS = ["one", "two", ...KEPT_FOLDERS] as const;

/** Runs an operation on some paths between its lines on record; what it answers says how durable it is. */
async function recorded(
  order: Surroundings,
  paths: readonly string[],
  content: string | null,
  run: () => unknown,
): Promise<void> {
  await recordEnd(order, paths.map((path) => order.record.begin(path, content)), run);
}

/** Runs what has begun; it is done only when it was acknowledged as durable. */
async function recordEnd({ record }: Surroundings, names: readonly string[], run: () => unknown): Promise<void> {
  try {
    const answer = await run();
    if (answer !== "full") throw new Error(`not durable: ${String(answer)}`);
    for (const name of names) record.done(name);
  } catch (error) {
    for (const name of names) record.failed(name, error);
    throw error;
  }
}

const longest = 6000;

/** A lane that hands each content on until it has been acknowledged. */
function contents(
  order: LaneOrder,
  use: (next: { content: string; data: Uint8Array; again: boolean; round: number }) => Promise<void>,
): Lane {
  let last = newVersion(order, longest);
  let round = 0;
  return {
    step: async (again) => {
      if (!again) {
        last = newVersion(order, longest);
        round++;
      }
      await use({ ...last, again, round });
    },
  };
}

type Write = (path: string, data: Uint8Array, options: WriteFileSyncOptions) => unknown;

/** Half of the lanes are in another directory: it is the file system that fails, not the directory. */
const folderOf = ({ lane }: LaneOrder): string => lane % 2 === 0 ? "one" : "two";
const nameOf = (what: string, { process, lane }: LaneOrder): string => `${what}-${process}-${lane}`;

const durabilityOf = async (result: unknown): Promise<Durability> =>
  (await result as { durability: Durability }).durability;

function writes(write: Write): (order: LaneOrder) => Lane {
  return (order) =>
    contents(order, async ({ content, data, again }) => {
      const path = join(folderOf(order), nameOf("one", order));
      await recorded(order, [path], content, () =>
        durabilityOf(write(join(order.root, path), data, { skipIfEqual: again })));
    });
}

/** New names, each of which is removed again after a while. */
function names(write: Write, remove: (path: string) => unknown): (order: LaneOrder) => Lane {
  return (order) =>
    contents(order, async ({ content, data, round }) => {
      const path = (number: number) => join(folderOf(order), `${nameOf("new", order)}-${number}`);
      await recorded(order, [path(round)], content, () => durabilityOf(write(join(order.root, path(round)), data, {})));
      const old = round - 2;
      if (old % 2 !== 1) return;
      await recorded(order, [path(old)], null, () => durabilityOf(remove(join(order.root, path(old)))));
    });
}

function groups(apply: typeof applyFiles | typeof applyFilesSync): (order: LaneOrder) => Lane {
  return (order) =>
    contents(order, async ({ content, data }) => {
      const paths = ["one/x", "one/y", "two/z"].map((path) => nameOf(path, order));
      await recorded(order, paths, content, async () => {
        const files = paths.map((path) => ({ path: join(order.root, path), data }));
        await apply({ files, activate: () => {} });
        return "full";
      });
    });
}

interface AnyStore {
  put(data: Uint8Array): string | Promise<string>;
  readonly durability: Durability;
}

interface AnyReferences {
  update(name: string, digest: string): void | Promise<void>;
  readonly durability: Durability;
}

const digestOf = (data: Uint8Array) => createHash("sha256").update(data).digest("hex");

async function put(order: LaneOrder, store: AnyStore, content: string, data: Uint8Array): Promise<string> {
  const digest = digestOf(data);
  const { shard, name } = objectNames(digest);
  await recorded(order, [join("store", shard, name)], content, async () => {
    await store.put(data);
    return store.durability;
  });
  return digest;
}

function objects(open: (path: string) => AnyStore | Promise<AnyStore>): (order: LaneOrder) => Lane {
  return (order) => {
    let store: AnyStore | undefined;
    return contents(order, async ({ content, data }) => {
      store ??= await open(join(order.root, "store"));
      await put(order, store, content, data);
    });
  };
}

function references(
  openStore: (path: string) => AnyStore | Promise<AnyStore>,
  open: (path: string) => AnyReferences | Promise<AnyReferences>,
): (order: LaneOrder) => Lane {
  return (order) => {
    let store: AnyStore | undefined;
    let names: AnyReferences | undefined;
    return contents(order, async ({ content, data }) => {
      const place = store ??= await openStore(join(order.root, "store"));
      const heads = names ??= await open(join(order.root, "refs"));
      const digest = await put(order, place, content, data);
      const name = nameOf("head", order);
      await recorded(order, [join("refs", name)], digest, async () => {
        await heads.update(name, digest);
        return heads.durability;
      });
    });
  };
}

/** Whole rounds; one that has failed is followed by another, as a program does that begins anew. */
function keeping(keep: typeof keepObjects): (order: LaneOrder) => Lane {
  return (order) => {
    let round = 0;
    return {
      step: () =>
        keep(order, round++, async (changes, run) => {
          const names = changes.map(({ path, content, mode }) => order.record.begin(path, content, mode));
          await recordEnd(order, names, run);
        }),
    };
  };
}

/** Files in one call, each of which is acknowledged or has failed for itself. */
function many(sync: "file" | "filesystem"): (order: LaneOrder) => Lane {
  return (order) =>
    contents(order, async ({ content, data }) => {
      const paths = ["one/i", "one/j", "two/k"].map((path) => nameOf(path, order));
      const { record } = order;
      const begun = paths.map((path) => record.begin(path, content));
      const { failed } = await writeFiles(paths.map((path) => ({ path: join(order.root, path), data })), {
        sync,
        whenFailed: "report",
        onWritten({ durability }, index) {
          const name = begun[index] ?? "";
          if (durability === "full") record.done(name);
          else record.failed(name, new Error(`not durable: ${durability}`));
        },
      });
      for (const { index, error } of failed) record.failed(begun[index] ?? "", error);
      if (failed.length > 0) throw failed[0]?.error;
    });
}

export const laneKinds: Readonly<Record<string, (order: LaneOrder) => Lane>> = {
  write: writes(writeFile),
  writeSync: writes(writeFileSync),
  names: names(writeFile, removeFile),
  namesSync: names(writeFileSync, removeFileSync),
  group: groups(applyFiles),
  groupSync: groups(applyFilesSync),
  object: objects(openObjectStore),
  objectSync: objects(openObjectStoreSync),
  reference: references(openObjectStore, openReferences),
  referenceSync: references(openObjectStoreSync, openReferencesSync),
  log: appendTo,
  logSync: appendToSync,
  objectLife: keeping(keepObjects),
  logLife: keeping(keepLog),
  many: many("file"),
  manyInOneSync: many("filesystem"),
  update: (order) =>
    contents(order, async ({ content, data }) => {
      const path = join(folderOf(order), nameOf("updated", order));
      await recorded(order, [path], content, () => durabilityOf(updateFile(join(order.root, path), () => data)));
    }),
  /** Where blocks can be shared the copy shares those of the source. */
  copy: (order) =>
    contents(order, async ({ content, data }) => {
      const [from, to] = ["from", "to"].map((each) => join(folderOf(order), nameOf(each, order)));
      const place = (path = "") => join(order.root, path);
      await recorded(order, [from ?? ""], content, () => durabilityOf(writeFile(place(from), data)));
      await recorded(order, [to ?? ""], content, () => durabilityOf(copyFile(place(from), place(to))));
    }),
  /** The control: directory syncs shared as if a failure concerned those alone who waited for that sync. */
  "shared syncs that forget a failure": writes(forgetfulWrite),
};
