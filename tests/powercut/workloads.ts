/**
 * What the processes do until the power goes: a table. A new feature adds a row here and a scene in scenes.ts.
 *
 * Every operation is on record with what it puts where; what must be found after the cut follows from that alone
 * (judge.ts). A row whose promise is more than that says the rest in `check`.
 */
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { dirname, join } from "node:path";
import {
  copyFile,
  listBackupsSync,
  removeFile,
  removeFileSync,
  updateFile,
  updateFileSync,
  writeFile,
  writeFiles,
  writeFileSync,
} from "../../mod.ts";
import { applyFiles, applyFilesSync } from "../../src/transaction/mod.ts";
import { ways } from "../real/ways.ts";
import { makeVersion, readVersion } from "../support/versions.ts";
import { comparedWorkloads } from "./compared_workloads.ts";
import { groups, recoverAfterCut } from "./groups.ts";
import { keepLog, keepObjects } from "./kept.ts";
import { publications } from "./publications.ts";
import { lanes, modeFor, newVersion, recorded, type Workload } from "./workload.ts";

type SaveWithMode = (path: string, data: Uint8Array, mode: number) => unknown;

/** Versions of one file, written one after another. */
function versionsOf(path: (process: string) => string, save: SaveWithMode, longest = 20_000): Workload {
  return {
    run: (around) =>
      lanes(1, async (_, round) => {
        const { content, data } = newVersion(around, longest);
        const mode = modeFor(round);
        await recorded(around, path(around.process), content, mode, (file) => save(file, data, mode));
      }),
  };
}

/** New files in one directory, several at once; after 300 each name is used again. */
function manyFiles(save: SaveWithMode): Workload {
  return {
    run: (around) =>
      lanes(8, async (lane, round) => {
        const { content, data } = newVersion(around, 3000);
        const path = `many/${around.process}-${lane}-${round % 300}`;
        await recorded(around, path, content, modeFor(round), (file) => save(file, data, modeFor(round)));
      }),
  };
}

/** Files in two directories, in one call; each is acknowledged when it is reported. */
const manyInOneCall = (sync: "file" | "filesystem"): Workload => ({
  run: (around) =>
    lanes(2, async (lane, round) => {
      const files = Array.from({ length: 40 }, (_, index) => ({
        ...newVersion(around, 3000),
        name: `${index % 2 === 0 ? "many" : "more"}/${around.process}-${sync}-${lane}-${index}`,
        mode: modeFor(round),
      }));
      const begun = files.map(({ name, content, mode }) => around.record.begin(name, content, mode));
      const { failed } = await writeFiles(
        files.map(({ name, data, mode }) => ({ path: join(around.root, name), data, mode })),
        {
          sync,
          createDirectories: true,
          whenFailed: "report",
          onWritten({ durability }, index) {
            if (durability !== "full") throw new Error(`durability reached is ${durability}`);
            around.record.done(begun[index] ?? "");
          },
        },
      );
      for (const { index, error } of failed) around.record.failed(begun[index] ?? "", error);
      if (failed.length > 0) throw failed[0]?.error;
    }),
});

function way(name: string): SaveWithMode {
  const write = ways[name];
  if (write === undefined) throw new Error(`There is no way ${name}`);
  return (path, data, mode) => write(path, data, { mode });
}

/** How often the content says that it was updated. */
const countIn = (data: Uint8Array | undefined): number =>
  data === undefined ? 0 : Number(readVersion(data).writer.split(":")[1]);

function updates(
  update: (path: string, change: (current: Uint8Array | undefined) => Uint8Array) => unknown,
): Workload {
  return {
    run: (around) =>
      lanes(1, async () => {
        const version = around.record.next();
        await recorded(around, "counter", `${around.process} ${version}`, undefined, (path) =>
          update(path, (current) =>
            makeVersion({ writer: `${around.process}:${countIn(current) + 1}`, version }, 3000)));
      }),
    check: (root, history) => {
      const all = history.operations.filter(({ path }) => path === "counter");
      const acknowledged = all.filter((operation) => operation.acknowledged).length;
      const path = join(root, "counter");
      const count = countIn(fs.existsSync(path) ? fs.readFileSync(path) : undefined);
      if (count >= acknowledged && count <= all.length) return [];
      return [`counter: ${count} updates, but ${acknowledged} were acknowledged and ${all.length} begun`];
    },
  };
}

const kept = 3;

function backups(save: (path: string, data: Uint8Array) => unknown): Workload {
  return {
    run: (around) =>
      lanes(1, async () => {
        const { content, data } = newVersion(around, 6000);
        await recorded(around, "saved", content, undefined, (path) => save(path, data));
      }),
    check: (root, history) => {
      const acknowledged = history.operations.filter((each) => each.path === "saved" && each.acknowledged).length;
      const found = listBackupsSync(join(root, "saved"));
      for (const { path } of found) readVersion(fs.readFileSync(path));
      if (found.length >= Math.min(kept, acknowledged - 1)) return [];
      return [`saved: ${found.length} backups of ${acknowledged} acknowledged writes`];
    },
  };
}

