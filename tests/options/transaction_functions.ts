/** The public functions of `./transaction` that have options, and the rows of each. */
import {
  applyFiles,
  applyFilesSync,
  type ApplyPlan,
  listGenerations,
  listGenerationsSync,
  publishDirectory,
  publishDirectorySync,
  recoverTransactions,
  recoverTransactionsSync,
  rollBackDirectory,
  rollBackDirectorySync,
} from "../../src/transaction/mod.ts";
import { afterRenameTo, applyAndDie, filesOf, scenario } from "../transaction/support.ts";
import { lockedAt, lockRowsOf } from "./lock_rows.ts";
import type { OptionRow, Scene, Seen } from "./option_row.ts";
import { type Tested, throwing, twins } from "./tested_function.ts";
import { runtimeRow, signalRow, simulatedOnly, syncRows, unsafePathRow, writeRows } from "./write_rows.ts";

const code = ({ code }: Seen): unknown => code;
const durabilityRow = syncRows.filter(({ option }) => option === "durability");
const lockRow = (target?: string): OptionRow => ({
  ...lockedAt(target),
  option: "lock",
  value: { timeout: 0 },
  without: undefined,
  with: "EBUSY",
});
const backupsIn = ({ machine }: Seen): number =>
  Object.keys(machine.files("/d")).filter((name) => name.endsWith(".bak")).length;

/** Calls `activate`, which takes a while, with no time for it. */
const timeoutsRow: OptionRow = {
  option: "timeouts",
  value: { activate: 1 },
  base: { activate: () => new Promise<void>((resolve) => setTimeout(resolve, 20)) },
  only: "async",
  see: code,
  without: undefined,
  with: "EROLLBACK",
};

const two = scenario(2);
/** A transaction of another user's whose process died when it was decided. */
const deadOfAnother = ({ machine }: Scene): void => {
  for (const [path, file] of Object.entries(filesOf(two))) machine.put(path, file);
  applyAndDie(machine, two, afterRenameTo(".journal"));
  const files = machine.fork({ user: 0 }).syncFileSystem;
  for (const path of Object.keys(machine.files("/d")).filter((path) => path.endsWith(".journal"))) {
    const file = files.open(path, "read");
    file?.setOwner(7, 7);
    file?.close();
  }
};

const applications: Tested[] = [
  {
    called: twins(
      "applyFiles",
      (path, options) => applyFiles({ files: [{ path, data: "new" }] }, options),
      (path, options) => applyFilesSync({ files: [{ path, data: "new" }] }, options),
    ),
    rows: [
      { option: "journal", value: "/missing", see: code, without: undefined, with: "ENOENT" },
      throwing("onProgress"),
      {
        option: "trust",
        value: [7],
        machine: { user: 0, files: {} },
        before: deadOfAnother,
        path: "/d/f0",
        see: ({ code, machine }) => code ?? machine.readText("/d/f1"),
        without: "EBUSY",
        with: "new 1",
      },
      ...durabilityRow,
      ...writeRows.filter(({ option }) => option === "whenLost").map((row) => ({ ...row, path: "/d/setuid" })),
      ...writeRows.filter(({ option }) => option === "busyTimeout").map((row) => ({ ...row, path: "/d/a" })),
      lockRow(),
      ...lockRowsOf("/d/a"),
      signalRow,
      unsafePathRow,
      runtimeRow,
    ],
  },
  {
    called: {
      ...twins(
        "applyFiles, its plan",
        (_path, plan, { runtime }) => applyFiles(plan as ApplyPlan, { runtime }),
        (_path, plan, { runtime }) => applyFilesSync(plan as ApplyPlan & { activate(): void }, { runtime }),
      ),
      exports: ["applyFiles", "applyFilesSync"],
      bound: true,
      needed: { files: [{ path: "/d/a", data: "new" }] },
    },
    rows: [
      throwing("validate", { with: "EINVALID" }),
      throwing("activate", { with: "EROLLBACK" }),
      timeoutsRow,
      { option: "backup", value: 0, see: backupsIn, without: 1, with: 0 },
      {
        option: "directories",
        value: [{ path: "/d/sub" }],
        see: ({ machine }) => machine.statusOf("/d/sub")?.kind,
        without: undefined,
        with: "directory",
      },
    ],
  },
  {
    called: {
      ...twins(
        "applyFiles, a directory of its plan",
        (path, directory, { runtime }) =>
          applyFiles({ files: [{ path, data: "" }], directories: [directory as { path: string }] }, { runtime }),
        (path, directory, { runtime }) =>
          applyFilesSync({ files: [{ path, data: "" }], directories: [directory as { path: string }] }, { runtime }),
      ),
      exports: ["applyFiles", "applyFilesSync"],
      bound: true,
      needed: { path: "/d/sub" },
    },
    rows: [
      {
        option: "mode",
        value: 0o750,
        see: ({ machine }) => machine.statusOf("/d/sub")?.mode,
        without: 0o755,
        with: 0o750,
      },
      {
        option: "owner.group",
        value: 60,
        see: ({ machine }) => machine.statusOf("/d/sub")?.group,
        without: 1000,
        with: 60,
      },
      {
        option: "owner.user",
        value: 7,
        machine: { user: 0 },
        see: ({ machine }) => machine.statusOf("/d/sub")?.user,
        without: 0,
        with: 7,
      },
    ],
  },
  {
    called: {
      ...twins(
        "applyFiles, a file of its plan",
        (_path, file, { runtime }) => applyFiles({ files: [file as ApplyPlan["files"][0]] }, { runtime }),
        (_path, file, { runtime }) => applyFilesSync({ files: [file as ApplyPlan["files"][0]] }, { runtime }),
      ),
      exports: ["applyFiles", "applyFilesSync"],
      bound: true,
      needed: { path: "/d/a", data: "new" },
    },
    rows: [
      ...writeRows.filter(({ option }) => /^(mode|owner|defaults)/.test(option)).map((row): OptionRow =>
        row.path === undefined ? row : { ...row, base: { path: row.path } }
      ),
      // Beside the data that is needed without it, which it refuses; what it does, tests/transaction/apply_test.ts shows.
      { option: "remove", value: true, see: ({ code }) => code === undefined, without: true, with: false },
    ],
  },
];

