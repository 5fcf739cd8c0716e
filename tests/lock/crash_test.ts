/**
 * Power cuts and kills in the middle of everything that locks: the content is the old or the new one, what was
 * acknowledged is there, and the next one gets the lock at once.
 */
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import {
  acquireLockSync,
  inspectLockSync,
  removeFileSync,
  updateJsonFileSync,
  updateTextFileSync,
  withLockSync,
  writeFileSync,
} from "../../mod.ts";
import { type CrashMode, exploreCrashesSync } from "../../src/testing/mod.ts";
import type { MemoryRuntime } from "../../src/testing/mod.ts";
import { mostlyOnDeno } from "../support/effort.ts";

const path = "/work/state.json";
const limit = mostlyOnDeno({ quick: 500, normal: 4_000, long: 100_000 });

interface Row {
  readonly name: string;
  readonly run: (runtime: MemoryRuntime, acknowledge: (fact: string) => void) => void;
  readonly contents: readonly (string | undefined)[];
  /** It begins with a write that promises nothing of a power cut: until it is acknowledged, the file may be anything. */
  readonly beginsUnsynced?: true;
  readonly modes: readonly CrashMode[];
  readonly backend: "flock" | "directory";
}

const rows: Row[] = (["flock", "directory"] as const).flatMap((backend): Row[] => {
  // A lock directory from before a power cut names a start of the machine that is over; nothing proves that it was this
  // machine's. It stays until it is broken.
  const modes: CrashMode[] = backend === "flock" ? ["strict", "kill"] : ["kill"];
  const lock = { backend };
  const first = '{"runs":1}\n';
  const second = '{"runs":2}\n';
  const increment = (value: { runs: number } = { runs: 0 }) => ({ runs: value.runs + 1 });
  return [
    {
      name: "updateJsonFile, twice",
      contents: [undefined, first, second],
      run: (runtime, acknowledge) => {
        for (const content of [first, second]) {
          updateJsonFileSync(path, increment, { lock, runtime });
          acknowledge(content);
        }
      },
      modes,
      backend,
    },
    {
      name: "withLock around a write and a removal",
      contents: [undefined, "x"],
      run: (runtime, acknowledge) => {
        withLockSync(path, (held) => writeFileSync(path, "x", { lock: held, runtime }), { ...lock, runtime });
        acknowledge("x");
        removeFileSync(path, { lock, runtime });
      },
      modes,
      backend,
    },
    {
      name: "an update to the same",
      contents: [undefined, "same"],
      run: (runtime, acknowledge) => {
        writeFileSync(path, "same", { durability: "none", runtime });
        updateTextFileSync(path, (text) => text, { lock, runtime });
        acknowledge("same");
      },
      beginsUnsynced: true,
      modes,
      backend,
    },
  ];
});

describe("a crash in the middle of", () => {
  for (const { name, run, contents, modes, backend, beginsUnsynced } of rows) {
    it(`${name} (${backend}, ${modes.join(" and ")})`, () => {
      const report = exploreCrashesSync({
        machine: { user: 0 },
        setup: (runtime) => void runtime.syncFileSystem.makeDirectory("/work", 0o755),
        run: (runtime, acknowledge) => run(runtime as MemoryRuntime, acknowledge as (fact: string) => void),
        limit,
        modes,
        check: (runtime, acknowledged) => {
          const machine = runtime as MemoryRuntime;
          const content = machine.readText(path);
          const mayBeTorn = beginsUnsynced && modes.includes("strict") && acknowledged.length === 0;
          assert(mayBeTorn || contents.includes(content), `the file is ${content}`);
          const last = acknowledged.at(-1) as string | undefined;
          const isLater = contents.indexOf(content) >= contents.indexOf(last);
          if (last !== undefined && name !== "withLock around a write and a removal") {
            assert(isLater, `${last} is lost`);
          }
          assertEquals(inspectLockSync(path, { runtime })?.liveness === "alive", false);
          acquireLockSync(path, { backend, timeout: 0, runtime })[Symbol.dispose]();
          updateTextFileSync(path, () => "after", { lock: { backend, timeout: 0 }, runtime });
          assertEquals(machine.readText(path), "after");
        },
      });
      console.log(`${name} (${backend}): ${report.states} states, ${report.exhaustive ? "all there are" : "a part"}`);
      const [violation] = report.violations;
      if (violation !== undefined) {
        throw new Error(`${String(violation.error)}\n${violation.state}\n${violation.trace.join("\n")}`);
      }
      assert(report.states > 10);
    });
  }
});
