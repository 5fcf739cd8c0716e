/** What a runtime does where the functions of the C library cannot be called: less exactly, and never falsely. */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { test } from "node:test";
import { currentRuntime } from "../../src/runtime/current.ts";
import { withoutForeignCalls } from "../support/without_foreign_calls.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";

withoutForeignCalls();

const millisecond = 1_000_000n;

test("setTimes without foreign calls makes no file older than it was to be, and none younger by more than a runtime keeps", () =>
  withTemporaryDirectory(async (directory) => {
    const { syncFileSystem } = currentRuntime();
    const file = await syncFileSystem.create(join(directory, "file"), 0o600);
    for (const time of [1_714_903_200_123_456_789n, 1_714_903_200_123_456_001n, 1_000n, 0n, -1n, -1_500_000n]) {
      await file.setTimes({ accessed: time, modified: time });
      const { accessed, modified } = await file.times();
      for (const kept of [accessed, modified]) {
        assert(kept >= time && kept < time + 2n * millisecond, `${time} became ${kept}`);
      }
    }
    await file.close();
    assertEquals(currentRuntime().foreignCalls?.(), undefined);
  }));
