/** Writes of which only the newest counts: the others give way, and are told so when it is safe. */
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { FileError, writeFile, type WriteFileOptions, writeFileSync, writeJsonFile, type WriteResult } from "../mod.ts";
import { faultRuntime, memoryRuntime, traceRuntime } from "../src/testing/mod.ts";
import { commitTurnsInUse } from "./support/commit_turns.ts";

const none = { undecided: 0, targets: 0, idle: 0 };
const files = { "/d/a": "old", "/d/b": "old" };
const machineOf = () => memoryRuntime({ files, delay: "every" });
type Machine = ReturnType<typeof machineOf>;

/** Coalescing writes of these texts, called at once. */
const writes = (machine: Machine, texts: readonly string[], more: WriteFileOptions = {}): Promise<WriteResult>[] =>
  texts.map((text) => writeFile("/d/a", text, { runtime: machine, coalesce: true, ...more }));

/** How a call ended, in a word or two. */
const endOf = (call: Promise<WriteResult>): Promise<string> =>
  call.then(
    ({ superseded, changed, durability }) =>
      `${superseded ? "superseded" : changed ? "written" : "equal"} ${durability}`,
    (error) => FileError.is(error) ? `${error.code} ${error.targetState}` : String(error),
  );
const endsOf = (calls: readonly Promise<WriteResult>[]): Promise<string[]> => Promise.all(calls.map(endOf));

/** So that the first of several calls is under way. */
const soon = () => new Promise((resolve) => setTimeout(resolve));

