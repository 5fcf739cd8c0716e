/** The functions of `mod.ts` that write a file, and the rows of their options; option_row.ts says how they are run. */
import {
  copyFile,
  copyFileSync,
  openFileWriter,
  openFileWriterSync,
  updateFile,
  updateFileSync,
  updateJsonFile,
  updateJsonFileSync,
  updateTextFile,
  updateTextFileSync,
  writeFile,
  writeFiles,
  writeFileSync,
  writeJsonFile,
  writeJsonFileSync,
  type WriteResult,
} from "../../mod.ts";
import { interceptRuntime } from "../../src/testing/faults/intercept.ts";
import type { OptionRow, Seen } from "./option_row.ts";
import { type Tested, twins } from "./tested_function.ts";
import { runtimeRow, simulatedOnly, writeRows } from "./write_rows.ts";

const but = (rows: readonly OptionRow[], ...names: string[]): OptionRow[] =>
  rows.filter(({ option }) => !names.includes(option));

const content = ({ machine }: Seen): string | undefined => machine.readText("/d/a");
const bytes = (text: string) => new TextEncoder().encode(text);
/** Another text each time: an update to the same one changes nothing. */
const longer = (text = ""): string => `${text}+`;

const updateRows = but(writeRows, "skipIfEqual", "lock");
/** The lock that is always taken: what is different is how long it is waited for. */
const neededLockRow = writeRows.filter(({ option }) => option === "lock");

/** What `writeFiles` has told of its file. */
let told: WriteResult | undefined;
const base = { onWritten: (result: WriteResult) => void (told = result) };

/** How far each sync was to reach. */
const synced: unknown[] = [];

/** The options of every file, with what is told of each. */
const rowsOfMany: readonly OptionRow[] = [
  {
    option: "whenFailed",
    value: "report",
    path: "/d/none/a",
    see: ({ code, value }) => code ?? Reflect.get(value as object, "failed").length,
    without: "ENOENT",
    with: 1,
  },
  {
    option: "onWritten",
    valueIn: ({ machine }) => ({ path }: WriteResult, index: number) =>
      machine.syncFileSystem.remove(index === 0 ? path : "/d/link"),
    see: content,
    without: "new",
    with: undefined,
  },
  {
    option: "sync",
    value: "filesystem",
    machine: { disk: { wholeSync: true } },
    around: (machine) =>
      interceptRuntime(machine, (call, proceed) => {
        if (call.method === "sync") synced.push(call.operands[0]);
        return proceed();
      }),
    see: () => synced.splice(0),
    without: ["full", "full"],
    with: ["fileSystem", "full"],
  },
  { option: "skipIfEqual", value: true, base, times: 2, see: () => told?.changed, without: true, with: false },
  { option: "backup", value: 1, base, see: () => told?.backup === undefined, without: true, with: false },
  {
    option: "backupDirectory",
    value: "/e",
    base: { ...base, backup: 1 },
    see: () => told?.backup?.replace(/\.a\..*\.bak$/, ""),
    without: "/d/",
    with: "/e/",
  },
  { option: "digest", value: true, base, see: () => told?.digest === undefined, without: true, with: false },
  ...writeRows.filter(({ option }) => !/^(lock|ifMatch|skipIfEqual|backup|backupDirectory|digest)\b/.test(option)),
];

/** Called between an older and a newer call, of which the older is under way. */
const coalesceRow: OptionRow = {
  option: "coalesce",
  value: true,
  only: "async",
  machine: { delay: "every" },
  before({ runtime, path }) {
    const options = { runtime, coalesce: true };
    void writeFile(path, "older", options);
    queueMicrotask(() => queueMicrotask(() => void writeFile(path, "newer", options)));
  },
  see: ({ code, value }) => code ?? Reflect.get(value as object, "superseded") === true,
  without: false,
  with: true,
};

