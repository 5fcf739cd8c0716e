/** A target that somebody has open, on a system that does not replace such files: waited for, for a limited time. */
import { describe, it } from "node:test";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { copyFile, openFileWriter, updateFile, WriteError, writeFile, writeFileSync } from "../mod.ts";
import { applyFiles } from "../src/transaction/mod.ts";
import { type MemoryRuntime, memoryRuntime } from "../src/testing/mod.ts";
import { notEmpty } from "./support/tally.ts";

const codes = ["EPERM", "EACCES", "EBUSY"] as const;
const path = "/d/a";

function machine(code: (typeof codes)[number] = "EPERM", mode = 0o644): MemoryRuntime {
  return memoryRuntime({
    files: { [path]: { content: "old", mode }, "/d/source": "new" },
    renameOverOpen: code,
  });
}

/** Another process has the file open, for so many milliseconds or until it is told. */
function hold(runtime: MemoryRuntime, milliseconds?: number): () => void {
  const holder = runtime.fork();
  const file = holder.syncFileSystem.open(path, "read");
  const close = () => file?.close();
  if (milliseconds !== undefined) void holder.clock.sleep(milliseconds).then(close);
  return close;
}

const ways: readonly [name: string, write: (runtime: MemoryRuntime) => Promise<unknown>][] = [
  ["writeFile", (runtime) => writeFile(path, "new", { runtime })],
  ["copyFile", (runtime) => copyFile("/d/source", path, { runtime })],
  ["updateFile", (runtime) => updateFile(path, () => "new", { runtime })],
  ["writeFile with a backup", (runtime) => writeFile(path, "new", { runtime, backup: 1 })],
  ["openFileWriter", async (runtime) => {
    await using writer = await openFileWriter(path, { runtime });
    await writer.write("new");
    return await writer.commit();
  }],
  ["applyFiles", (runtime) => applyFiles({ files: [{ path, data: "new" }, { path: "/d/b", data: "b" }] }, { runtime })],
];

describe("a target that is open elsewhere", () => {
  for (const [name, write] of notEmpty(ways)) {
    it(`${name} replaces it once it is closed, whatever the system reports until then`, async () => {
      for (const code of notEmpty(codes)) {
        const runtime = machine(code);
        const start = runtime.clock.monotonic();
        hold(runtime, 300);
        await write(runtime);
        const waited = runtime.clock.monotonic() - start;
        assertEquals([runtime.readText(path), waited >= 300 && waited < 400], ["new", true]);
      }
    });
  }

  it("fails when it stays so, within the time, and nothing has changed", async () => {
    for (
      const [options, limit] of notEmpty([[{}, 2000], [{ busyTimeout: 120 }, 120], [{ busyTimeout: 0 }, 0]] as const)
    ) {
      for (const code of codes) {
        for (const backup of [0, 1]) {
          const runtime = machine(code);
          const before = runtime.files();
          hold(runtime);
          const start = runtime.clock.monotonic();
          const all = { ...options, backup, runtime };
          const rejected = await assertRejects(
            () => writeFile(path, "new", all),
            WriteError,
            "another program has it open",
          );
          const between = runtime.clock.monotonic();
          const thrown = assertThrows(() => writeFileSync(path, "new", all), WriteError, `${limit} ms`);
          const end = runtime.clock.monotonic();
          for (const error of [rejected, thrown]) {
            assertEquals([error.code, error.step, error.targetState], [code, "rename", "unchanged"]);
          }
          assertEquals([between - start, end - between].map(Math.round), [limit, limit]);
          assertEquals(runtime.files(), before);
        }
      }
    }
  });

  it("in a plan is waited for as its option says; then everything is put back", async () => {
    for (const [busyTimeout, limit] of notEmpty([[undefined, 2000], [120, 120], [0, 0]] as const)) {
      const runtime = machine("EBUSY");
      hold(runtime);
      const start = runtime.clock.monotonic();
      const files = [{ path: "/d/b", data: "b" }, { path, data: "new" }];
      const all = { runtime, ...busyTimeout === undefined ? {} : { busyTimeout } };
      const error = await assertRejects(() => applyFiles({ files }, all), WriteError);
      const waited = Math.round(runtime.clock.monotonic() - start);
      assertEquals([error.code, error.targetState, waited], ["EBUSY", "unchanged", limit]);
      assertEquals([runtime.readText(path), runtime.readText("/d/b")], ["old", undefined]);
    }
  });

  it("in a plan keeps nobody waiting who aborts; then everything is put back", async () => {
    const runtime = machine("EBUSY");
    hold(runtime);
    const abort = new AbortController();
    const reason = new Error("enough");
    const onProgress = ({ step, done }: { step: string; done: number }) => {
      if (step === "rename" && done === 1) void runtime.clock.sleep(100).then(() => abort.abort(reason));
    };
    const start = runtime.clock.monotonic();
    const files = [{ path: "/d/b", data: "b" }, { path, data: "new" }];
    const error = await assertRejects(() => applyFiles({ files }, { runtime, signal: abort.signal, onProgress }));
    assertEquals([error, runtime.clock.monotonic() - start < 200], [reason, true]);
    assertEquals([runtime.readText(path), runtime.readText("/d/b")], ["old", undefined]);
  });

  it("is refused at once where its mode lets nobody write", async () => {
    for (const code of notEmpty(["EPERM", "EACCES"] as const)) {
      const runtime = machine(code, 0o444);
      hold(runtime);
      const start = runtime.clock.monotonic();
      const error = await assertRejects(() => writeFile(path, "new", { runtime }), WriteError);
      assertEquals([error.code, error.targetState, runtime.clock.monotonic() - start], [code, "unchanged", 0]);
    }
  });

  it("is not waited for where the system replaces it", async () => {
    const runtime = memoryRuntime({ files: { [path]: "old" } });
    hold(runtime);
    await writeFile(path, "new", { runtime });
    assertEquals([runtime.capabilities.replacesOpenFiles, runtime.readText(path)], [true, "new"]);
  });

  it("keeps nobody waiting who aborts", async () => {
    const runtime = machine();
    const before = runtime.files();
    hold(runtime);
    const reason = new Error("enough");
    const abort = new AbortController();
    void runtime.clock.sleep(100).then(() => abort.abort(reason));
    const start = runtime.clock.monotonic();
    const error = await assertRejects(() => writeFile(path, "new", { runtime, signal: abort.signal }));
    assertEquals([error, runtime.clock.monotonic() - start < 200, runtime.files()], [reason, true, before]);
  });

  it("is left to a later call that has committed", async () => {
    const runtime = machine();
    const close = hold(runtime);
    const earlier = writeFile(path, "earlier", { runtime });
    await runtime.clock.sleep(100);
    close();
    writeFileSync(path, "later", { runtime });
    assertEquals([(await earlier).superseded, runtime.readText(path)], [true, "later"]);
  });
});
