/**
 * Every disk that a power cut may leave, and every call failed once, on file systems with and without hard links: the
 * newest version is whole, what was acknowledged is in it, and the next change builds on it.
 */
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { FileError, readVersionedTextSync } from "../../src/versioned/mod.ts";
import {
  type CrashOptions,
  exploreCrashesSync,
  type FaultOutcome,
  type MemoryRuntime,
  sweepFaultsSync,
} from "../../src/testing/mod.ts";
import { inTurn, mostlyOnDeno } from "../support/effort.ts";
import { notEmpty } from "../support/tally.ts";
import { lostEffects, sweepLost } from "../support/lost_answers.ts";
import { append, type Change, leftovers, machineWith, newest, path } from "./support.ts";

const disks = [["with hard links", {}], ["without hard links", { hardLinks: false }]] as const;
/** How many versions there are before, and how many the operation leaves. */
const beginnings = [[0, 3], [1, 1], [2, 1], [5, 2]] as const;

function textOf(machine: MemoryRuntime): string {
  return readVersionedTextSync(path, { runtime: machine })?.content ?? "";
}

describe("power cuts while a version is made", () => {
  for (const [where, disk] of disks) {
    for (const [versions, keep] of beginnings) {
      it(`after ${versions} versions, of which ${keep} stay, ${where}`, () => {
        const before = "12345".slice(0, versions);
        const options: CrashOptions = {
          machine: { disk, files: { "/d/": { kind: "directory" } } },
          setup: (machine) => {
            for (const letter of before) append(machine, letter);
          },
          run: (runtime, acknowledge) => {
            acknowledge(append(runtime, "x", { keep }).after);
            acknowledge(append(runtime, "y", { keep }).after);
          },
          recover: (runtime) => void append(runtime, "z", { keep: 1 }),
          check: (machine, acknowledged) => {
            const text = textOf(machine);
            const least = String(acknowledged.at(-1) ?? before);
            assert(text.startsWith(least), `${least} was acknowledged, and ${text} is there`);
            assert(/^(x?|xy)z+$/.test(text.slice(versions)) || acknowledged.length === 0 && text === before, text);
            append(machine, "!");
            assertEquals(newest(machine), { version: text.length + 1, content: `${text}!` });
          },
        };
        const limit = mostlyOnDeno({ quick: 50, normal: 100, long: 60_000 });
        const result = exploreCrashesSync({ limit, modes: ["strict", "kill"], ...options });
        const first = result.violations[0];
        assertEquals(result.violations.length, 0, first && `${first.error}\n${first.state}\n${first.trace.join("\n")}`);
        assert(result.states > 0);
        console.log(
          `  ${result.operations} calls, ${result.states} states${result.exhaustive ? ", all there are" : ""}`,
        );
      });
    }
  }
});

/** What must hold whatever failed, or whichever answer was lost. */
function checkOutcome(before: string, { machine, faulty, result }: FaultOutcome<MemoryRuntime>): void {
  assertEquals(faulty.openHandles, []);
  machine.kill();
  const next = machine.fork();
  const text = textOf(next);
  assert(text === before || text === `${before}x`, text);
  let named: readonly string[];
  if ("value" in result) {
    assertEquals(text, `${before}x`);
    named = (result.value as Change).leftBehind;
  } else {
    const error = result.error;
    assert(FileError.is(error), `${error}`);
    if (error.targetState === "unchanged") assertEquals(text, before, `${error}`);
    if (error.targetState === "replaced") assertEquals(text, `${before}x`, `${error}`);
    named = error.leftBehind;
  }
  // check-tests: allow -- mostly nothing is left
  for (const name of leftovers(next)) {
    assert(named.some((left) => name.startsWith(left)), `${name} is left and not named`);
  }
  // Each version adds a letter: its number says whether one is lost, or there twice.
  append(next, "!", { keep: 1 });
  assertEquals(newest(next), { version: text.length + 1, content: `${text}!` });
}

describe("faults while a version is made", () => {
  for (const [where, disk] of disks) {
    for (const [versions, keep] of notEmpty(inTurn(beginnings, 2))) {
      const before = "12345".slice(0, versions);
      const sweep = {
        make: () => machineWith({ disk }, versions),
        operation: (runtime: Parameters<typeof append>[0]) => append(runtime, "x", { keep }),
        check: (outcome: FaultOutcome<MemoryRuntime>) => checkOutcome(before, outcome),
      };

      it(`after ${versions} versions, of which ${keep} stay, ${where}: every call`, () => {
        const swept = sweepFaultsSync(sweep);
        assert(swept.runs > 0);
        console.log(`  ${swept.calls} calls, ${swept.runs} faults`);
      });

      for (const effect of lostEffects) {
        it(`after ${versions} versions, of which ${keep} stay, ${where}: lost answers, ${effect}`, () => {
          assert(sweepLost(sweep, effect) > 0);
        });
      }
    }
  }
});
