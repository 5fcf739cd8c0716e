/**
 * Every writer of the version store goes through the engine: synced before it gets its name, its directory after it, and
 * nothing left over, whatever fails. And none of its files writes by itself.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import * as fs from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { reserve } from "../../examples/version_store/agents.ts";
import { createBranch, moveHead } from "../../examples/version_store/branches.ts";
import { check } from "../../examples/version_store/check.ts";
import { commitFiles } from "../../examples/version_store/commit_files.ts";
import { restorePaths } from "../../examples/version_store/working_tree.ts";
import { faultRuntime, type MemoryRuntime, memoryRuntime, type SeamCall } from "../../src/testing/mod.ts";
import { placeOf, sha256, temporaries } from "../store/support.ts";
import { mostlyOnDeno } from "../support/effort.ts";
import { assertProtocol, assertSound, copyOf, home, makeRepository, recorded, reopen } from "./support.ts";
import { writers } from "./writers.ts";
import { notEmpty } from "../support/tally.ts";

/** What each writer begins with is made once. */
const prepared = new Map<string, Promise<MemoryRuntime>>();

async function prepare(name: string): Promise<MemoryRuntime> {
  const made = prepared.get(name) ?? (async () => {
    const machine = memoryRuntime();
    await writers[name]?.prepare(await makeRepository(machine));
    return machine;
  })();
  prepared.set(name, made);
  return copyOf(await made);
}

describe("every writer", () => {
  for (const [name, { write }] of Object.entries(writers)) {
    it(`${name}: syncs before each name is given, and the directory after it`, async () => {
      const machine = await prepare(name);
      const { runtime, calls } = recorded(machine);
      await write(await reopen(runtime));
      assert(calls.some(({ method }) => ["rename", "link", "remove"].includes(method)), "it has written nothing");
      assertProtocol(calls);
      assertEquals([temporaries(machine), machine.openHandles], [[], []]);
      await assertSound(await reopen(machine));
    });
  }

  it("commit: objects, then the record, then the reference, each safely on disk before the next", async () => {
    const machine = memoryRuntime();
    await makeRepository(machine);
    const { runtime, calls } = recorded(machine);
    const repository = await reopen(runtime);
    calls.splice(0);
    const commit = await commitFiles(repository, { "a.txt": "a" }, "first");
    const last = (is: (call: SeamCall) => boolean) => calls.findLastIndex(is);
    const object = `${home}/objects/${placeOf(commit)}`;
    const steps = [
      last(({ method, operands }) => method === "link" && operands[0] === object),
      last(({ method, path }) => method === "sync" && path === object.slice(0, -63)),
      calls.findIndex(({ method, path }) => method === "write" && path === `${home}/operations.log`),
      calls.findIndex(({ method, path }, index) =>
        method === "sync" && path === `${home}/operations.log` &&
        calls.slice(0, index).some(({ method, path }) => method === "write" && path === `${home}/operations.log`)
      ),
      last(({ method, operands }) => method === "rename" && operands[0] === `${home}/references/heads/main`),
      last(({ method, path }) => method === "sync" && path === `${home}/references/heads`),
    ];
    assert(!steps.includes(-1), String(steps));
    assertEquals(steps, steps.toSorted((a, b) => a - b));
  });

  it("is noticed when it does not sync: the check itself", async () => {
    const machine = memoryRuntime();
    const { runtime, calls } = recorded(machine);
    await makeRepository(machine);
    await commitFiles(await reopen(runtime), { "a.txt": "a" }, "first");
    const unsynced = calls.filter(({ method, path }) => method !== "sync" || !path.endsWith(".tmp"));
    await assertRejects(async () => await assertProtocol(unsynced), Error, "before it is synced");
    const undurable = calls.filter(({ method, path }) => method !== "sync" || !path.endsWith("heads"));
    await assertRejects(async () => await assertProtocol(undurable), Error, "is not synced");
  });
});

