/** Whether a sleep keeps a process alive, which only a process that has nothing else to do can show. */
import { assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { runtimes, spawnScript } from "../support/spawn.ts";

describe("sleep", () => {
  for (const runtime of runtimes()) {
    it(`keeps ${runtime} alive unless that is disabled`, async () => {
      const outputs = await Promise.all(["alive", "detached"].map(async (how) => {
        const { code, stdout, stderr } = await spawnScript("tests/runtime/scripts/sleep.ts", [how], { runtime }).status;
        assertEquals(code, 0, stderr);
        return stdout.trim();
      }));
      assertEquals(outputs, ["slept", ""]);
    });
  }
});
