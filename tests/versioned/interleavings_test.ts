/** What two programs do to one versioned file at the very moments that the protocol is about; schedules_test.ts has all others. */
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { makeEngine } from "../../src/protocol/engine.ts";
import { trailerBytes } from "../../src/protocol/versions/trailer.ts";
import { type MemoryRuntime, memoryRuntime, type NetworkOptions } from "../../src/testing/mod.ts";
import { sweepSync } from "../../mod.ts";
import { updateVersionedTextSync } from "../../src/versioned/mod.ts";
import { append, leftovers, machineWith, newest, path } from "./support.ts";

const encoder = new TextEncoder();
const places = [["with hard links", {}], ["without hard links", { hardLinks: false }]] as const;

/** What others do once, right after this process has made a call of that kind. */
function after(machine: MemoryRuntime, matches: (method: string, to: string) => boolean, others: () => void) {
  let isDone = false;
  const real = machine.syncFileSystem;
  const syncFileSystem = new Proxy(real, {
    get(target, method) {
      const value: unknown = Reflect.get(target, method, target);
      if (typeof value !== "function") return value;
      return (...given: unknown[]) => {
        const answer: unknown = value.apply(target, given);
        const to = given.findLast((each) => String(each).startsWith("/"));
        if (!isDone && matches(String(method), String(to))) {
          isDone = true;
          others();
        }
        return answer;
      };
    },
  });
  const runtime = Object.create(machine, { syncFileSystem: { value: syncFileSystem } }) as MemoryRuntime;
  return { runtime, isDone: () => isDone };
}

/** What somebody has staged as version 3, from a version 2 with this token; its name. */
function stageThird(machine: MemoryRuntime, base: string): string {
  const content = encoder.encode("12?");
  const trailer = { number: 3, size: content.length, base, token: "s".repeat(26), state: "whole" } as const;
  const stage = `/d/..a.v3.${"s".repeat(26)}.f.tmp`;
  machine.put(stage, new Uint8Array([...content, ...trailerBytes(makeEngine(machine, true), content, trailer)]));
  return stage;
}

const tokenOf = (version: string | undefined): string => version?.split(" ").at(-3) ?? "";

const names = (machine: MemoryRuntime) => Object.keys(machine.files("/d"));

describe("a process that cleans old versions away", () => {
  it("does not prove a version that was linked after the one before it had gone", () => {
    const machine = machineWith();
    // The first is cleared, so that the second is what a cleaner begins with.
    for (const letter of "12345") append(machine, letter, { keep: letter === "5" ? 4 : 5 });
    const stage = stageThird(machine, tokenOf(machine.readText("/d/.a.v2")));
    const { runtime, isDone } = after(machine, (method, to) => method === "open" && to === "/d/.a.v2", () => {
      append(machine.fork(), "c", { keep: 1 });
      machine.syncFileSystem.link(stage, "/d/.a.v3");
    });
    append(runtime, "m", { keep: 1 });
    assert(isDone());
    assert(names(machine).includes(stage), "its maker would take it for the third version, and there was one");
    assertEquals(newest(machine), { version: 7, content: "12345mc" });
  });

  it("does not prove a version because a later one is there that was not made from it", () => {
    const machine = machineWith();
    for (const letter of "12345") append(machine, letter, { keep: 5 });
    const stage = stageThird(machine, tokenOf(machine.readText("/d/.a.v2")));
    // Whoever cleans away from the oldest upwards has come so far.
    for (const number of [2, 3]) machine.syncFileSystem.remove(`/d/.a.v${number}`);
    machine.syncFileSystem.link(stage, "/d/.a.v3");
    append(machine, "m", { keep: 1 });
    assert(names(machine).includes(stage), "its maker would take it for the third version, and there was one");
    assertEquals(newest(machine), { version: 6, content: "12345m" });
  });

  it("does not prove a version that was made from another one than is there", () => {
    const machine = machineWith();
    for (const letter of "12345") append(machine, letter, { keep: 5 });
    const stage = stageThird(machine, "o".repeat(26));
    // What a power cut has brought back, and what it has not.
    machine.syncFileSystem.remove("/d/.a.v3");
    machine.syncFileSystem.link(stage, "/d/.a.v3");
    append(machine, "m", { keep: 1 });
    assert(names(machine).includes(stage));
    assertEquals(newest(machine), { version: 6, content: "12345m" });
  });
});

