/** Exploration is worth something only if it finds what is wrong: every mutant of the protocol is caught. */
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { runSync } from "../../src/core/operation.ts";
import { assertFigures } from "../support/explored_figures.ts";
import { type CrashReport, exploreCrashesSync, type MemoryRuntime } from "../../src/testing/mod.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { syncApi } from "./api.ts";
import { checkDisk } from "./legal.ts";
import { mutants } from "./mutants.ts";
import { operations } from "./operations.ts";
import type { Acknowledged, Row } from "./row.ts";
import { singleFeatureWrites } from "./single_writes.ts";

const table: readonly Row[] = [...singleFeatureWrites([1]), ...operations];

function rowNamed(name: string): Row {
  const row = table.find((row) => row.name === name);
  assert(row !== undefined, `there is no operation "${name}"`);
  return row;
}

function explore(row: Row, breaks: (machine: MemoryRuntime) => Runtime): CrashReport {
  return exploreCrashesSync({
    machine: row.machine,
    stopAfter: 1,
    volatile: (path) => path.endsWith(".lock"),
    run: (machine, acknowledge) => runSync(() => row.run({ api: syncApi, runtime: breaks(machine), acknowledge })),
    check: (machine, facts) => checkDisk(machine, row, facts as readonly Acknowledged[], "power cut"),
  });
}

describe("exploration", () => {
  const caught: string[] = [];
  for (const { name, row, breaks } of mutants) {
    it(`catches: ${name}`, () => {
      assertEquals(explore(rowNamed(row), (machine) => machine).violations, []);
      const [violation] = explore(rowNamed(row), breaks).violations;
      assert(violation !== undefined, `${name} was not caught`);
      console.log(`${name}: ${String(violation.error).split("\n")[0]}`);
      caught.push(name);
    });
  }

  it("catches all of them", () => {
    assertEquals(caught, mutants.map(({ name }) => name));
    assertFigures("negative_controls", "negative controls", { controls: mutants.length, caught: caught.length });
  });
});
