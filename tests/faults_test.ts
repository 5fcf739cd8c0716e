/** Every call of every function that writes fails once, and from then on always: what is said is true, nothing is left. */
import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import {
  copyFileSync,
  FileError,
  openFileWriterSync,
  removeFileSync,
  restoreBackupSync,
  writeFileSync,
  type WriteFileSyncOptions,
  type WriteResult,
} from "../mod.ts";
import type { Runtime } from "../src/runtime/runtime.ts";
import { SystemError } from "../src/runtime/system_error.ts";
import { interceptRuntime } from "../src/testing/faults/intercept.ts";
import {
  type FaultOutcome,
  type MemoryOptions,
  type MemoryRuntime,
  memoryRuntime,
  sweepFaultsSync,
} from "../src/testing/mod.ts";
import { commitTurnsInUse } from "./support/commit_turns.ts";
import { notEmpty } from "./support/tally.ts";

const target = "/d/file";
const old: MemoryOptions = { files: { "/d/file": { content: "old", mode: 0o640 }, "/d/source": "new content" } };
const none: MemoryOptions = { files: { "/d/source": "new content" } };
const backup = "/d/.file.20251231T120000000Z.bak";

const write = (options: WriteFileSyncOptions) => (runtime: Runtime) =>
  writeFileSync(target, "new content", { ...options, runtime });

const operations: [name: string, machine: MemoryOptions, run: (runtime: Runtime) => unknown][] = [
  ["writeFile anew", none, write({})],
  ["writeFile over a file", old, write({})],
  ["writeFile of pieces", old, (runtime) => writeFileSync(target, ["new ", "content"], { runtime })],
  ["writeFile with an exact mode", old, write({ mode: 0o666 })],
  ["writeFile with another owner", { ...old, user: 0 }, write({ owner: { user: 50, group: 60 } })],
  ["writeFile anew for another owner", { ...none, user: 0 }, write({ owner: { user: 50 } })],
  ["writeFile create only", none, write({ ifExists: "fail" })],
  [
    "writeFile with createDirectories",
    none,
    (runtime) => writeFileSync("/d/new/deep/file", "new content", { runtime, createDirectories: true }),
  ],
  ["writeFile with backup", old, write({ backup: 2 })],
  ["writeFile with a backup that pushes one out", { files: { ...old.files, [backup]: "older" } }, write({ backup: 1 })],
  ["writeFile with a copied backup", { ...old, disk: { hardLinks: false } }, write({ backup: 2 })],
  [
    "writeFile with a backup elsewhere",
    { ...old, mounts: { "/kept": {} } },
    write({ backup: 2, backupDirectory: "/kept" }),
  ],
  ["writeFile with skipIfEqual", old, write({ skipIfEqual: true })],
  ["writeFile with skipIfEqual of the same", {
    files: { "/d/file": { content: "new content", mode: 0o640 } },
  }, write({ skipIfEqual: true, mode: 0o600 })],
  ["writeFile with durability none", old, write({ durability: "none" })],
  ["writeFile with whenUnsupported throw", old, write({ whenUnsupported: "throw" })],
  ["writeFile with whenSyncFails report", old, write({ whenSyncFails: "report", backup: 1 })],
  ["writeFile where there are no locks", { ...old, disk: { fileLock: false } }, write({})],
  ["writeFile of a file with further names", { files: { ...old.files, "/d/other": { link: target } } }, write({})],
  ["copyFile", old, (runtime) => copyFileSync("/d/source", target, { runtime, keepTimes: true })],
  [
    "copyFile that shares blocks",
    { ...old, disk: { clone: true } },
    (runtime) => copyFileSync("/d/source", target, { runtime }),
  ],
  ["openFileWriter", old, (runtime) => {
    const writer = openFileWriterSync(target, { runtime });
    writer.write("new ");
    writer.write("content");
    return writer.commit();
  }],
  [
    "restoreBackup",
    { files: { ...old.files, [backup]: { content: "new content", mode: 0o600 } } },
    (runtime) => restoreBackupSync(target, undefined, { runtime, backup: 3 }),
  ],
  ["removeFile", old, (runtime) => removeFileSync(target, { runtime })],
];

/** What the target is: content and mode, or nothing. */
function stateOf(machine: MemoryRuntime): string {
  const path = machine.statusOf(target) === undefined ? "/d/new/deep/file" : target;
  const content = machine.readText(path);
  return content === undefined ? "nothing" : `${content} ${machine.statusOf(path)?.mode.toString(8)}`;
}

