/** The public functions of `./log` and `./compat` that have options, and the rows of each. */
import writeFileAtomic, { sync as writeFileAtomicSync } from "../../src/compat/mod.ts";
import { openLog, openLogReader, openLogReaderSync, openLogSync, repairLog, repairLogSync } from "../../src/log/mod.ts";
import { readTexts, textsOf } from "../log/support.ts";
import { lockedAt, lockRowsOf } from "./lock_rows.ts";
import type { OpenFile } from "../../src/runtime/runtime.ts";
import type { MemoryRuntime } from "../../src/testing/mod.ts";
import type { OptionRow, Scene } from "./option_row.ts";
import { answer, type Tested, throwing, twins } from "./tested_function.ts";
import { runtimeRow, simulatedOnly, syncRows, unsafePathRow, writeRows } from "./write_rows.ts";

const compatible: Tested = {
  called: {
    name: "writeFileAtomic",
    exports: ["compat.default", "compat.sync", "compat.module.exports", "compat.writeFileAtomic"],
    call: ({ path }, options, synchronous) => (synchronous ? writeFileAtomicSync : writeFileAtomic)(path, "é", options),
  },
  rows: [
    {
      option: "chown",
      value: { uid: 1000, gid: 60 },
      see: ({ machine }) => machine.statusOf("/d/a")?.group,
      without: 50,
      with: 60,
    },
    {
      option: "encoding",
      value: "latin1",
      see: ({ machine }) => machine.readBytes("/d/a")?.length,
      without: 2,
      with: 1,
    },
    ...syncRows.filter(({ option }) => option === "whenSyncFails").map((row): OptionRow => ({
      ...row,
      option: "fsync",
      value: false,
      see: ({ code }) => code,
      with: undefined,
    })),
    ...writeRows.filter(({ option }) => option === "mode"),
    throwing("tmpfileCreated"),
    runtimeRow,
  ],
};

/** A log of two records, which `then` is called with. */
const twoRecords = ["one", "two"];

/** A log whose first record is damaged while it is open. */
const damagedLog = "/d/damaged";

function damage(machine: MemoryRuntime, path: string): void {
  if (path !== damagedLog) return;
  const file = machine.syncFileSystem.open(path, "read-write") as OpenFile | undefined;
  if (file === undefined) throw new Error(`there is no ${path}`);
  file.seek(72 + 32);
  file.write(Uint8Array.of(0xff));
  file.close();
}

/** The same, before it is called. */
function leaveDamaged({ machine }: Scene): void {
  const log = openLogSync(damagedLog, { runtime: machine });
  for (const record of twoRecords) log.append(record);
  log.close();
  damage(machine, damagedLog);
}

const logs: Tested[] = [
  {
    called: twins(
      "openLog",
      async (path, options) => {
        const log = await openLog(path, options);
        await log.append("one");
        await log.checkpoint("all");
        await log.close();
        return log.durability;
      },
      (path, options) => {
        const log = openLogSync(path, options);
        log.append("one");
        log.checkpoint("all");
        log.close();
        return log.durability;
      },
      { path: "/d/log" },
    ),
    rows: [
      ...syncRows.map((row) => ({ ...row, see: answer })),
      {
        option: "mode",
        value: 0o600,
        see: ({ machine }) => machine.statusOf("/d/log")?.mode,
        without: 0o644,
        with: 0o600,
      },
      ...writeRows.filter(({ option }) => option === "createDirectories"),
      {
        option: "backup",
        value: 1,
        see: ({ machine }) => Object.keys(machine.files("/d")).filter((name) => name.endsWith(".bak")).length,
        without: 0,
        with: 1,
      },
      { ...lockedAt(), option: "lock.timeout", value: 5_000, without: "EBUSY", with: undefined },
      ...lockRowsOf("/d/log").filter(({ option }) => option !== "lock.timeout"),
      {
        ...unsafePathRow,
        path: "/n/d/fresh",
      },
      {
        ...runtimeRow,
        path: `${simulatedOnly}/log`,
        machine: { files: { [`${simulatedOnly}/`]: { kind: "directory" } } },
      },
    ],
  },
  {
    called: twins(
      "openLogReader",
      async (path, options) => (await readTexts(openLogReader(path, options).read())).length,
      (path, options) => textsOf(openLogReaderSync(path, options).read()).length,
      { path: "/d/log", needed: {} },
    ),
    rows: [{ ...runtimeRow, without: "ENOENT", with: "ECORRUPT" }],
  },
  {
    called: {
      ...twins(
        "log.checkpoint",
        async (path, options, { machine }) => {
          const log = await openLog(path, { runtime: machine });
          await log.appendMany(twoRecords);
          await log.checkpoint("one", options);
          await log.close();
          return textsOf(openLogReaderSync(path, { runtime: machine }).read());
        },
        (path, options, { machine }) => {
          const log = openLogSync(path, { runtime: machine });
          log.appendMany(twoRecords);
          log.checkpoint("one", options);
          log.close();
          return textsOf(openLogReaderSync(path, { runtime: machine }).read());
        },
      ),
      path: "/d/log",
      bound: true,
    },
    rows: [{ option: "through", value: 1, see: answer, without: [], with: ["2 two"] }],
  },
  {
    called: {
      ...twins(
        "log.read",
        async (path, options, { machine }) => {
          const log = await openLog(path, { runtime: machine });
          for (const record of twoRecords) await log.append(record);
          damage(machine, path);
          const found = await readTexts(log.read(options));
          await log.close();
          return found;
        },
        (path, options, { machine }) => {
          const log = openLogSync(path, { runtime: machine });
          for (const record of twoRecords) log.append(record);
          damage(machine, path);
          const found = textsOf(log.read(options));
          log.close();
          return found;
        },
      ),
      path: "/d/log",
      bound: true,
    },
    rows: [
      { option: "from", value: 2, see: answer, without: ["1 one", "2 two"], with: ["2 two"] },
      {
        option: "whenDamaged",
        value: "skip",
        path: damagedLog,
        see: (seen) => seen.code ?? answer(seen),
        without: "ECORRUPT",
        with: ["2 two"],
      },
      throwing("onSkipped", { path: damagedLog, base: { whenDamaged: "skip" } }),
    ],
  },
  {
    called: twins("repairLog", repairLog, repairLogSync, { path: damagedLog, files: { [damagedLog]: "" } }),
    rows: [
      {
        option: "keep",
        value: "readable",
        before: leaveDamaged,
        see: ({ machine }) => textsOf(openLogReaderSync(damagedLog, { runtime: machine }).read()),
        without: [],
        with: ["1 two"],
      },
      {
        option: "backup",
        value: 0,
        before: leaveDamaged,
        see: ({ machine }) => Object.keys(machine.files("/d")).filter((name) => name.endsWith(".bak")).length,
        without: 1,
        with: 0,
      },
      { ...lockedAt(damagedLog), option: "lock.timeout", value: 5_000, without: "EBUSY", with: undefined },
      ...lockRowsOf(damagedLog).filter(({ option }) => option !== "lock.timeout"),
      { ...unsafePathRow, path: "/n/d/none", with: "ENOENT" },
      { ...runtimeRow, with: "ECORRUPT" },
    ],
  },
];

/** Every function of these doors that has options. */
export const logFunctions: readonly Tested[] = [compatible, ...logs];
