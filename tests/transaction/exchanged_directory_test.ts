/** A directory that a plan makes is exchanged for a symlink before any of its calls: what that leads to stays as it is. */
import { assert, assertEquals } from "@std/assert";
import { it } from "node:test";
import { FileError } from "../../src/core/errors.ts";
import { faultRuntime, memoryRuntime } from "../../src/testing/mod.ts";
import { applyFilesSync } from "../../src/transaction/mod.ts";
import { tally } from "../support/tally.ts";

it("a directory of a plan gets its owner and mode, and nothing that is put in its place does", () => {
  const happened = tally("a directory that is made is exchanged", ["exchanged"]);
  for (let number = 0, last = false; !last; number++) {
    const victim = { kind: "directory", mode: 0o700, user: 0 } as const;
    const machine = memoryRuntime({ user: 0, files: { "/home/": { kind: "directory" }, "/victim/": victim } });
    const root = machine.fork({ user: 0 }).syncFileSystem;
    last = true;
    const { runtime } = faultRuntime(machine, {
      at: (_call, index) => {
        if (index !== number) return false;
        last = false;
        if (machine.statusOf("/home/new") === undefined) return false;
        root.rename("/home/new", `/moved${number}`);
        machine.put("/home/new", { symlink: "/victim" });
        happened.count("exchanged");
        return false;
      },
      error: "EIO",
    });
    const directories = [{ path: "/home/new", mode: 0o777, owner: { user: 7, group: 7 } }];
    try {
      applyFilesSync({ directories, files: [{ path: "/home/file", data: "x" }] }, { runtime });
    } catch (error) {
      assert(FileError.is(error), `before call ${number}: ${error}`);
    }
    const { mode, user } = machine.statusOf("/victim") ?? {};
    assertEquals([mode, user], [0o700, 0], `exchanged before call ${number}`);
    assertEquals(machine.openHandles, []);
  }
  happened.enough({ exchanged: 4 });
});
