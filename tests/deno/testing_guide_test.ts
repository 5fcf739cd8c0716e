/** What docs/testing.md tells a newcomer to type, typed: the save that loses data is caught, the mended one passes. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import { execute } from "../../scripts/process.ts";
import { guideFile, guideSteps } from "../../scripts/guide_files.ts";
import { ROOT } from "../../scripts/toolchain/folders.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";

test("docs/testing.md: its example for Deno catches the save that loses data, and passes the mended one", () =>
  withTemporaryDirectory(async (directory) => {
    const map = JSON.parse(guideFile("simulated.json"));
    map.imports["@durable/atomic-write/testing"] = `${ROOT}/src/testing/mod.ts`;
    Deno.writeTextFileSync(`${directory}/simulated.json`, JSON.stringify(map));
    Deno.writeTextFileSync(
      `${directory}/simulated_fs.js`,
      guideFile("simulated_fs.js").replace("{ read", "{ open, read"),
    );
    Deno.writeTextFileSync(`${directory}/notes_test.js`, guideFile("notes_test.js"));
    const args = ["test", "--no-check", "--no-config", "--import-map=simulated.json", "notes_test.js"];
    for (const { text, says } of guideSteps()) {
      Deno.writeTextFileSync(`${directory}/notes.js`, text);
      const { code, output } = await execute(Deno.execPath(), args, { directory, environment: { NO_COLOR: "1" } });
      assertStringIncludes(output, says);
      assert((code === 0) === (says === "1 passed"), output);
    }
  }));

/** The further programs of the guide, and what each says. */
const programs: readonly (readonly [file: string, fails: boolean, says: RegExp])[] = [
  ["notes_faults.js", true, /left its temporary file behind/],
  ["notes_orders.js", true, /an addition was lost/],
  ["updates_orders.js", false, /^$/],
  ["real_disk.js", false, /write 3\n[^]*sync\n[^]*rename [^]*\nENOSPC unchanged 1\n/],
];

for (const [file, fails, says] of programs) {
  test(`docs/testing.md: ${file} says what the guide says`, () =>
    withTemporaryDirectory(async (directory) => {
      const map = JSON.parse(guideFile("simulated.json"));
      map.imports["@durable/atomic-write/testing"] = `${ROOT}/src/testing/mod.ts`;
      map.imports["@durable/atomic-write"] = `${ROOT}/mod.ts`;
      if (file === "real_disk.js") delete map.imports["node:fs/promises"];
      Deno.writeTextFileSync(`${directory}/simulated.json`, JSON.stringify(map));
      for (const name of ["simulated_fs.js", "notes.js", file]) {
        Deno.writeTextFileSync(`${directory}/${name}`, guideFile(name));
      }
      const args = ["run", "-A", "--no-check", "--no-config", "--import-map=simulated.json", file];
      const { code, output } = await execute(Deno.execPath(), args, { directory, environment: { NO_COLOR: "1" } });
      assertMatch(output, says);
      assertEquals(code !== 0, fails, output);
    }));
}