const site = "/d/site";
const siteLock = "/d/.site.generations";
const build = ({ machine }: Scene) => (directory: string): void => machine.put(`${directory}/page`, "new");
const published = ({ machine }: Seen): unknown => machine.readText(`${site}/page`);
const publish = (scene: Scene, options: object = {}) =>
  publishDirectorySync(site, build(scene), { runtime: scene.machine, ...options });
const twice = (scene: Scene): void => {
  for (let round = 0; round < 2; round++) publish(scene);
};
const generations = ({ machine }: Seen): number =>
  new Set(
    Object.keys(machine.files("/d")).filter((path) => path.startsWith("/d/.site.")).map((path) => path.split("/")[2])
      .filter((name) => !name?.endsWith(".lock")),
  ).size;

/** Whose generations those of another user are. */
const ofAnother = ({ machine }: Scene): void => {
  for (const { name } of machine.syncFileSystem.readDirectory("/d") ?? []) {
    const directory = name.endsWith(".generation") ? machine.syncFileSystem.openDirectory(`/d/${name}`) : undefined;
    directory?.setOwner(7, 7);
    directory?.close();
  }
};
const asRoot = { user: 0 } as const;

const switchRows: OptionRow[] = [
  throwing("activate", { with: "EROLLBACK" }),
  timeoutsRow,
  ...durabilityRow,
  lockRow(siteLock),
  ...lockRowsOf(siteLock),
  signalRow,
];

const generation = (second: number, id: string): string =>
  `.site.2025010${second}T000000000Z.${id.repeat(26)}.generation`;
const twoGenerations = {
  [`/d/${generation(1, "a")}/page`]: "earlier",
  [`/d/${generation(2, "b")}/page`]: "now",
  [site]: { symlink: generation(2, "b") },
};

