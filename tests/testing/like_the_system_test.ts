/** The simulated file system answers as the real one does: to this user, and to one without special rights. */
import { assertEquals } from "@std/assert";
import * as fs from "node:fs";
import process from "node:process";
import { describe, it } from "node:test";
import { byEffort } from "../support/effort.ts";
import { asUser } from "../support/other_user.ts";
import { skip } from "../support/skip.ts";
import { spawnScript } from "../support/spawn.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { compareWithSystem } from "./compare_with_system.ts";

const seeds = byEffort({ quick: 5, normal: 20, long: 500 });
const length = 400;

describe("the simulated file system", () => {
  it("answers this user as the real one does", (t) => {
    if (process.platform !== "linux") return skip(t, "the rules are those of Linux");
    return withTemporaryDirectory((directory) => {
      assertEquals(compareWithSystem(directory, seeds, length), seeds * length);
    });
  });

  it("answers a user without special rights as the real one does", (t) =>
    asUser(t, 65534, (as) =>
      withTemporaryDirectory(async (directory) => {
        fs.chownSync(directory, 65534, 65534);
        const args = [directory, String(seeds), String(length)];
        const { code, stdout, stderr } = await spawnScript("tests/testing/scripts/compare_with_system.ts", args, as)
          .status;
        assertEquals([code, stdout, stderr], [0, `${seeds * length}\n`, ""]);
      })));
});
