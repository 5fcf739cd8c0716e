/**
 * Attributes through faults and power cuts: whatever call fails, what a file has beside content is kept, or said to be
 * lost, or the file is as it was; no disk that a power cut may leave has the new content without them.
 */
import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { copyFileSync, FileError, updateFileSync, writeFileSync, type WriteResult } from "../../mod.ts";
import { accessList, defaultAccessList } from "../../src/core/access_list.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import {
  exploreCrashesSync,
  type MemoryOptions,
  type MemoryRuntime,
  memoryRuntime,
  sweepFaultsSync,
} from "../../src/testing/mod.ts";
import { applyFilesSync } from "../../src/transaction/mod.ts";
import { accessListOf, attributeTexts } from "../support/access_lists.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const secret = "u::rw,u:1000:rw,g::-,m::rw,o::-";

/** A file in a directory of this mode, which hands a list down. */
const optionsOf = (mode: number, attributes: Readonly<Record<string, Uint8Array>>): MemoryOptions => ({
  user: 0,
  capabilities: { attributes: true },
  files: {
    "/d": {
      kind: "directory",
      mode,
      attributes: { [defaultAccessList]: accessListOf("u::rwx,u:1235:rwx,g::rwx,m::rwx,o::rwx") },
    },
    "/d/file": { content: "old", mode: 0o660, attributes },
    "/d/source": "new",
  },
});

const some = {
  [accessList]: accessListOf(secret),
  "user.note": bytes("mine"),
  "security.selinux": bytes("httpd"),
};

const files: readonly (readonly [name: string, options: MemoryOptions])[] = [
  ["where others may write", optionsOf(0o777, some)],
  ["where nobody else may write", optionsOf(0o755, some)],
  ["of a file without any", optionsOf(0o755, {})],
];

/** Content, mode and attributes of the file. */
function stateOf(machine: MemoryRuntime): { text: string; mode: number; attributes: Record<string, string> } {
  const file = machine.fork({ user: 0 }).syncFileSystem.open("/d/file", "read");
  if (file === undefined) throw new Error("the file is gone");
  const [{ mode }, attributes] = [file.stat(), attributeTexts(file.attributes())];
  file.close();
  return { text: machine.readText("/d/file") ?? "", mode, attributes };
}

const operations: readonly (readonly [name: string, run: (runtime: Runtime) => unknown])[] = [
  ["writeFile", (runtime) => writeFileSync("/d/file", "new", { runtime })],
  ["writeFile with a backup", (runtime) => writeFileSync("/d/file", "new", { runtime, backup: 1 })],
  ["copyFile", (runtime) => copyFileSync("/d/source", "/d/file", { runtime })],
  ["updateFile", (runtime) => updateFileSync("/d/file", () => bytes("new"), { runtime })],
  ["applyFiles", (runtime) => applyFilesSync({ files: [{ path: "/d/file", data: "new" }] }, { runtime })],
];

/** What was reported of the file, by a result or by an error that says that it was replaced all the same. */
function reported(result: { value: unknown } | { error: unknown }): Pick<WriteResult, "lost" | "unchecked"> {
  if ("error" in result) return FileError.is(result.error) ? result.error : { lost: [], unchecked: [] };
  const { files } = result.value as { files?: WriteResult[] };
  return files?.[0] ?? result.value as WriteResult;
}

const kinds: Readonly<Record<string, string>> = {
  [accessList]: "acl",
  "user.note": "attributes",
  "security.selinux": "label",
};

/** Everything is there, or reported; and nobody else may do more than before. */
function checkNew(
  now: ReturnType<typeof stateOf>,
  before: ReturnType<typeof stateOf>,
  { lost, unchecked }: Pick<WriteResult, "lost" | "unchecked">,
): void {
  const kept = Object.entries(before.attributes).filter(([name]) =>
    ![...lost, ...unchecked].includes(kinds[name] ?? "")
  );
  assertEquals(kept.map(([name]) => [name, now.attributes[name]]), kept, `lost is ${lost}`);
  // Where attributes were not seen, the mask is all that is known: docs/guarantees.md.
  if (unchecked.length > 0) return;
  const list = now.attributes[accessList];
  if (before.attributes[accessList] === undefined) {
    assertEquals(now.mode & ~before.mode, 0);
    assert(list === undefined || list.includes("m::-,"), list);
  } else if (list === undefined) assertEquals(now.mode & 0o077, 0, "the mask has become the group's rights");
  else assert(list === secret || list.includes("m::-,"), list);
}

for (const [place, options] of files) {
  const before = stateOf(memoryRuntime(options));
  for (const [name, run] of operations) checkOperation(`${name}, ${place}`, { options, before, run });
}

interface Checked {
  readonly options: MemoryOptions;
  readonly before: ReturnType<typeof stateOf>;
  readonly run: (runtime: Runtime) => unknown;
}

function checkOperation(name: string, { options, before, run }: Checked): void {
  test(`${name}: whatever call fails, attributes are kept, or reported as lost, or the file is as it was`, () => {
    const report = sweepFaultsSync({
      make: () => memoryRuntime(options),
      operation: (runtime) => run(runtime),
      check: ({ machine, result }) => {
        assertEquals(machine.openHandles, []);
        const state = stateOf(machine);
        if (state.text === "old") assertEquals(state, before);
        else checkNew(state, before, reported(result));
      },
    });
    assert(report.runs > 50, JSON.stringify(report));
  });

  test(`${name}: no power cut leaves the new content without the attributes of the old file`, () => {
    const report = exploreCrashesSync({
      machine: options,
      run: (runtime) => run(runtime),
      // A plan's journal and locks are not what is looked at.
      volatile: (path) => path !== "/d/file",
      limit: 2_000,
      check: (machine) => {
        const state = stateOf(machine);
        assertEquals(state, { ...before, text: state.text === "new" ? "new" : "old" });
      },
    });
    assertEquals(report.violations, []);
    assert(report.states > 1, JSON.stringify(report.states));
  });
}
