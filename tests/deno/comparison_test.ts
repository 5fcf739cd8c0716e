/** What is said of others, from what was seen: failures are failures, and what was not exposed alike is not compared. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "node:test";
import { comparedTable, type CompareResults } from "../../scripts/figures/compared.ts";
import type { FiguresRecord } from "../../scripts/figures/record.ts";
import {
  compareMethods,
  isUnharmed,
  lossTable,
  tornTable,
  unequalExposure,
} from "../../scripts/powercut/comparison.ts";
import type { PowercutResults } from "../../scripts/powercut.ts";
import { WHILE_SAVING } from "../powercut/scenes.ts";
import type { CutReport } from "../powercut/series.ts";

function cut(method: string, more: Partial<CutReport> = {}): CutReport {
  return { scene: "new files", method, seed: 1, acknowledged: 4, failed: 0, files: 4, complaints: [], ...more };
}

const lost = { kind: "lost", text: "" } as const;
const torn = { kind: "torn", text: "" } as const;

/** The last cell of the first row. */
const cellOf = (table: string): string => table.split("\n")[2]?.split(" | ").at(-1)?.replace(/ \|$/, "") ?? "";

describe("power cuts beside others", () => {
  const cells: [what: string, report: Partial<CutReport>, cell: string][] = [
    ["nothing was lost", {}, "0 of 4"],
    ["files were lost and torn", { complaints: [lost, lost, torn] }, "2 of 4, 1 torn"],
    ["a save failed", { acknowledged: 3, failed: 1, files: 3 }, "1 of 4 saves failed; 0 of 3"],
    ["every save failed", { acknowledged: 0, failed: 4, files: 0 }, "4 of 4 saves failed; nothing acknowledged"],
    ["the file system was gone", { complaints: [{ kind: "destroyed", text: "" }] }, "0 of 4, file system gone 1 times"],
  ];
  for (const [what, report, cell] of cells) {
    it(`say when ${what}`, () => {
      const found = compareMethods("ext4", [cut("steno", report)]);
      assertEquals(cellOf(lossTable(found)), cell);
      assertEquals(found.every(isUnharmed), cell === "0 of 4");
    });
  }

  it("say of a save that was running whether the file was torn", () => {
    const found = compareMethods("ext4", [cut("steno", { scene: WHILE_SAVING, complaints: [torn] }), cut("steno")]);
    assertEquals([cellOf(tornTable(found)), cellOf(lossTable(found))], ["1 of 1", "0 of 4"]);
  });

  it("are refused when one method saved more than another", () => {
    const equal = [cut("atomic-write"), cut("steno", { acknowledged: 3, failed: 1 })];
    assertEquals(unequalExposure(compareMethods("ext4", equal)), "");
    const unequal = [...equal, cut("atomically", { acknowledged: 9 })];
    assertStringIncludes(unequalExposure(compareMethods("ext4", unequal)), "9 saves before 1 cuts");
  });
});

describe("what happens when", () => {
  const writers = ["atomic-write", "write-file-atomic", "atomically", "steno"];
  const rounds = { rounds: 60, tornRounds: 0, reads: 100, tornReads: 0, saves: 120, failures: [] };
  const results: CompareResults = {
    node: "20",
    peers: { steno: "4.0.2", "proper-lockfile": "4.1.2" },
    situations: { "the disk is full": Object.fromEntries(writers.map((writer) => [writer, `said of ${writer}`])) },
    containers: {
      "atomic-write": rounds,
      "write-file-atomic": { ...rounds, tornRounds: 2 },
      "atomically": { ...rounds, failures: Array.from({ length: 120 }, () => "ENOENT") },
      "steno": rounds,
    },
    takeovers: {
      "atomic-write": { taken: "error ETIMEDOUT", holderTold: false },
      "proper-lockfile": { taken: "success", holderTold: true },
    },
  };
  const comparison = [{
    fileSystem: "ext4",
    checker: "",
    seconds: 1,
    methods: compareMethods("ext4", writers.map((writer) => cut(writer))),
  }];
  const text = comparedTable(
    { results } as FiguresRecord<CompareResults>,
    { results: { comparison } } as unknown as FiguresRecord<PowercutResults>,
  );
  const said: [what: string, cell: string][] = [
    ["what each package did", "said of steno"],
    ["who tore a file", "**torn in 2 of 60 rounds**"],
    ["who never saved anything", "torn in none of 60 rounds; **120 of 120 saves failed** (ENOENT)"],
    ["that a lock had two holders", "**two holders**, until the first continues and is notified"],
    ["how the one who waited was answered", "the other one waits and gets error ETIMEDOUT"],
    ["how many saved files were lost", "none of 4 saved files lost"],
  ];
  for (const [what, cell] of said) it(`says ${what}`, () => assert(text.includes(cell), text));
});
