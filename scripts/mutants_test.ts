/**
 * The list of mutants fits the source and the documents: each has its place, and tests that are there; and every test
 * that a document names has a mutant that it must see by itself. What they show, `task mutants` runs, and a share of it
 * mutants_share_test.ts.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { allMutants } from "./mutants/all.ts";
import { type Mutant, planted } from "./mutants/mutant.ts";
import { partsOf, shareOf } from "./mutants/share.ts";
import { exists, listFiles, ROOT } from "./toolchain/folders.ts";

/** The documents that promise something, and the tests and folders of tests that they name as its proof. */
function testsNamedByDocuments(): string[] {
  const documents = ["README.md", "SECURITY.md", ...listFiles("docs").filter((path) => path.endsWith(".md"))];
  const named = documents.flatMap((path) => {
    const text = Deno.readTextFileSync(`${ROOT}/${path}`);
    const files = [...text.matchAll(/tests\/[\w/]+_test\.ts/g)].map(([test]) => test);
    const links = [...text.matchAll(/\](?:\(|: )(?:\.\.\/)?(tests\/[\w/]+)[)\n]/g)].map(([, folder = ""]) => folder);
    return [...files, ...links];
  });
  return [...new Set(named)].sort();
}

/** Whether that file, or one in that folder, must see a mutant by itself. */
const isShown = (named: string): boolean =>
  allMutants.some(({ tests: [test = "", ...others] }) =>
    others.length === 0 && (test === named || test.startsWith(`${named}/`))
  );

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

  it("break every promise whose proof a document names: that very test must see one", () => {
    const named = testsNamedByDocuments();
    assert(named.length > 20, `the documents name ${named.length} tests only`);
    assertEquals(named.filter((test) => !isShown(test)), []);
    const promised = allMutants.filter(({ promise }) => promise !== undefined);
    const isNamed = (test: string) => named.some((each) => test === each || test.startsWith(`${each}/`));
    assertEquals(promised.filter(({ tests }) => tests.length !== 1 || !tests.every(isNamed)), []);
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

  it("that take little time come in parts, none too long, each in one", () => {
    const seconds: Record<string, number> = { a: 3, b: 4, c: 9, d: 2, e: 5 };
    const mutants = ["a", "b", "c", "new", "d", "e"].map((name): Mutant => ({
      name,
      file: "",
      from: "",
      to: "",
      tests: [],
    }));
    const parts = partsOf(mutants, ({ name }) => seconds[name], { each: 5, together: 8 });
    assertEquals(parts.map((part) => part.map(({ name }) => name)), [["a", "b"], ["d", "e"]]);
  });
});