/** What only a write in progress has, and backups. */
function extras(machine: MemoryRuntime): string[] {
  return Object.keys(machine.files()).filter((path) => /\.(tmp|bak)$/.test(path)).sort();
}

/** The durabilities that can be told when that call has failed for lack of support, or was reported. */
function checkSuccess(result: WriteResult, outcome: FaultOutcome<MemoryRuntime>, before: string[]): void {
  const { machine, fault } = outcome;
  const { leftBehind = [], durability } = result;
  const made = result.backup === undefined ? [] : [result.backup];
  const unexplained = extras(machine).filter((path) => !before.includes(path) && !made.includes(path));
  assertEquals(unexplained.filter((path) => !leftBehind.includes(path)), [], "what is left is named");
  assertEquals(leftBehind.filter((path) => machine.statusOf(path) === undefined), [], "what is named is left");
  if (fault === undefined) assert(durability === "full" || durability === "none");
}

function checkFailure(error: unknown, outcome: FaultOutcome<MemoryRuntime>, before: string[]): void {
  const { machine, faulty, fault } = outcome;
  assert(FileError.is(error), `${error}`);
  const { struck } = faulty;
  assert(struck !== undefined, `failed without a fault: ${error.message}`);
  if (typeof fault?.error === "string") assertEquals(error.code, fault.error, "the first error is kept");
  const expected = error.step === "syncDirectory" ? "sync" : error.step;
  assert(
    faulty.trace.some((line) => line.startsWith(expected) && line.includes("!")) || expected === "write",
    error.step,
  );
  const left = extras(machine).filter((path) => !before.includes(path));
  const named = error.targetState === "unchanged" ? left : left.filter((path) => path.endsWith(".tmp"));
  assertEquals(named.filter((path) => !error.leftBehind.includes(path)), [], "what is left is named");
  assertEquals(error.leftBehind.filter((path) => machine.statusOf(path) === undefined), [], "what is named is left");
}

for (const [name, options, operation] of operations) {
  test(`${name}: whatever call fails, the error tells the truth and nothing is left`, () => {
    const start = memoryRuntime(options);
    const before = stateOf(start);
    const extrasBefore = extras(start);
    const done = memoryRuntime(options);
    operation(done);
    const after = stateOf(done);
    const report = sweepFaultsSync<MemoryRuntime>({
      make: () => memoryRuntime(options),
      operation,
      short: [1, 5],
      check: (outcome) => {
        const { machine, result } = outcome;
        assertEquals(machine.openHandles, [], "everything is closed");
        if ("error" in result) {
          checkFailure(result.error, outcome, extrasBefore);
          const state = FileError.is(result.error) ? result.error.targetState : undefined;
          assert([before, after].includes(stateOf(machine)), stateOf(machine));
          if (state === "unchanged") assertEquals(stateOf(machine), before, "unchanged");
          if (state === "replaced") assertEquals(stateOf(machine), after, "replaced");
        } else {
          const { lost = [] } = result.value as WriteResult;
          const [now, then] = [stateOf(machine), after].map((state) =>
            lost.includes("mode") ? state.slice(0, -4) : state
          );
          assertEquals(now, then, "done");
          checkSuccess(result.value as WriteResult, outcome, extrasBefore);
        }
      },
    });
    assert(report.runs >= report.calls * 2, JSON.stringify(report));
  });
}

/** The same machine, on which nothing that is made for a write can be removed again. */
const unremovable = (runtime: Runtime): Runtime =>
  interceptRuntime(runtime, (call, proceed) => {
    // No EROFS: that says that the syncs may have lied.
    if (call.method === "remove" && call.path !== target) throw new SystemError("EPERM", "remove", call.path);
    return proceed();
  });

// Where a file is made only to find something out, not to be able to remove it is the first error itself.
for (
  const [name, options, operation] of notEmpty(operations.filter(([name]) => !/no locks|anew for another/.test(name)))
) {
  test(`${name}: what cannot be removed after a failure is named, and the first error stays`, () => {
    const extrasBefore = extras(memoryRuntime(options));
    sweepFaultsSync<MemoryRuntime>({
      make: () => memoryRuntime(options),
      operation: (runtime) => operation(unremovable(runtime)),
      errors: ["EIO"],
      times: ["once"],
      short: [],
      check: (outcome) => {
        assertEquals(outcome.machine.openHandles, []);
        if ("error" in outcome.result) checkFailure(outcome.result.error, outcome, extrasBefore);
      },
    });
  });
}

test("after all of these, the order of commits remembers nothing", () => {
  assertEquals(commitTurnsInUse(), { undecided: 0, targets: 0, idle: 0 });
});