/** Everything that writes a file. */
export const writingFunctions: readonly Tested[] = [
  {
    called: {
      name: "writeFiles",
      exports: ["writeFiles"],
      call: ({ path }, options) => writeFiles([{ path, data: "new" }], options),
    },
    rows: rowsOfMany,
  },
  {
    called: twins(
      "writeFile",
      (path, options) => writeFile(path, "new", options),
      (path, options) => writeFileSync(path, "new", options),
    ),
    rows: [coalesceRow, ...writeRows],
  },
  {
    called: twins(
      "writeJsonFile",
      (path, options) => writeJsonFile(path, [1], options),
      (path, options) => writeJsonFileSync(path, [1], options),
    ),
    rows: [
      coalesceRow,
      { option: "space", value: 1, see: content, without: "[1]\n", with: "[\n 1\n]\n" },
      ...writeRows,
    ],
  },
  {
    called: twins(
      "copyFile",
      (path, options) => copyFile("/s", path, options),
      (path, options) => copyFileSync("/s", path, options),
    ),
    rows: [
      {
        option: "keepTimes",
        value: true,
        before: ({ runtime }) => runtime.clock.pause(5_000),
        see: ({ machine }) => machine.statusOf("/d/a")?.modified === machine.statusOf("/s")?.modified,
        without: false,
        with: true,
      },
      {
        option: "onProgress",
        value: () => {
          throw new Error("stopped by the caller");
        },
        see: ({ code }) => code,
        without: undefined,
        with: "stopped by the caller",
      },
      {
        ...runtimeRow,
        machine: { files: { "/s": { kind: "other" }, [`${simulatedOnly}/a`]: "old" } },
        without: "ENOENT",
        with: "EINVAL",
      },
      ...writeRows,
    ],
  },
  {
    called: twins(
      "openFileWriter",
      async (path, options) => {
        const writer = await openFileWriter(path, options);
        await writer.write("new");
        return await writer.commit();
      },
      (path, options) => {
        const writer = openFileWriterSync(path, options);
        writer.write("new");
        return writer.commit();
      },
    ),
    rows: writeRows,
  },
  {
    called: twins(
      "updateFile",
      (path, options) => updateFile(path, (old) => bytes(longer(old && "old")), options),
      (path, options) => updateFileSync(path, (old) => bytes(longer(old && "old")), options),
    ),
    rows: [...neededLockRow, ...updateRows],
  },
  {
    called: twins(
      "updateTextFile",
      (path, options) => updateTextFile(path, longer, options),
      (path, options) => updateTextFileSync(path, longer, options),
    ),
    rows: [...neededLockRow, ...updateRows],
  },
  {
    called: twins(
      "updateJsonFile",
      async (path, options, { machine }) => {
        let isLocked = false;
        const result = await updateJsonFile<number[]>(path, (old = []) => {
          isLocked = machine.isLocked("/d/a.lock");
          return [...old, 1];
        }, options);
        return { ...result, isLocked };
      },
      (path, options, { machine }) => {
        let isLocked = false;
        const result = updateJsonFileSync<number[]>(path, (old = []) => {
          isLocked = machine.isLocked("/d/a.lock");
          return [...old, 1];
        }, options);
        return { ...result, isLocked };
      },
      { files: { "/d/a": { content: "[]", mode: 0o640, group: 50 }, "/d/hard": "[]" } },
    ),
    rows: [
      { option: "space", value: 1, see: content, without: "[1]\n", with: "[\n 1\n]\n" },
      {
        option: "optimistic",
        value: true,
        see: ({ value }) => (value as { isLocked: boolean }).isLocked,
        without: true,
        with: false,
      },
      {
        option: "validate",
        value: { "~standard": { version: 1, vendor: "test", validate: () => ({ issues: [{ message: "never" }] }) } },
        see: ({ code }) => code,
        without: undefined,
        with: "ECORRUPT",
      },
      ...neededLockRow,
      { ...runtimeRow, machine: { files: { [`${simulatedOnly}/a`]: "[]" } } },
      ...updateRows,
    ],
  },
];