for (const [where, disk] of places) {
  describe(`a change of a versioned file, ${where}`, () => {
    it("that starts from an old listing is made again: its number was used and cleaned away", () => {
      const machine = machineWith({ disk }, 2);
      let isFirst = true;
      const result = updateVersionedTextSync(path, (text = "") => {
        for (const letter of isFirst ? "abcd" : "") append(machine.fork(), letter, { keep: 1 });
        isFirst = false;
        return `${text}!`;
      }, { runtime: machine });
      assertEquals([result.version, newest(machine)], [7, { version: 7, content: "12abcd!" }]);
      assertEquals(leftovers(machine), []);
    });

    it("that was the first of all is made again: the first number stays taken", () => {
      const machine = machineWith({ disk });
      let isFirst = true;
      updateVersionedTextSync(path, (text = "") => {
        for (const letter of isFirst ? "abcd" : "") append(machine.fork(), letter, { keep: 1 });
        isFirst = false;
        return `${text}!`;
      }, { runtime: machine });
      assertEquals(newest(machine), { version: 5, content: "abcd!" });
    });

    it("that has its number, and is overtaken and cleaned away before it has looked back, is made once", () => {
      const machine = machineWith({ disk }, 2);
      const { runtime, isDone } = after(
        machine,
        (method, to) => (method === "link" || method === "rename") && to === "/d/.a.v3",
        () => {
          for (const letter of "abcd") append(machine.fork(), letter, { keep: 1 });
        },
      );
      const change = append(runtime, "!");
      assert(isDone());
      assertEquals([change.version, newest(machine)], [3, { version: 7, content: "12!abcd" }]);
      assertEquals(leftovers(machine), []);
      assert(!names(machine).some((name) => name.startsWith("/d/.a.v3")), "the version was cleaned away");
    });

    it("that has its number, and loses the version that it was made from before it has looked back, is made once", () => {
      const machine = machineWith({ disk }, 2);
      const { runtime, isDone } = after(
        machine,
        (method, to) => (method === "link" || method === "rename") && to === "/d/.a.v3",
        () => void append(machine.fork(), "a", { keep: 2 }),
      );
      const change = append(runtime, "!");
      assert(isDone());
      assert(!names(machine).some((name) => name.startsWith("/d/.a.v2")), "the version before was cleaned away");
      assertEquals([change.version, newest(machine)], [3, { version: 4, content: "12!a" }]);
      assertEquals(leftovers(machine), []);
    });

    it("that is overtaken before it has looked back says that the file shows it only if it does", () => {
      const machine = machineWith({ disk }, 2);
      const { runtime, isDone } = after(
        machine,
        (method, to) => (method === "link" || method === "rename") && to === "/d/.a.v3",
        // Its maker is killed before it comes to the file itself, as far as anybody can tell.
        () => void append(machine.fork(), "a", { refresh: false }),
      );
      const result = updateVersionedTextSync(path, (text = "") => `${text}!`, { runtime });
      assert(isDone());
      assertEquals([result.version, result.shown, machine.readText(path)], [3, true, "12!a"]);
    });

    it("that is overtaken when it has just replaced the file shows what is newest then", () => {
      const machine = machineWith({ disk }, 2);
      const { runtime, isDone } = after(
        machine,
        (method, to) => method === "rename" && to === path,
        () => void append(machine.fork(), "a", { refresh: false }),
      );
      append(runtime, "!");
      assert(isDone());
      assertEquals(machine.readText(path), "12!a");
    });

    it("whose maker was killed before it has looked back stays, and those before it are cleaned away", () => {
      const machine = machineWith({ disk }, 2);
      const writer = machine.fork();
      const { runtime } = after(
        writer,
        (method, to) => (method === "link" || method === "rename") && to === "/d/.a.v3",
        () => writer.kill(),
      );
      try {
        append(runtime, "!");
      } catch {
        // It is dead.
      }
      assertEquals(newest(machine).content, "12!");
      for (const letter of "abcd") append(machine, letter, { keep: 1 });
      assertEquals(newest(machine), { version: 7, content: "12!abcd" });
      assertEquals(leftovers(machine), []);
      assertEquals(names(machine).filter((name) => name.includes(".v")).length, 2);
    });

    it("whose maker was killed leaves nothing that sweep does not remove", () => {
      for (const stop of ["create", "link", "rename"]) {
        const machine = machineWith({ disk }, 2);
        const writer = machine.fork();
        const { runtime } = after(writer, (method, to) => method === stop && /v3|tmp/.test(to), () => writer.kill());
        try {
          append(runtime, "!");
        } catch {
          // It is dead, unless it has not made such a call.
        }
        machine.clock.advance(120_000);
        const content = newest(machine).content;
        sweepSync("/d", { runtime: machine });
        assertEquals([leftovers(machine), newest(machine).content], [[], content], stop);
        append(machine, "a", { keep: 1 });
        assertEquals(newest(machine).content, `${content}a`);
      }
    });

    it("that started from an old listing is not proven by a sweep", () => {
      const machine = machineWith({ disk: {} }, 2);
      const writer = machine.fork();
      const { runtime } = after(writer, (method, to) => method === "link" && to === "/d/.a.v3", () => writer.kill());
      let isFirst = true;
      try {
        updateVersionedTextSync(path, (text = "") => {
          for (const letter of isFirst ? "abcd" : "") append(machine.fork(), letter, { keep: 1 });
          isFirst = false;
          return `${text}!`;
        }, { runtime });
      } catch {
        // It is dead.
      }
      machine.clock.advance(120_000);
      const { removed, kept } = sweepSync("/d", { runtime: machine, olderThan: 60_000 });
      assertEquals([removed, kept.map(({ reason }) => reason)], [[], ["unproven"]]);
      append(machine, "e", { keep: 1 });
      assertEquals(newest(machine), { version: 7, content: "12abcde" });
    });

    for (const lost of ["link", "rename", "remove"] as const) {
      it(`is made once if every reply to ${lost} is lost`, () => {
        const network: NetworkOptions = { lostReplies: [lost] };
        const machine = memoryRuntime({ disk, network, files: { "/d/": { kind: "directory" } } });
        for (const letter of "123456") append(machine.fork(), letter, { keep: 2, retries: 3 });
        assertEquals(newest(machine.fork()), { version: 6, content: "123456" });
      });
    }
  });
}
