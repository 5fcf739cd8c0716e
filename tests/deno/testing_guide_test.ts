/** What docs/testing.md tells a newcomer to type, typed: the save that loses data is caught, the mended one passes. */
import { assert, assertStringIncludes } from "@std/assert";
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
