/** What bears a name of a publication but is another user's, or leads elsewhere: it is not gone back to, nor removed. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { FileError } from "../../src/core/errors.ts";
import { faultRuntime, type MemoryRuntime, memoryRuntime } from "../../src/testing/mod.ts";
import { listGenerationsSync, publishDirectorySync, rollBackDirectorySync } from "../../src/transaction/mod.ts";
import { notEmpty, tally } from "../support/tally.ts";

const mallory = 1001;
const id = "b".repeat(26);

function machineOf(): MemoryRuntime {
  const machine = memoryRuntime({ user: 0, files: { "/victim/page": "theirs", "/victim/deep/page": "theirs" } });
  machine.put("/www", { kind: "directory", mode: 0o777, user: mallory });
  return machine;
}

const publish = (machine: MemoryRuntime, text: string, runtime = machine as Parameters<typeof faultRuntime>[0]) =>
  publishDirectorySync("/www/site", (directory) => machine.put(`${directory}/page`, text), {
    runtime,
    keep: 0,
    grace: 0,
  });

describe("what another user has put beside a published directory", () => {
  it("is not removed: a directory that looks half removed, or like one that was being built", () => {
    for (const kind of ["discarded", "building"]) {
      const machine = machineOf();
      const path = `/www/.site.20200101T000000000Z.${id}.${kind}`;
      machine.put(path, { kind: "directory", user: mallory });
      machine.put(`${path}/deep/page`, { content: "hers", user: mallory });
      publish(machine, "one");
      assertEquals(machine.readText(`${path}/deep/page`), "hers");
    }
  });

  it("is not gone back to, and the error says whose it is", () => {
    const machine = machineOf();
    publish(machine, "one");
    machine.put(`/www/.site.20200101T000000000Z.${id}.generation`, { kind: "directory", user: mallory });
    const error = assertThrows(() => rollBackDirectorySync("/www/site", { runtime: machine }));
    assert(FileError.is(error) && error.message.includes("trust: [1001]"), `${error}`);
    assertEquals(listGenerationsSync("/www/site", { runtime: machine }).length, 1);
    rollBackDirectorySync("/www/site", { runtime: machine, trust: [mallory] });
    assertEquals(listGenerationsSync("/www/site", { runtime: machine, trust: "any" }).map(({ current }) => current), [
      false,
      true,
    ]);
  });

  it("does not do away with what a link of this user's says", () => {
    const machine = machineOf();
    const generation = `.site.20200101T000000000Z.${id}.generation`;
    machine.put(`/www/${generation}`, { kind: "directory", user: mallory });
    machine.put(`/www/.site.20200101T000000000Z.${id}.publication`, { symlink: generation, user: 0 });
    publish(machine, "one");
    assertEquals(machine.statusOf(`/www/${generation}`)?.user, mallory);
  });
});

it("nothing outside is removed when a directory of a tree is exchanged for a symlink before any of the calls", () => {
  const happened = tally("a directory is exchanged while its tree is removed", ["done"]);
  const tree = `/www/.site.20200101T000000000Z.${id}.discarded`;
  for (let number = 0;; number++) {
    const machine = machineOf();
    machine.put(`${tree}/deep/page`, "ours");
    machine.put(`${tree}/page`, "ours");
    let exchanged = false;
    const { runtime } = faultRuntime(machine, {
      at: (_call, index) => {
        if (index !== number) return false;
        exchanged = true;
        const root = machine.fork({ user: 0 }).syncFileSystem;
        for (const [path, text] of [[`${tree}/deep`, "/victim/deep"], [tree, "/victim"]] as const) {
          if (machine.statusOf(path) === undefined) continue;
          root.rename(path, `/www/${path.slice("/www/".length).replaceAll("/", "_")}.moved`);
          machine.put(path, { symlink: text });
          break;
        }
        return false;
      },
      error: "EIO",
    });
    try {
      publish(machine, "new", runtime);
    } catch (error) {
      assert(FileError.is(error), `before call ${number}: ${error}`);
    }
    const left = [machine.readText("/victim/page"), machine.readText("/victim/deep/page")];
    assertEquals(left, notEmpty(["theirs", "theirs"]), `exchanged before call ${number}`);
    assertEquals(machine.openHandles, []);
    if (!exchanged) break;
    happened.count("done");
  }
  happened.enough({ done: 20 });
});
