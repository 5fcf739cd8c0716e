/** Every asynchronous function and its Sync twin ask the same of the machine, answer the same, and fail the same. */
import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import * as atomicWrite from "../mod.ts";
import type { FileLock, FileWriter, FileWriterSync, LockInfo } from "../mod.ts";
import type { Runtime } from "../src/runtime/runtime.ts";
import { faultRuntime, type FaultyRuntime, type MemoryOptions, memoryRuntime } from "../src/testing/mod.ts";
import { notEmpty } from "./support/tally.ts";

type Functions = Record<string, (...args: unknown[]) => unknown>;
const api = atomicWrite as unknown as Functions;
const twins = Object.keys(api).filter((name) => `${name}Sync` in api).sort();

/** A call: its arguments, and what is done with its answer. */
interface Case {
  title: string;
  machine?: MemoryOptions;
  args: (runtime: Runtime) => unknown[];
  then?: (answer: never) => unknown;
}

const file: MemoryOptions = { files: { "/d/file": { content: "old", mode: 0o640 }, "/source": "source" } };
const backup = "/d/.file.20251231T120000000Z.bak";
const abandoned = `/d/.x.${"a".repeat(26)}.f.tmp`;

const written: [title: string, options: object, machine?: MemoryOptions][] = [
  ["anew", {}, { files: { "/d/other": "", "/source": "source" } }],
  ["over a file", {}],
  ["with everything", { mode: 0o600, backup: 2, digest: true, createDirectories: true, durability: "barrier" }],
  ["create only", { ifExists: "fail" }, { files: { "/d/other": "", "/source": "source" } }],
  ["create only, refused", { ifExists: "fail" }],
  ["with skipIfEqual", { skipIfEqual: true, mode: 0o600 }],
  ["where nothing can be synced, refused", { whenUnsupported: "throw" }, { ...file, disk: { directorySync: false } }],
  ["under a lock", { lock: true }],
  ["if it matches, refused", { ifMatch: "0".repeat(64) }],
];

/** One case for each way of writing, given how the function takes its arguments. */
function writing(args: (options: object) => unknown[], then?: Case["then"]): Case[] {
  return written.map(([title, options, machine = file]) => ({
    title,
    machine,
    args: (runtime) => args({ ...options, runtime }),
    ...then && { then },
  }));
}

async function commit(writer: FileWriter | FileWriterSync): Promise<unknown> {
  await writer.write("new ");
  await writer.write(new Uint8Array(300_000));
  return await writer.commit();
}

const held: Case["then"] = async (lock: FileLock | undefined) => {
  const { path, backend, shared } = lock ?? {};
  await lock?.release();
  return { path, backend, shared };
};

/** A lock directory that a dead process has left. */
const directoryLock = { backend: "directory" } as const;

