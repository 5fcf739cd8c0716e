/** Before any call of a transaction that makes a private file, nothing in its directory is open to others. */
import { assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { faultRuntime, memoryRuntime } from "../../src/testing/mod.ts";
import { applyFilesSync, type PlannedFile } from "../../src/transaction/mod.ts";
import { notEmpty } from "../support/tally.ts";

const wishes: Readonly<Record<string, Partial<PlannedFile>>> = {
  "its mode": { mode: 0o600 },
  "the mode of a new file": { defaults: { mode: 0o600 } },
};

describe("applyFiles makes a private file, whose lock is private from the first instant:", () => {
  for (const [name, wish] of notEmpty(Object.entries(wishes))) {
    for (const lock of [true, { backend: "directory" }, { lockDirectory: "/d" }] as const) {
      it(`${name}, lock ${JSON.stringify(lock)}`, () => {
        const machine = memoryRuntime({
          umask: 0,
          files: { "/d": { kind: "directory" }, "/p": { kind: "directory" } },
        });
        const open = new Set<string>();
        let locks = 0;
        const { runtime } = faultRuntime(machine, {
          at: () => {
            for (const path of Object.keys(machine.files("/d"))) {
              const { mode = 0 } = machine.statusOf(path.replace(/\/$/, "")) ?? {};
              if (/lock/.test(path)) locks++;
              // A token is an empty file, whose name is all there is to it.
              const isToken = !path.endsWith("/") && !path.endsWith(".lock") && machine.readText(path) === "";
              if ((mode & 0o077) !== 0 && /secret/.test(path) && !isToken) open.add(path);
            }
            return false;
          },
          error: "EIO",
        });
        const files = [{ path: "/p/page", data: "page" }, { path: "/d/secret", data: "s", ...wish }];
        applyFilesSync({ files }, { runtime, lock, journal: "/p" });
        assertEquals([...open], []);
        assertEquals(machine.statusOf("/d/secret")?.mode, 0o600);
        assertEquals(locks > 0, true);
        // What is for everybody stays so.
        if (lock === true) assertEquals(machine.statusOf("/p/page.lock")?.mode, 0o666);
      });
    }
  }
});
