/** Figures in pages come from records; a record says what it is of, and is known to be old when its source has changed. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { PAGES, withFigures } from "../../scripts/figures/pages.ts";
import { checkedRecord, type FiguresRecord, isOutdated } from "../../scripts/figures/record.ts";
import { digestOf } from "../../scripts/figures/source.ts";
import { formatted } from "../../scripts/formatted.ts";
import { ROOT } from "../../scripts/toolchain/folders.ts";
import { notEmpty } from "../support/tally.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";

const textOf = (path: string): string => Deno.readTextFileSync(`${ROOT}/${path}`);

describe("a page of figures", () => {
  for (const path of notEmpty(Object.keys(PAGES))) {
    it(`${path} says what its records say`, async () => {
      assertEquals(await formatted(withFigures(path, textOf(path))), textOf(path), "run deno task figures");
    });
  }

  it("is not what it was when a figure in it is another one", async () => {
    const [before = "", ...generated] = textOf("docs/proof.md").split(/(?=<!-- figures:)/);
    const forged = before + generated.join("").replace(/(\| +)(\d+)( \|\n)/, "$17$2$3");
    assert(forged !== textOf("docs/proof.md"));
    assertEquals(await formatted(withFigures("docs/proof.md", forged)), textOf("docs/proof.md"));
  });

  it("has all of its figures, and no others", () => {
    const place = "<!-- figures: crashes -->\n<!-- end -->\n";
    assertThrows(() => withFigures("docs/proof.md", place), Error, 'no place for the figures "faults"');
    assertThrows(
      () => withFigures("docs/proof.md", place.replace("crashes", "luck")),
      Error,
      'nobody makes the figures "luck"',
    );
    assertThrows(() => withFigures("docs/proof.md", place + place), Error, '"crashes", or they are there twice');
  });
});

describe("a record", () => {
  const sourceAt = (root: string) => ({ source: { paths: ["src"], digest: digestOf(["src"], root) } });
  const changes: [what: string, change: (root: string) => void, outdated: boolean][] = [
    ["nothing has changed", () => {}, false],
    ["a file has changed", (root) => Deno.writeTextFileSync(`${root}/src/core/a.ts`, "2"), true],
    ["a file is new", (root) => Deno.writeTextFileSync(`${root}/src/core/b.ts`, ""), true],
    ["a file has another name", (root) => Deno.renameSync(`${root}/src/core/a.ts`, `${root}/src/core/c.ts`), true],
    ["the source is gone", (root) => Deno.removeSync(`${root}/src`, { recursive: true }), true],
    ["only the version is another one", (root) => Deno.writeTextFileSync(`${root}/src/core/version.ts`, "2"), false],
    ["something else has changed", (root) => Deno.writeTextFileSync(`${root}/other.ts`, ""), false],
  ];
  for (const [what, change, expected] of changes) {
    it(`is ${expected ? "" : "not "}older than its source when ${what}`, () =>
      withTemporaryDirectory((root) => {
        Deno.mkdirSync(`${root}/src/core`, { recursive: true });
        for (const name of ["a", "version"]) Deno.writeTextFileSync(`${root}/src/core/${name}.ts`, "1");
        const record = sourceAt(root);
        change(root);
        assertEquals(isOutdated(record, root), expected);
      }));
  }

  it("that does not say what it is of is refused", () => {
    const { commit: _, ...record } = {
      measured: "2026-01-01",
      commit: "",
      command: "",
      system: "",
      processors: 1,
      load: { before: [], after: [] },
      source: { paths: [], digest: "" },
      results: {},
    };
    assertThrows(() => checkedRecord("x", record as unknown as FiguresRecord), Error, "x.json does not say: commit");
  });
});