describe("whatever fails", () => {
  const failing = new Set(["write", "sync", "rename", "link", "create", "remove", "truncate"]);
  const faults = [{ error: "EIO" }, { error: "ENOSPC", short: 1 }];
  // All of them together cover every kind of call in every writer; --long takes every call with every fault.
  const part = mostlyOnDeno({ quick: 3, normal: 12, long: 100 }) / 100;

  for (const [number, [name, { write }]] of Object.entries(writers).entries()) {
    it(`${name}: nothing is left over, all stays sound, and going on succeeds`, async () => {
      const whole = recorded(await prepare(name));
      await write(await reopen(whole.runtime));
      const places = whole.calls.flatMap(({ method }, index) => failing.has(method) ? [index] : []);
      const cases = places.flatMap((at) => faults.map((fault) => ({ at, ...fault })));
      const sample = cases.filter((_, index) => ((index + number) * part) % 1 < part);
      // Of a writer with few calls a small part is none: then it is one.
      const one = number % cases.length;
      for (const fault of notEmpty(sample.length > 0 ? sample : cases.slice(one, one + 1))) {
        const machine = await prepare(name);
        const faulty = faultRuntime(machine, fault);
        try {
          await write(await reopen(faulty.runtime));
        } catch (error) {
          const left = temporaries(machine).filter((path) => !leftBehind(error).includes(path));
          assertEquals(left, [], `call ${fault.at}: ${error}`);
        }
        assertEquals([faulty.openHandles, machine.openHandles], [[], []], `call ${fault.at}`);
        // A change that was recorded and interrupted is finished by whoever comes next.
        const again = await reopen(machine);
        const struck = `after ${faulty.struck?.method} ${faulty.struck?.path} failed with ${fault.error}`;
        try {
          await commitFiles(again, { "next.txt": "next" }, "next");
          assertEquals((await check(again)).problems, []);
        } catch (error) {
          throw new Error(`${struck}: ${error}`, { cause: error });
        }
      }
    });
  }
});

function leftBehind(error: unknown): readonly string[] {
  return typeof error === "object" && error !== null && "leftBehind" in error ? error.leftBehind as string[] : [];
}

it("names that lead out, and digests that are none, are refused before anything is asked of the disk", async () => {
  const machine = memoryRuntime();
  await makeRepository(machine);
  const { runtime, calls } = recorded(machine);
  const repository = await reopen(runtime);
  calls.splice(0);
  const digest = sha256("x");
  for (const name of ["../escape", "bad/../../x", "/etc/passwd", "a//b", "x.lock", "", "a\0b", ".."]) {
    await assertRejects(() => createBranch(repository, name), TypeError);
    await assertRejects(() => repository.references.read(name), TypeError);
    await assertRejects(() => repository.references.update(name, digest), TypeError);
    await assertRejects(() => repository.references.setHead(name), TypeError);
  }
  for (const path of ["../escape", "bad/../../x", "/etc/passwd", "a//b", "", "a\0b", "..", ".versions/config.json"]) {
    await assertRejects(() => commitFiles(repository, { [path]: "x" }, "no"), TypeError);
    await assertRejects(() => restorePaths(repository, "/work", { [path]: digest }, [path]), TypeError);
    await assertRejects(async () => await reserve(repository, "agent", path), TypeError);
  }
  for (const wrong of ["", "abc", digest.slice(1), `${digest}0`, `${digest.slice(1)}g`, "../../../etc/passwd"]) {
    await assertRejects(async () => await repository.objects.get(wrong), TypeError);
    await assertRejects(async () => await repository.objects.restore(wrong, "/work/x"), TypeError);
    await assertRejects(() => repository.references.update("heads/x", wrong), TypeError);
    await assertRejects(() => repository.references.setHead({ digest: wrong }), TypeError);
    await assertRejects(() => moveHead(repository, { commit: wrong }), TypeError);
  }
  for (const agent of ["", "../x", "A", "a b", "x".repeat(65)]) {
    await assertRejects(async () => await reserve(repository, agent, "a.txt"), TypeError);
  }
  assertEquals(calls, []);
});

/** The example's source, also seen from the compiled tests. */
function sourceFiles(): string[] {
  let root = dirname(fileURLToPath(import.meta.url));
  while (!fs.existsSync(join(root, "deno.json"))) root = dirname(root);
  const folder = join(root, "examples/version_store");
  return fs.readdirSync(folder).filter((name) => name.endsWith(".ts")).map((name) => join(folder, name));
}

it("none of the example's files writes by itself: all of them import the public doors, and of node:fs only readdir", () => {
  const doors = ["../../mod.ts", "../../src/store/mod.ts", "../../src/log/mod.ts", "../../src/testing/mod.ts"];
  const allowed = [...doors, "node:process"];
  const files = sourceFiles();
  assert(files.length > 10);
  for (const path of files) {
    const text = fs.readFileSync(path, "utf8");
    // check-tests: allow -- an example may import nothing
    for (const [line, names = "", specifier = ""] of text.matchAll(/^import (.*?) from "(.*?)";$/gms)) {
      if (specifier === "node:fs/promises") assertEquals(names, "{ readdir }", path);
      else assert(/^\.\/\w+\.ts$/.test(specifier) || allowed.includes(specifier), `${path}: ${line}`);
      if (specifier === "../../src/testing/mod.ts") assert(line.startsWith("import type"), `${path}: ${line}`);
    }
    const raw =
      /\b(Deno|Bun|require|globalThis|getBuiltinModule|FileSystem|writeFileSync|createWriteStream)\b|import\(/;
    assertEquals(text.match(raw)?.[0], undefined, path);
  }
});
