/**
 * Backups that are not this user's: those of the file's owner count, those of others are neither listed nor restored nor
 * removed. In a sticky directory everybody may add names, and only that.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { FileError, listBackupsSync, restoreBackupSync, writeFileSync } from "../mod.ts";
import { type MemoryRuntime, memoryRuntime } from "../src/testing/mod.ts";
import { applyFilesSync } from "../src/transaction/mod.ts";

const mallory = 1001;

/** A directory like /tmp, with a file of `owner`'s, and backups that mallory has planted for the time to come. */
function planted(owner: number): MemoryRuntime {
  const machine = memoryRuntime({ user: 0, files: { "/tmp/conf": { content: "now", user: owner } } });
  machine.put("/tmp", { kind: "directory", mode: 0o1777, user: 0 });
  for (const day of [1, 2, 3]) {
    const name = `/tmp/.conf.9998010${day}T000000000Z.bak`;
    machine.put(name, { content: `evil ${day}`, user: mallory, group: mallory });
  }
  return machine;
}

const backups = (machine: MemoryRuntime, path = "/tmp/conf") =>
  listBackupsSync(path, { runtime: machine }).map(({ path }) => machine.readText(path));

describe("backups that somebody else has planted in a sticky directory", () => {
  it("are not listed, and crowd out none of one's own", () => {
    const machine = planted(0);
    const year = new Date(machine.clock.now()).getUTCFullYear();
    for (const text of ["1", "2", "3"]) {
      const { backup = "" } = writeFileSync("/tmp/conf", text, { runtime: machine, backup: 2 });
      // Nor do their times make this user's later than they are.
      assert(backup.startsWith(`/tmp/.conf.${year}`), backup);
    }
    assertEquals(backups(machine), ["2", "1"]);
    for (const data of ["4", "5", "6"]) {
      const plan = { files: [{ path: "/tmp/conf", data }], backup: 2 };
      const { backup = "" } = applyFilesSync(plan, { runtime: machine }).files[0] ?? {};
      assert(backup.startsWith(`/tmp/.conf.${year}`), backup);
    }
    assertEquals(backups(machine), ["5", "4"]);
    // Nor are they removed: they are hers.
    assertEquals(machine.readText("/tmp/.conf.99980103T000000000Z.bak"), "evil 3");
  });

  it("are not restored; the error says whose there are, and what helps", () => {
    for (const which of [undefined, ".conf.99980103T000000000Z.bak"]) {
      const machine = planted(0);
      const error = assertThrows(() => restoreBackupSync("/tmp/conf", which, { runtime: machine }));
      assert(FileError.is(error) && error.code === "ENOENT" && error.message.includes("trust: [1001]"), `${error}`);
      assertEquals(machine.readText("/tmp/conf"), "now");
      restoreBackupSync("/tmp/conf", which, { runtime: machine, trust: [mallory] });
      assertEquals(machine.readText("/tmp/conf"), "evil 3");
    }
  });

  it("count for a file of the same user's: the owner of a file decides its content", () => {
    const machine = planted(mallory);
    assertEquals(backups(machine), ["evil 3", "evil 2", "evil 1"]);
  });
});

it("root restores what it has kept of another user's file", () => {
  const machine = memoryRuntime({ user: 0, files: { "/home/alice/f": { content: "old", user: 1002, group: 1002 } } });
  machine.put("/home/alice", { kind: "directory", user: 1002 });
  writeFileSync("/home/alice/f", "new", { runtime: machine, backup: 1 });
  restoreBackupSync("/home/alice/f", undefined, { runtime: machine });
  const { user } = machine.statusOf("/home/alice/f") ?? {};
  assertEquals([machine.readText("/home/alice/f"), user], ["old", 1002]);
});