describe("coalesce", () => {
  it("of 100 calls writes the first and the last, and the others resolve as superseded", async () => {
    const machine = machineOf();
    const { runtime, trace } = traceRuntime(machine);
    const texts = Array.from({ length: 100 }, (_, index) => String(index));
    const ends = await endsOf(texts.map((text) => writeFile("/d/a", text, { runtime, coalesce: true })));
    assertEquals([...new Set(ends.slice(1, -1))], ["superseded full"]);
    assertEquals([ends[0], ends[99], machine.readText("/d/a")], ["written full", "written full", "99"]);
    assertEquals(trace.filter((line) => line.includes("rename")).length, 2);
    assertEquals([machine.openHandles, commitTurnsInUse()], [[], none]);
  });

  it("resolves a superseded call only when newer content is there", async () => {
    const machine = machineOf();
    const [, second] = writes(machine, ["1", "2", "3"]);
    await second;
    assertEquals(machine.readText("/d/a"), "3");
  });

  it("writes again what is called after all have ended", async () => {
    const machine = machineOf();
    await Promise.all(writes(machine, ["1", "2"]));
    assertEquals(await endsOf(writes(machine, ["3"])), ["written full"]);
    assertEquals(machine.readText("/d/a"), "3");
  });

  it("keeps files apart", async () => {
    const machine = machineOf();
    const options = { runtime: machine, coalesce: true };
    const calls = ["/d/a", "/d/b"].map((path) => writeFile(path, path, options));
    assertEquals(await endsOf(calls), ["written full", "written full"]);
  });

  it("goes on after the first has failed", async () => {
    const machine = machineOf();
    const { runtime } = faultRuntime(machine, { at: ({ method }) => method === "create", error: "ENOSPC" });
    const calls = ["1", "2", "3"].map((text) => writeFile("/d/a", text, { runtime, coalesce: true }));
    assertEquals(await endsOf(calls), ["ENOSPC unchanged", "superseded full", "written full"]);
  });

  it("rejects those that the newest stood for with its error", async () => {
    const machine = machineOf();
    let creates = 0;
    const at = ({ method }: { method: string }) => method === "create" && ++creates === 2;
    const { runtime } = faultRuntime(machine, { at, error: "ENOSPC" });
    const calls = ["1", "2", "3"].map((text) => writeFile("/d/a", text, { runtime, coalesce: true }));
    assertEquals(await endsOf(calls), ["written full", "ENOSPC unchanged", "ENOSPC unchanged"]);
    assertEquals([machine.readText("/d/a"), commitTurnsInUse()], ["1", none]);
    assertEquals(await endsOf(writes(machine, ["4"])), ["written full"]);
  });

  it("lets calls collapse only with those that ask for the same", async () => {
    const machine = machineOf();
    const calls = [
      ...writes(machine, ["1", "2", "3"]),
      ...writes(machine, ["4", "5"], { mode: 0o600 }),
      ...writes(machine, ["6"], { durability: "none" }),
    ];
    assertEquals(await endsOf(calls), [
      ...["written full", "superseded full", "written full"],
      ...["superseded full", "written full", "written none"],
    ]);
    assertEquals(machine.statusOf("/d/a")?.mode, 0o600);
  });

  const own: readonly (readonly [what: string, options: WriteFileOptions])[] = [
    ["a backup", { backup: 5 }],
    ["a lock", { lock: true }],
  ];
  for (const [what, options] of own) {
    it(`writes call by call where there is ${what}`, async () => {
      const machine = machineOf();
      const { runtime, trace } = traceRuntime(machine);
      await Promise.all(
        ["1", "2", "3"].map((text) => writeFile("/d/a", text, { runtime, coalesce: true, ...options })),
      );
      assertEquals(trace.filter((line) => /create .*\.tmp/.test(line)).length, 3, trace.join("\n"));
    });
  }

  it('is of no effect on creating: with ifExists: "fail" one call succeeds', async () => {
    const machine = memoryRuntime({ files: { "/d/": { kind: "directory" } }, delay: "every" });
    const ends = await endsOf(writes(machine, ["1", "2", "3"], { ifExists: "fail" }));
    assertEquals(ends.filter((end) => end === "EEXIST unchanged").length, 2);
  });

  const stop = new Error("stopped");
  for (const given of ["the newest", "another"] as const) {
    it(`leaves out ${given} that waits when its signal is aborted`, async () => {
      const machine = machineOf();
      const abort = new AbortController();
      const texts = ["1", "2", "3"];
      const aborted = given === "the newest" ? 2 : 1;
      const calls = texts.map((text, index) => {
        const signal = index === aborted ? { signal: abort.signal } : {};
        return writeFile("/d/a", text, { runtime: machine, coalesce: true, ...signal });
      });
      abort.abort(stop);
      const ends = await endsOf(calls);
      assertEquals(ends[aborted], String(stop));
      assertEquals([ends[0], ends[3 - aborted]], ["written full", "written full"]);
      assertEquals([machine.readText("/d/a"), commitTurnsInUse()], [texts[3 - aborted], none]);
    });
  }

  it("writes the one before when the newest is given up in the middle", async () => {
    const machine = machineOf();
    const abort = new AbortController();
    let creates = 0;
    const at = ({ method }: { method: string }) => {
      if (method === "create" && ++creates === 2) abort.abort(stop);
      return false;
    };
    const { runtime } = faultRuntime(machine, { at, error: "EIO" });
    const options = { runtime, coalesce: true };
    const calls = [
      ...["1", "2"].map((text) => writeFile("/d/a", text, options)),
      writeFile("/d/a", "3", { ...options, signal: abort.signal }),
    ];
    assertEquals(await endsOf(calls), ["written full", "written full", String(stop)]);
    assertEquals([machine.readText("/d/a"), commitTurnsInUse()], ["2", none]);
  });

  it("with a signal that is aborted already writes nothing", async () => {
    const machine = machineOf();
    assertEquals(await endsOf(writes(machine, ["1"], { signal: AbortSignal.abort(stop) })), [String(stop)]);
    assertEquals([machine.readText("/d/a"), commitTurnsInUse()], ["old", none]);
  });

  it("gives way to a later write without it, and no earlier one to what waits", async () => {
    const machine = machineOf();
    const waiting = writes(machine, ["1", "2"]);
    const plain = writeFile("/d/a", "plain", { runtime: machine });
    assertEquals((await endsOf([...waiting, plain])).slice(1), ["superseded full", "written full"]);
    assertEquals(machine.readText("/d/a"), "plain");
    const [first, last] = [writeFile("/d/a", "plain", { runtime: machine }), ...writes(machine, ["newest"])];
    await endsOf([first as Promise<WriteResult>, last as Promise<WriteResult>]);
    assertEquals(machine.readText("/d/a"), "newest");
  });

  it("joins what is under way, however late", async () => {
    const machine = machineOf();
    const calls = writes(machine, ["1"]);
    await soon();
    calls.push(...writes(machine, ["2"]));
    await soon();
    calls.push(...writes(machine, ["3"]));
    const ends = await endsOf(calls);
    assertEquals(ends[2], "written full");
    assertEquals(machine.readText("/d/a"), "3");
  });

  it("is the same for writeJsonFile", async () => {
    const machine = machineOf();
    const calls = [1, 2, 3].map((value) => writeJsonFile("/d/a", value, { runtime: machine, coalesce: true }));
    assertEquals(await endsOf(calls), ["written full", "superseded full", "written full"]);
    assertEquals(machine.readText("/d/a"), "3\n");
  });

  it("cannot be given to a synchronous call", () => {
    let message = "";
    try {
      writeFileSync("/d/a", "", { runtime: memoryRuntime(), coalesce: true } as never);
    } catch (error) {
      message = String(error);
    }
    assert(message.startsWith("TypeError: coalesce is for asynchronous calls"), message);
  });
});
