/** Every option's wrong types and ranges, for every function that takes it: refused before any I/O. */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { test } from "node:test";
import {
  copyFile,
  copyFileSync,
  listBackups,
  listBackupsSync,
  openFileWriter,
  openFileWriterSync,
  removeFile,
  removeFileSync,
  restoreBackup,
  restoreBackupSync,
  writeFile,
  writeFileSync,
  writeJsonFile,
  writeJsonFileSync,
} from "../mod.ts";
import { memoryRuntime, traceRuntime } from "../src/testing/mod.ts";
import { notEmpty } from "./support/tally.ts";

const words: [string, string[]][] = [
  ["durability", ["full", "barrier", "file", "none"]],
  ["whenUnsupported", ["report", "throw"]],
  ["whenSyncFails", ["throw", "report"]],
  ["ifExists", ["replace", "fail"]],
  ["symlink", ["follow", "replace", "refuse"]],
  ["hardLink", ["break", "refuse"]],
  ["whenReadOnly", ["replace", "refuse"]],
];
const notAWord = [true, 0, null, "", "Full", "no such word", [], {}, Symbol("word")];
const notAFlag = [0, 1, "true", null, [], {}];

/** Option, wrong values, and the error they are. */
const wrong: [string, unknown[], typeof TypeError | typeof RangeError][] = [
  ...words.map(([name]) => [name, notAWord, TypeError] as [string, unknown[], typeof TypeError]),
  ["busyTimeout", ["1", true, null, [], {}], TypeError],
  ["busyTimeout", [-1, NaN], RangeError],
  ["mode", ["600", "Keep", true, null, 0o600n, [0o600], {}], TypeError],
  ["mode", [-1, 0o10000, 0.5, NaN, Infinity], RangeError],
  ["owner", ["root", "Keep", 0, true, null, () => {}], TypeError],
  ["owner", [{ uid: 0 }, { user: true }, { user: null }, { user: "" }, { group: {} }, { group: [] }], TypeError],
  ["owner", [{ user: -1 }, { user: 1.5 }, { group: 0xffffffff }, { group: NaN }], RangeError],
  ["owner", [{ user: 99999999999 }, { user: "99999999999" }, { group: "4294967295" }], RangeError],
  ["defaults", ["keep", 0o600, true, null], TypeError],
  ["defaults", [{ mode: "600" }, { mode: "keep" }, { creationMode: "x" }, { owner: "keep" }, { modes: 1 }, {
    owner: { name: 1 },
  }], TypeError],
  ["defaults", [{ mode: 0o600, creationMode: 0o600 }], TypeError],
  ["defaults", [{ creationMode: 0o1000 }, { creationMode: 600 }, { creationMode: -1 }], RangeError],
  ["defaults", [{ mode: -1 }, { mode: 0o10000 }, { owner: { user: -1 } }], RangeError],
  ["ifMatch", [5, true, {}, "", "abc"], TypeError],
  ["skipIfEqual", notAFlag, TypeError],
  ["createDirectories", notAFlag, TypeError],
  ["digest", notAFlag, TypeError],
  ["backup", ["3", true, null, 3n, {}], TypeError],
  ["backup", [-1, 1.5, NaN, Infinity, 2 ** 53], RangeError],
  ["backupDirectory", [5, true, null, {}, ["a"], "", "a\0b", new URL("https://host/")], TypeError],
  ["signal", ["abort", true, null, {}, new AbortController()], TypeError],
  ["runtime", ["memory", true, null, {}, () => {}], TypeError],
  ["Mode", [0o600], TypeError],
  ["overwrite", [true], TypeError],
  ["toString", ["x"], TypeError],
];

type Call = (options: object) => unknown;
const writers: [string, Call][] = [
  ["writeFile", (options) => writeFile("/file", "new", options)],
  ["writeFileSync", (options) => writeFileSync("/file", "new", options)],
  ["writeJsonFile", (options) => writeJsonFile("/file", {}, options)],
  ["writeJsonFileSync", (options) => writeJsonFileSync("/file", {}, options)],
  ["copyFile", (options) => copyFile("/file", "/copy", options)],
  ["copyFileSync", (options) => copyFileSync("/file", "/copy", options)],
  ["openFileWriter", (options) => openFileWriter("/file", options)],
  ["openFileWriterSync", (options) => openFileWriterSync("/file", options)],
];

function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  return typeof value === "object" && value !== null
    ? `${value.constructor.name} ${JSON.stringify(value)}`
    : String(value);
}

for (const [name, values, type] of wrong) {
  test(`${name}: ${values.map(show).join(", ")}: each a ${type.name} in every function that writes, before any I/O`, async () => {
    const { runtime, trace } = traceRuntime(memoryRuntime({ files: { "/file": "old" } }));
    for (const value of notEmpty(values)) {
      const options = { runtime, [name]: value };
      for (const [writer, call] of writers) {
        if (writer.endsWith("Sync")) assertThrows(() => call(options), type, undefined, `${writer} ${show(value)}`);
        else await assertRejects(async () => await call(options), type, undefined, `${writer} ${show(value)}`);
      }
    }
    assertEquals(trace, []);
  });
}

for (const options of [null, 5, true, "mode", () => {}]) {
  test(`${show(options)} for options is a TypeError in every function`, async () => {
    const calls: [string, Call][] = [
      ...writers,
      ["removeFile", (options) => removeFile("/file", options)],
      ["removeFileSync", (options) => removeFileSync("/file", options)],
      ["listBackups", (options) => listBackups("/file", options)],
      ["listBackupsSync", (options) => listBackupsSync("/file", options)],
      ["restoreBackup", (options) => restoreBackup("/file", undefined, options)],
      ["restoreBackupSync", (options) => restoreBackupSync("/file", undefined, options)],
    ];
    for (const [name, call] of calls) {
      if (name.endsWith("Sync")) assertThrows(() => call(options as object), TypeError, "Options must be", name);
      else await assertRejects(async () => await call(options as object), TypeError, "Options must be", name);
    }
  });
}

const others: [string, Call, string[]][] = [
  ["removeFile", (options) => removeFile("/file", options), ["mode", "backup", "symlink", "createDirectories"]],
  ["listBackups", (options) => listBackups("/file", options), ["mode", "backup", "durability"]],
  ["restoreBackup", (options) => restoreBackup("/file", undefined, options), ["mode", "owner", "ifExists", "hardLink"]],
  ["writeFile", (options) => writeFile("/file", "new", options), ["keepTimes", "space", "recursive"]],
];

for (const [name, call, foreign] of others) {
  test(`${name} refuses options of other functions: ${foreign.join(", ")}`, async () => {
    const { runtime, trace } = traceRuntime(memoryRuntime({ files: { "/file": "old" } }));
    const values: Record<string, unknown> = { mode: 0o600, backup: 1, symlink: "follow", durability: "full" };
    for (const option of notEmpty(foreign)) {
      const options = { runtime, [option]: values[option] ?? true };
      await assertRejects(async () => await call(options), TypeError, JSON.stringify(option));
    }
    assertEquals(trace, []);
  });
}

for (const [name, choices] of words) {
  test(`${name} takes ${choices.join(", ")}, and undefined for its default`, async () => {
    for (const choice of [...choices, undefined]) {
      const runtime = memoryRuntime();
      await writeFile("/file", "new", { runtime, [name]: choice });
      assertEquals(runtime.readText("/file"), "new");
    }
  });
}