const cases: Record<string, Case[]> = {
  writeFile: [
    ...writing((options) => ["/d/file", "new", options]),
    ...writing((options) => ["/d/file", ["o", "ld"], options]),
    { title: "in no directory", args: (runtime) => ["/no/file", "new", { runtime }] },
    { title: "of nothing", args: (runtime) => ["/file", 5, { runtime }] },
  ],
  writeJsonFile: writing((options) => ["/d/file", { a: 1 }, options]),
  copyFile: writing((options) => ["/source", "/d/file", { ...options, keepTimes: true }]),
  openFileWriter: writing((options) => ["/d/file", options], commit),
  updateFile: writing(({ skipIfEqual: _, ...options }: { skipIfEqual?: boolean }) => ["/d/file", () => "new", options]),
  updateTextFile: [
    { title: "over a file", machine: file, args: (runtime) => ["/d/file", (text = "") => `${text}er`, { runtime }] },
    { title: "to the same", machine: file, args: (runtime) => ["/d/file", () => undefined, { runtime }] },
  ],
  updateJsonFile: [
    { title: "anew", args: (runtime) => ["/file", () => ({ a: 1 }), { runtime }] },
    { title: "of what is no JSON", machine: file, args: (runtime) => ["/d/file", () => ({}), { runtime }] },
  ],
  removeFile: [
    { title: "a file", machine: file, args: (runtime) => ["/d/file", { runtime }] },
    { title: "nothing", args: (runtime) => ["/file", { runtime }] },
  ],
  readFile: [
    { title: "a file", machine: file, args: (runtime) => ["/d/file", { runtime }] },
    { title: "nothing", args: (runtime) => ["/d/file", { runtime }] },
  ],
  readTextFile: [
    { title: "a file", machine: file, args: (runtime) => ["/d/file", { runtime }] },
    { title: "nothing", args: (runtime) => ["/d/file", { runtime }] },
  ],
  readJsonFile: [
    { title: "a file", machine: { files: { "/file": "[1]" } }, args: (runtime) => ["/file", { runtime }] },
    { title: "what is no JSON", machine: file, args: (runtime) => ["/d/file", { runtime }] },
  ],
  listBackups: [
    {
      title: "one",
      machine: { files: { "/d/file": "new", [backup]: "old" } },
      args: (runtime) => ["/d/file", { runtime }],
    },
    { title: "none", args: (runtime) => ["/d/file", { runtime }] },
  ],
  restoreBackup: [
    {
      title: "the newest",
      machine: { files: { "/d/file": "newer", [backup]: "old" } },
      args: (runtime) => ["/d/file", undefined, { runtime, backup: 3 }],
    },
    { title: "none", machine: file, args: (runtime) => ["/d/file", undefined, { runtime }] },
  ],
  sweep: [
    {
      title: "a directory",
      machine: { files: { [abandoned]: "", "/d/below/file": "" }, startTime: 1e12 },
      args: (
        runtime,
      ) => ["/d", { runtime: { ...runtime, clock: { ...runtime.clock, now: () => 2e12 } }, recursive: true }],
    },
    { title: "nothing", args: (runtime) => ["/d", { runtime }] },
  ],
  acquireLock: [
    { title: "of a file", machine: file, args: (runtime) => ["/d/file", { runtime }], then: held },
    { title: "shared", machine: file, args: (runtime) => ["/d/file", { runtime, shared: true }], then: held },
    {
      title: "by a directory",
      machine: file,
      args: (runtime) => ["/d/file", { runtime, ...directoryLock }],
      then: held,
    },
    { title: "in no directory", args: (runtime) => ["/no/file", { runtime }] },
  ],
  tryLock: [{ title: "of a file", machine: file, args: (runtime) => ["/d/file", { runtime }], then: held }],
  withLock: [
    { title: "of a file", machine: file, args: (runtime) => ["/d/file", () => "answer", { runtime }] },
    {
      title: "that fails inside",
      machine: file,
      args: (runtime) => ["/d/file", () => {
        throw new RangeError("inside");
      }, { runtime }],
    },
  ],
  inspectLock: [
    { title: "that nobody holds", machine: file, args: (runtime) => ["/d/file", { runtime }] },
    {
      title: "that somebody held",
      machine: { files: { "/file.lock": "old" } },
      args: (runtime) => ["/file", { runtime }],
    },
  ],
  breakLock: [{
    title: "that is not there",
    machine: file,
    args: (runtime) => {
      const info: LockInfo = {
        path: "/d/file.lock",
        backend: "directory",
        liveness: "dead",
        confirmed: true,
        token: "x",
      };
      return ["/d/file", info, { runtime }];
    },
  }],
};

/** Everything that an answer or an error tells. */
function told(value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  const { code, step, targetState, leftBehind, offset } = value as Error & Record<string, unknown>;
  return { name: value.name, message: value.message, code, step, targetState, leftBehind, offset };
}

/** Runs one twin with the fault at call `at`, and answers all that can be seen of it. */
async function outcome(
  name: string,
  { machine, args, then }: Case,
  at: number,
): Promise<unknown[] & { calls?: number }> {
  const memory = memoryRuntime({ device: "disk", ...machine });
  const faulty: FaultyRuntime = faultRuntime(memory, { at: at < 0 ? () => false : at, error: "EIO" });
  const function_ = api[name];
  assert(function_ !== undefined);
  let result: unknown;
  try {
    const answer = await function_(...args(faulty.runtime));
    result = then === undefined ? answer : await then(answer as never);
  } catch (error) {
    result = told(error);
  }
  return Object.assign([faulty.trace, result, memory.files(), faulty.openHandles], { calls: faulty.calls });
}

test("every function that has a Sync twin is compared with it here", () => {
  assertEquals(Object.keys(cases).sort(), twins);
});

for (const [name, list] of Object.entries(cases)) {
  for (const each of notEmpty(list)) {
    test(`${name} and ${name}Sync do the same: ${each.title}; also when any of their calls fails`, async () => {
      const whole = await outcome(name, each, -1);
      assertEquals(await outcome(`${name}Sync`, each, -1), whole);
      for (let at = 0; at < (whole.calls ?? 0); at++) {
        assertEquals(await outcome(`${name}Sync`, each, at), await outcome(name, each, at), `call ${at}`);
      }
    });
  }
}
