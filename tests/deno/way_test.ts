/** How long the way of a call is may only become less: scripts/way.ts counts it, docs/design.md tells it. */
import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { filesOf, OPERATIONS, wayOf } from "../../scripts/way.ts";
import { ROOT } from "../../scripts/toolchain/folders.ts";
import { notEmpty } from "../support/tally.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";

/** The table of docs/design.md, by operation. */
function told(): Map<string, [functions: number, files: number]> {
  const page = Deno.readTextFileSync(`${ROOT}/docs/design.md`);
  const table = /^\| [^\n]*\bFunctions\b[^\n]*\bFiles\b[^\n]*\n(?:\|[^\n]*\n)+/m.exec(page)?.[0] ?? "";
  const rows = table.matchAll(/^\| `(\w+)`[^|]*\| +(\d+) +\| +(\d+) +\|$/gm);
  return new Map(Array.from(rows, ([, name = "", functions, files]) => [name, [Number(functions), Number(files)]]));
}

/** A change may add a function or two before anybody counts again. */
const tolerance = 1.05;

test("the way of each operation is hardly longer than docs/design.md says", async () => {
  const rows = told();
  assertEquals([...rows.keys()].sort(), Object.keys(OPERATIONS).sort());
  await withTemporaryDirectory(async (folder) => {
    for (const [operation, [functions, files]] of notEmpty([...rows])) {
      const way = await wayOf(operation, folder);
      assert(way.length > 20, `${operation}: ${way.length} functions were counted, which cannot be all`);
      const counted = `${operation} passes ${way.length} functions in ${filesOf(way)} files: deno task way --list`;
      assert(way.length <= functions * tolerance && filesOf(way) <= files * tolerance, counted);
    }
  });
});