function removals(remove: (path: string) => unknown): Workload {
  return {
    run: (around) =>
      lanes(4, async (lane, round) => {
        const path = `removed/${around.process}-${lane}-${round % 20}`;
        const { content, data } = newVersion(around, 3000);
        await recorded(around, path, content, undefined, (file) => writeFile(file, data));
        await recorded(around, path, null, undefined, remove);
      }),
  };
}

/** What is kept: each round has several operations, on objects and references or on a log. */
function keeping(keep: typeof keepObjects): Workload {
  return {
    run: (around) =>
      lanes(1, async (lane, round) => {
        await keep({ ...around, lane }, round, async (changes, run) => {
          const names = changes.map(({ path, content, mode }) => around.record.begin(path, content, mode));
          try {
            const durability = await run();
            if (durability !== "full") throw new Error(`durability reached is ${durability}`);
            for (const name of names) around.record.done(name);
          } catch (error) {
            for (const name of names) around.record.failed(name, error);
            throw error;
          }
        });
      }),
  };
}

export const workloads: Record<string, Workload> = {
  overwrite: versionsOf((process) => `one-${process}`, (path, data, mode) => writeFile(path, data, { mode })),
  overwriteSync: versionsOf((process) => `one-${process}`, (path, data, mode) => writeFileSync(path, data, { mode })),
  "one file of several writers": versionsOf(() => "shared", (path, data, mode) => writeFile(path, data, { mode })),
  manyFiles: manyFiles((path, data, mode) => writeFile(path, data, { mode })),
  manyFilesSync: manyFiles((path, data, mode) => writeFileSync(path, data, { mode })),
  manyInOneCall: manyInOneCall("file"),
  manyInOneSync: manyInOneCall("filesystem"),
  stream: versionsOf((process) => `stream-${process}`, way("writeFile of a stream"), 200_000),
  writer: versionsOf((process) => `writer-${process}`, way("openFileWriter"), 200_000),
  writerSync: versionsOf((process) => `writer-${process}`, way("openFileWriterSync"), 200_000),
  newDirectories: {
    run: (around) =>
      lanes(4, async (lane, round) => {
        const { content, data } = newVersion(around, 1000);
        const path = `new/${around.process}/${round}/${lane % 2}/${lane}/file`;
        await recorded(around, path, content, 0o600, (file) =>
          writeFile(file, data, { createDirectories: true, mode: 0o600 }));
      }),
  },
  copy: {
    run: (around) =>
      lanes(1, async (_, round) => {
        const [from, to] = [`from-${around.process}`, `to-${around.process}`];
        const { content, data } = newVersion(around, 60_000);
        await recorded(around, from, content, 0o644, (path) => writeFile(path, data, { mode: 0o644 }));
        await recorded(around, to, content, modeFor(round), (path) =>
          copyFile(join(around.root, from), path, { mode: modeFor(round) }));
      }),
  },
  groups: groups(applyFiles),
  groupsSync: groups(applyFilesSync),
  backups: backups((path, data) => writeFile(path, data, { backup: kept })),
  updates: updates(updateFile),
  updatesSync: updates(updateFileSync),
  removals: removals(removeFile),
  removalsSync: removals(removeFileSync),
  plannedRemovals: {
    ...removals((path) => applyFiles({ files: [{ path, remove: true }], backup: 0 })),
    recover: (root) => recoverAfterCut(join(root, "removed")),
  },
  publications,
  objects: keeping(keepObjects),
  logs: keeping(keepLog),
  /** Saves one new file, and the process ends. */
  saveOnce: {
    run: async (around) => {
      const { content, data } = newVersion(around, 20_000);
      await recorded(
        around,
        `once-${around.process}`,
        content,
        0o600,
        (path) => writeFile(path, data, { mode: 0o600 }),
      );
    },
  },
  /** Somebody else on the same file system, whose syncs flush more than his own files. */
  neighbour: {
    run: (around) =>
      lanes(1, async (_, round) => {
        await recorded(around, "noise", "*", undefined, (path) => {
          const file = fs.openSync(path, round % 50 === 0 ? "w" : "a");
          fs.writeSync(file, new Uint8Array(30_000));
          fs.fsyncSync(file);
          fs.closeSync(file);
          if (round % 5 === 0) spawnSync("sync", ["--file-system", dirname(path)]);
        });
        await new Promise((resolve) => setTimeout(resolve, 3));
      }),
  },
  ...comparedWorkloads,
};
