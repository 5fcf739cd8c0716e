/**
 * What only close tells: a write-back or a quota that fails where nothing was synced. Node and Bun hear of it; Deno swallows
 * it. So a result never claims more than a sync has shown, and where the error is heard nothing is replaced.
 */
import { assertEquals, assertInstanceOf } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { WriteError, writeFile, writeFileSync, type WriteFileSyncOptions, type WriteResult } from "../../mod.ts";
import { currentRuntime } from "../support/spawn.ts";
import { withoutAttributes } from "../support/without_attributes.ts";
import { withForgetful } from "./forgetful.ts";

const ways: [
  name: string,
  write: (path: string, options: WriteFileSyncOptions) => WriteResult | Promise<WriteResult>,
][] = [
  ["writeFile", (path, options) => writeFile(path, "longer", options)],
  ["writeFileSync", (path, options) => writeFileSync(path, "longer", options)],
];

/** What came of a write whose temporary file's close is answered with EIO. */
async function outcomeOf(write: () => WriteResult | Promise<WriteResult>): Promise<WriteResult | WriteError> {
  try {
    return await write();
  } catch (error) {
    assertInstanceOf(error, WriteError);
    return error;
  }
}

describe("a close that fails", () => {
  for (const [name, write] of ways) {
    for (const durability of ["none", "file"] as const) {
      it(`${name} with durability ${durability}: an error before the commit on Node and Bun, and no claim elsewhere`, async (t) => {
        await withForgetful(t, async ({ directory, lose, truth }) => {
          const path = join(directory, "file");
          fs.writeFileSync(path, "old");
          lose("flush", "before");
          // The one close that fails is that of the new file, not that of the old one whose attributes are seen.
          const outcome = await outcomeOf(() => withoutAttributes(() => write(path, { durability })));
          if (currentRuntime !== "deno") {
            assertInstanceOf(outcome, WriteError);
            assertEquals([outcome.code, outcome.step, outcome.targetState], ["EIO", "close", "unchanged"]);
            assertEquals(truth(), { file: 3 });
          } else {
            // It was synced before, or nothing is said of it.
            assertEquals([outcome instanceof WriteError ? outcome : outcome.durability, truth()], [durability, {
              file: 6,
            }]);
          }
        });
      });
    }
  }
});
