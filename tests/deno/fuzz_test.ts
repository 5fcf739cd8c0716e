/**
 * Fuzzing, with fast-check: what fails is shrunk to the shortest sequence that still does. `deno task fuzz` tries harder;
 * FUZZ_SEED and FUZZ_PATH, which a failure prints, repeat it.
 */
import { assert, assertEquals } from "@std/assert";
// deno-lint-ignore no-import-prefix -- named in deno.json, every task would fetch it first, even the command
import fc from "npm:fast-check@^4.10.0";
import { describe, it } from "node:test";
import process from "node:process";
import {
  CorruptionError,
  FileError,
  listBackupsSync,
  readJsonFileSync,
  sweepSync,
  updateTextFileSync,
} from "../../mod.ts";
import { isLockContent, parseRecord } from "../../src/lock/owner_record.ts";
import {
  backupName,
  parseBackupName,
  parseTemporaryName,
  parseTokenName,
  temporaryName,
} from "../../src/protocol/names.ts";
import { parseJournalName, parseMarkerName, parseStageName } from "../../src/protocol/transaction_names.ts";
import { interceptRuntime } from "../../src/testing/intercept.ts";
import { type MemoryRuntime, memoryRuntime } from "../../src/testing/mod.ts";
import { byEffort } from "../support/effort.ts";
import { FuzzMachine, type Options, paths, type Step } from "./fuzz_machine.ts";

const rounds = Number(process.env["FUZZ_ROUNDS"] ?? byEffort({ quick: 200, normal: 2000, long: 50_000 }));
const seed = Number(process.env["FUZZ_SEED"] ?? 1);
const shrunk = process.env["FUZZ_PATH"];
const parameters = { numRuns: rounds, seed, ...shrunk === undefined ? {} : { path: shrunk } };

const path = fc.constantFrom(...paths);
const text = fc.constantFrom("", "x", "some text", "0123456789".repeat(120));
const options: fc.Arbitrary<Options> = fc.record({
  durability: fc.constantFrom("full", "full", "full", "file", "none"),
  skipIfEqual: fc.boolean(),
  backup: fc.constantFrom(0, 0, 2),
  lock: fc.boolean(),
  mode: fc.constantFrom<"keep" | number>("keep", 0o600),
  digest: fc.boolean(),
}, { requiredKeys: [] });

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("write"), path, text, options }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("update"), path, text, options }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("copy"), path, from: path, options }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("remove"), path }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("sweep") }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("fault"), at: fc.nat(45), which: fc.nat(6), always: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("crash"), seed: fc.nat(1e6), loss: fc.constantFrom(0, 0.5, 1) }),
  },
);

describe("fuzzing", () => {
  it("sequences of operations, options, faults and crashes agree with a simple model", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const machine = new FuzzMachine();
        for (const each of steps) machine.step(each);
        machine.step({ kind: "crash", seed: 1, loss: 1 });
        machine.step({ kind: "sweep" });
      }),
      parameters,
    );
    console.log(`# FUZZED ${rounds} sequences of up to 20 steps, seed ${seed}`);
  });

  it("finds an engine that does not sync, and shrinks what it found to two steps", () => {
    const swallow = (machine: MemoryRuntime) =>
      interceptRuntime(machine, (call, proceed) => call.method === "sync" ? undefined as never : proceed());
    const found = fc.check(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const machine = new FuzzMachine(swallow);
        for (const each of steps) machine.step(each);
      }),
      { seed: 1, numRuns: 500 },
    );
    assert(found.failed);
    const steps = found.counterexample?.[0] ?? [];
    assertEquals([steps.length, steps.at(-1)?.kind], [2, "crash"]);
  });
});

/** Bytes that begin like ours and go wrong somewhere, and bytes that are nothing at all. */
const mutated = (good: Uint8Array) =>
  fc.oneof(
    fc.uint8Array({ maxLength: 2000 }),
    fc.array(fc.tuple(fc.nat(good.length), fc.nat(255)), { maxLength: 8 }).map((changes) => {
      const bytes = good.slice();
      for (const [index, byte] of changes) if (index < bytes.length) bytes[index] = byte;
      return bytes;
    }),
    fc.nat(good.length).map((length) => good.slice(0, length)),
  );

const encode = (value: string): Uint8Array => new TextEncoder().encode(value);
const held = encode('atomic-write lock held\n{"pid":1,"since":1,"program":"x","boot":"0"}\n'.padEnd(512));
const goodNames = [
  temporaryName("a", { kind: "lock" }, (length) => new Uint8Array(length)),
  temporaryName(
    "a",
    { kind: "process", facts: { boot: "0a", namespace: "1", pid: 2, started: "3" } },
    () => held.slice(0, 16),
  ),
  backupName("a", 0),
  `g1.x.${"a".repeat(26)}.n`,
];
const name = fc.oneof(
  fc.string({ maxLength: 255, unit: "binary" }),
  fc.constantFrom(...goodNames).chain((good) => mutated(encode(good)).map((bytes) => new TextDecoder().decode(bytes))),
  fc.tuple(fc.constantFrom(".", ".a.", ".bak", "a", "1", "Z.bak", ".f.tmp", "-"), fc.nat(250)).map(([part, count]) =>
    part.repeat(count).slice(0, 255)
  ),
);

const parsers = [
  parseTemporaryName,
  parseBackupName,
  parseTokenName,
  parseJournalName,
  parseMarkerName,
  parseStageName,
];

/** What a parser may take for a name, in milliseconds: only a regular expression without end would take as long. */
const patience = 1000;

describe("fuzzing what is read from disk", () => {
  it("names of any kind are understood or not, without an error and without delay", () => {
    fc.assert(
      fc.property(name, (name) => {
        const started = performance.now();
        for (const parse of parsers) parse(name);
        const backup = parseBackupName(name);
        if (backup !== undefined) assertEquals(backupName(backup.target, backup.time), name);
        assert(performance.now() - started < patience);
      }),
      parameters,
    );
  });

  it("a record of a lock's owner holds only what a record may hold", () => {
    fc.assert(
      fc.property(mutated(held), (bytes) => {
        isLockContent(bytes, bytes.length);
        const record = parseRecord(bytes);
        for (const [key, value] of Object.entries(record ?? {})) {
          assertEquals(typeof value, ["pid", "since"].includes(key) ? "number" : "string");
        }
      }),
      parameters,
    );
  });

  it("lock files, backups, leftovers and JSON of any content end in a result or a typed error", () => {
    fc.assert(
      fc.property(mutated(held), fc.array(name, { maxLength: 5 }), (bytes, names) => {
        const legal = names.filter((each) =>
          each !== "" && !/[\0/]|^\.{1,2}$/.test(each) && encode(each).length <= 255
        );
        const files = Object.fromEntries(legal.map((each) => [`/d/${each}`, bytes]));
        const runtime = memoryRuntime({ files: { ...files, "/d/a": bytes, "/d/a.lock": bytes } });
        const calls = [
          () => updateTextFileSync("/d/a", () => "new", { runtime }),
          () => listBackupsSync("/d/a", { runtime }),
          () => sweepSync("/d", { runtime, olderThan: 0 }),
          () => readJsonFileSync("/d/a", { runtime }),
        ];
        for (const call of calls) {
          try {
            call();
          } catch (error) {
            assert(FileError.is(error) || CorruptionError.is(error), String(error));
          }
        }
        assertEquals(runtime.openHandles, []);
      }),
      { ...parameters, numRuns: Math.ceil(rounds / 4) },
    );
  });
});
