/** The public functions of `./versioned`, and the rows of each. */
import {
  readVersioned,
  readVersionedJson,
  readVersionedJsonSync,
  readVersionedSync,
  readVersionedText,
  readVersionedTextSync,
  updateVersioned,
  updateVersionedJson,
  updateVersionedJsonSync,
  updateVersionedSync,
  updateVersionedText,
  updateVersionedTextSync,
  type VersionedResult,
  writeVersioned,
  type WriteVersionedOptions,
  writeVersionedSync,
  type WriteVersionedSyncOptions,
} from "../../src/versioned/mod.ts";
import type { OptionRow, Scene, Seen } from "./option_row.ts";
import { type Tested, throwing, twins } from "./tested_function.ts";
import { runtimeRow, signalRow, simulatedOnly, unsafePathRow, writeRows } from "./write_rows.ts";

const code = ({ code }: Seen): unknown => code;
const result = ({ value }: Seen): VersionedResult => value as VersionedResult;

/** Rows of a write that are the same for a version. */
const shared = writeRows.filter(({ option }) =>
  /^(whenUnsupported|mode|owner\..*|defaults\..*|createDirectories)$/.test(option)
);

const versionRows: readonly OptionRow[] = [
  ...shared,
  { option: "durability", value: "file", see: (seen) => result(seen).durability, without: "full", with: "file" },
  ...writeRows.filter(({ option }) => option === "whenSyncFails"),
  {
    option: "keep",
    value: 1,
    times: 3,
    see: ({ machine }) => Object.keys(machine.files("/d")).filter((name) => name.startsWith("/d/.a.v")).length,
    without: 3,
    with: 2,
  },
  { option: "refresh", value: false, see: (seen) => result(seen).shown, without: true, with: false },
  signalRow,
];

const growing: readonly OptionRow[] = [
  // Whoever is in the way makes a version in each of the three calls.
  { ...versionRows.find(({ option }) => option === "keep") as OptionRow, without: 4 },
  { option: "retries", value: 0, see: code, without: undefined, with: "ECONFLICT" },
  ...versionRows,
];

/** A callback that somebody else is quicker than when it is called first. */
function outrun<T>({ machine, path }: Scene, change: (current: T | undefined) => T): (current: T | undefined) => T {
  let isFirst = true;
  return (current) => {
    if (isFirst && current !== undefined) {
      updateVersionedTextSync(path, (old) => `${old} `, { runtime: machine, unsafePath: "allow" });
    }
    isFirst = false;
    return change(current);
  };
}

const more = (bytes: Uint8Array | undefined): Uint8Array => new Uint8Array([...bytes ?? [], 1]);
const longer = (text: string | undefined) => `${text ?? ""}+`;
const larger = (list: number[] | undefined) => [...list ?? [], 1];
const list = { "/d/a": { content: "[]", mode: 0o640, group: 50 }, "/d/hard": "[]" };
const refused = { "~standard": { version: 1, vendor: "test", validate: () => ({ issues: [{ message: "never" }] }) } };
const readRow: OptionRow = {
  ...runtimeRow,
  see: ({ value }) => value === undefined,
  without: true,
  with: false,
};

/** Updates, writes and reads of versions. */
export const versionedFunctions: readonly Tested[] = [
  {
    called: twins(
      "updateVersioned",
      (path, options, scene) => updateVersioned(path, outrun<Uint8Array>(scene, more), options),
      (path, options, scene) => updateVersionedSync(path, outrun<Uint8Array>(scene, more), options),
    ),
    rows: [...growing, unsafePathRow, runtimeRow],
  },
  {
    called: twins(
      "updateVersionedText",
      (path, options, scene) => updateVersionedText(path, outrun(scene, longer), options),
      (path, options, scene) => updateVersionedTextSync(path, outrun(scene, longer), options),
    ),
    rows: [...growing, unsafePathRow, runtimeRow],
  },
  {
    called: twins(
      "updateVersionedJson",
      (path, options, scene) => updateVersionedJson<number[]>(path, outrun(scene, larger), options),
      (path, options, scene) => updateVersionedJsonSync<number[]>(path, outrun(scene, larger), options),
      { files: list },
    ),
    rows: [
      { option: "space", value: 1, see: (seen) => result(seen).bytesWritten, without: 4, with: 7 },
      { option: "validate", value: refused, see: code, without: undefined, with: "ECORRUPT" },
      ...growing,
      unsafePathRow,
      { ...runtimeRow, machine: { files: { [`${simulatedOnly}/a`]: "[]" } } },
    ],
  },
  {
    called: twins(
      "writeVersioned",
      (path, options) => writeVersioned(path, "new", options as WriteVersionedOptions),
      (path, options) => writeVersionedSync(path, "new", options as WriteVersionedSyncOptions),
      { needed: { expected: 0 } },
    ),
    rows: [
      { option: "expected", value: 7, see: code, without: undefined, with: "ECONFLICT" },
      { option: "ifMatch", value: "0".repeat(64), see: code, without: undefined, with: "ECONFLICT" },
      {
        option: "keep",
        value: 1,
        base: { expected: 5 },
        before: ({ machine, path }) => {
          for (const letter of "12345") updateVersionedTextSync(path, () => letter, { runtime: machine });
        },
        see: ({ machine }) => Object.keys(machine.files("/d")).filter((name) => name.startsWith("/d/.a.v")).length,
        without: 4,
        with: 2,
      },
      ...versionRows.map((row) => row.path === undefined ? row : { ...row, base: { expected: null } }),
      unsafePathRow,
      runtimeRow,
    ],
  },
  {
    called: twins("readVersioned", readVersioned, readVersionedSync),
    rows: [readRow],
  },
  {
    called: twins("readVersionedText", readVersionedText, readVersionedTextSync),
    rows: [readRow],
  },
  {
    called: twins("readVersionedJson", readVersionedJson, readVersionedJsonSync, { files: list }),
    rows: [
      throwing("validate", { with: "ECORRUPT" }),
      { ...readRow, machine: { files: { [`${simulatedOnly}/a`]: "[]" } } },
    ],
  },
];
