/** The list of mutants fits the source: each has its place, and tests that are there. What they show, `task mutants` runs. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { allMutants } from "./mutants/all.ts";
import { type Mutant, planted } from "./mutants/mutant.ts";
import { shareOf } from "./mutants/share.ts";
import { exists, ROOT } from "./toolchain/folders.ts";

describe("mutants", () => {
  it("each has its place in the source, and tests that must see it", () => {
    const problems: string[] = [];
    for (const mutant of allMutants) {
      try {
        planted(mutant, Deno.readTextFileSync(`${ROOT}/${mutant.file}`));
      } catch (error) {
        problems.push(String(error));
      }
      if (mutant.tests.length === 0) problems.push(`${mutant.name}: no tests`);
      for (const path of mutant.tests) {
        if (!exists(`${ROOT}/${path}`)) problems.push(`${mutant.name}: there is no ${path}`);
      }
    }
    assertEquals(problems, []);
    assert(allMutants.length > 0);
  });

  it("have a name each", () => {
    const names = allMutants.map(({ file, name }) => `${file}: ${name}`);
    assertEquals(names.length, new Set(names).size);
  });

  it("are refused where their place is missing, twice there, or left as it is", () => {
    const mutant: Mutant = { name: "m", file: "f", from: "b", to: "c", tests: [] };
    assertEquals(planted(mutant, "abz"), "acz");
    for (const source of ["a", "bb"]) assertThrows(() => planted(mutant, source), Error, "occurs");
    assertThrows(() => planted({ ...mutant, to: "b" }, "b"), Error, "changes nothing");
  });

  it("are shared out whole, each part spread over all", () => {
    const list = [1, 2, 3, 4, 5];
    assertEquals([shareOf(list, "1/2"), shareOf(list, "2/2")], [[1, 3, 5], [2, 4]]);
    for (const share of ["0/2", "3/2", "1", "1/0"]) assertThrows(() => shareOf(list, share), TypeError, "1/12");
  });
});