const publications: Tested[] = [
  {
    called: twins(
      "publishDirectory",
      (path, options, scene) => publishDirectory(path, build(scene), options),
      (path, options, scene) => publishDirectorySync(path, build(scene), options),
      { path: site },
    ),
    rows: [
      ...switchRows,
      throwing("validate", { with: "EINVALID" }),
      {
        option: "keep",
        value: 0,
        before: (scene) => (twice(scene), scene.machine.clock.pause(120_000)),
        see: generations,
        without: 3,
        with: 2,
      },
      {
        option: "grace",
        value: 0,
        base: { keep: 0 },
        before: twice,
        see: generations,
        without: 3,
        with: 1,
      },
      {
        option: "adopt",
        value: true,
        machine: { files: { "/d/site/page": "plain" } },
        see: published,
        without: "plain",
        with: "new",
      },
      {
        option: "trust",
        value: "any",
        machine: asRoot,
        base: { keep: 0, grace: 0 },
        before: (scene) => (twice(scene), ofAnother(scene)),
        see: generations,
        without: 3,
        with: 1,
      },
      { ...unsafePathRow, path: "/n/d/site" },
      {
        ...runtimeRow,
        path: `${simulatedOnly}/site`,
        machine: { files: { [`${simulatedOnly}/`]: { kind: "directory" } } },
      },
    ],
  },
  {
    called: twins(
      "rollBackDirectory",
      (path, options) => rollBackDirectory(path, options),
      (path, options) => rollBackDirectorySync(path, options),
      { path: site, files: twoGenerations },
    ),
    rows: [
      ...switchRows,
      {
        option: "generation",
        value: generation(2, "b"),
        see: published,
        without: "earlier",
        with: "now",
      },
      {
        option: "trust",
        value: [7],
        machine: asRoot,
        before: ofAnother,
        see: (seen) => seen.code ?? published(seen),
        without: "ENOENT",
        with: "earlier",
      },
      { ...unsafePathRow, path: "/n/d/site", with: "ENOENT" },
      { ...runtimeRow, with: "EEXIST" },
    ],
  },
  {
    called: twins(
      "listGenerations",
      (path, options) => listGenerations(path, options),
      (path, options) => listGenerationsSync(path, options),
      { path: site, files: twoGenerations },
    ),
    rows: [
      {
        option: "trust",
        value: [7],
        machine: asRoot,
        before: ofAnother,
        see: ({ value }) => (value as unknown[]).length,
        without: 0,
        with: 2,
      },
      { ...runtimeRow, with: "EEXIST" },
    ],
  },
];

const three = scenario(2);
/** A transaction whose process died when it was decided, before any file was renamed. */
const dead = ({ machine }: Scene): void => applyAndDie(machine, three, afterRenameTo(".journal"));
const activations = ({ value }: Seen): unknown => (value as { needsActivation: string[] }).needsActivation.length;

function robbed(machine: Scene["machine"], lock: string, files: Readonly<Record<string, unknown>>): void {
  for (const path of Object.keys(machine.files(lock))) machine.syncFileSystem.remove(path);
  for (const path of Object.keys(files)) machine.put(path);
}

const recovery: Tested = {
  called: twins(
    "recoverTransactions",
    (path, options) => recoverTransactions(path, options),
    (path, options) => recoverTransactionsSync(path, options),
    { path: "/d", files: filesOf(three) },
  ),
  rows: [
    throwing("activate", {
      before: ({ machine }) => applyAndDie(machine, three, afterRenameTo(".journal"), { activate: () => {} }),
      see: (seen) => seen.code ?? activations(seen),
      without: 1,
    }),
    {
      ...timeoutsRow,
      before: ({ machine }) => applyAndDie(machine, three, afterRenameTo(".journal"), { activate: () => {} }),
      with: "activate did not end within 1 ms",
    },
    {
      option: "unproven",
      value: "recover",
      machine: { processFacts: false, capabilities: { fileLock: "none" } },
      before(scene) {
        dead(scene);
        for (const path of Object.keys(scene.machine.files()).filter((path) => path.includes(".lock/"))) {
          scene.machine.syncFileSystem.remove(path);
        }
      },
      see: ({ value }) => (value as { kept: unknown[] }).kept.length,
      without: 1,
      with: 0,
    },
    {
      option: "trust",
      value: [7],
      machine: asRoot,
      before: deadOfAnother,
      see: ({ value }) => (value as { kept: unknown[] }).kept.length,
      without: 1,
      with: 0,
    },
    ...[lockRow("/d/f0"), ...lockRowsOf("/d/f0"), signalRow].map((row): OptionRow => ({
      ...row,
      ...row.option === "lock.backend" ? { without: 2 } : {},
      ...row.option === "lock.lockDirectory" ? { without: ["/d/", "/d/"], with: ["/d/", "/d/", "/e/", "/e/"] } : {},
      ...row.option === "lock.staleAfter" ? { machine: { capabilities: { fileLock: "none" } } } : {},
      before(scene) {
        dead(scene);
        row.before?.(scene);
        if (row.option === "lock.mode") scene.machine.syncFileSystem.remove("/d/f0.lock");
        // In place of the lock of the dead, that of somebody who cannot be judged.
        if (row.option === "lock.staleAfter") robbed(scene.machine, "/d/f0.lock", row.machine?.files ?? {});
      },
    })),
    { ...unsafePathRow, path: "/n/d" },
    { ...runtimeRow, path: simulatedOnly },
  ],
};

/** Every function of `./transaction` that has options. */
export const transactionFunctions: readonly Tested[] = [...applications, ...publications, recovery];
