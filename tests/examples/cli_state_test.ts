/** The example examples/cli_state.ts keeps its promises: nothing is lost, old states are read, newer ones are left alone. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { migrate, recordRun, recordRunIfUnchanged } from "../../examples/cli_state.ts";
import { textOf } from "../support/files.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";

const stateOf = (path: string): unknown => JSON.parse(textOf(path));

test("recordRun counts every run, from however many terminals", () =>
  withTemporaryDirectory(async (directory) => {
    const path = join(directory, "state.json");
    await Promise.all(Array.from({ length: 10 }, (_, index) => recordRun(path, index % 2 === 0 ? "build" : "test")));
    assertEquals((stateOf(path) as { runs: unknown }).runs, { build: 5, test: 5 });
  }));

test("a state of version 1 is migrated, by either way of writing", () =>
  withTemporaryDirectory(async (directory) => {
    const path = join(directory, "state.json");
    for (
      const record of [() => recordRun(path, "build"), () => recordRunIfUnchanged(path, () => Promise.resolve("build"))]
    ) {
      fs.writeFileSync(path, '{ "builds": 3 }');
      await record();
      assertEquals(stateOf(path), { version: 2, runs: { build: 4 }, lastCommand: "build" });
    }
  }));

test("a newer or unknown state is refused and stays as it is", () =>
  withTemporaryDirectory(async (directory) => {
    const path = join(directory, "state.json");
    for (const text of ['{"version":3,"runs":{},"more":1}', "null", "[]", "{}", "", "{"]) {
      fs.writeFileSync(path, text);
      await assertRejects(() => recordRun(path, "build"));
      await assertRejects(() => recordRunIfUnchanged(path, () => Promise.resolve("build")));
      assertEquals(textOf(path), text);
    }
    assertEquals(migrate(undefined).version, 2);
  }));

test("recordRunIfUnchanged starts over when another process was faster, and loses nothing", () =>
  withTemporaryDirectory(async (directory) => {
    const path = join(directory, "state.json");
    let asked = 0;
    const tries = await recordRunIfUnchanged(path, async () => {
      if (++asked <= 2) await recordRun(path, "quicker");
      return "slow";
    });
    assertEquals([tries, asked], [3, 3]);
    assertEquals((stateOf(path) as { runs: unknown }).runs, { quicker: 2, slow: 1 });
  }));

test("many optimistic writers at once all get through", () =>
  withTemporaryDirectory(async (directory) => {
    const path = join(directory, "state.json");
    const tries = await Promise.all(
      Array.from({ length: 4 }, () => recordRunIfUnchanged(path, () => Promise.resolve("build"))),
    );
    assert(tries.every((count) => count >= 1));
    assertEquals((stateOf(path) as { runs: unknown }).runs, { build: 4 });
  }));
