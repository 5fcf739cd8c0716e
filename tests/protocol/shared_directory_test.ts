/** One descriptor for a directory, however many calls are in it: shared while the path leads there, closed by the last. */
import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "node:test";
import { updateFile, WriteError, writeFile } from "../../mod.ts";
import { interceptRuntime } from "../../src/testing/faults/intercept.ts";
import { faultRuntime, type MemoryRuntime, memoryRuntime } from "../../src/testing/mod.ts";

const together = <T>(count: number, call: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => call(index)));

/** A runtime that counts how many descriptors of the directory `path` are open at most. */
function counting(machine: MemoryRuntime, path: string) {
  const count = { now: 0, most: 0, opened: 0 };
  const runtime = interceptRuntime(machine, (call, proceed) => {
    if (call.path !== path) return proceed();
    if (call.method === "openDirectory") {
      count.opened++;
      count.most = Math.max(count.most, ++count.now);
    }
    if (call.method === "close") count.now--;
    return proceed();
  });
  return { runtime, count };
}

const directory = { kind: "directory" } as const;

describe("the directory of a file", () => {
  it("has one descriptor, however many writes and updates are in it", async () => {
    for (const delay of ["none", "every"] as const) {
      const machine = memoryRuntime({ delay, files: { "/d": directory } });
      const { runtime, count } = counting(machine, "/d");
      const written = await together(40, (index) => writeFile(`/d/f${index}`, "new", { runtime }));
      assertEquals(new Set(written.map(({ durability }) => durability)), new Set(["full"]));
      await together(40, (index) => updateFile(`/d/f${index}`, () => "newer", { runtime }));
      assertEquals([delay, count.most, count.now], [delay, 1, 0]);
      assertEquals(machine.openHandles, []);
    }
  });

  it("is opened anew once the path leads elsewhere", async () => {
    const machine = memoryRuntime({ delay: "every", files: { "/d": directory, "/e": directory } });
    const { runtime, count } = counting(machine, "/d");
    let isSwapped = false;
    let second: Promise<unknown> | undefined;
    await assertRejects(
      () =>
        writeFile(
          "/d/first",
          (async function* () {
            await Promise.resolve();
            machine.syncFileSystem.rename("/d", "/gone");
            machine.syncFileSystem.rename("/e", "/d");
            isSwapped = true;
            second = writeFile("/d/second", "second", { runtime });
            await second;
            yield "first";
          })(),
          { runtime },
        ),
      WriteError,
      "was moved or replaced",
    );
    await second;
    assertEquals([isSwapped, count.opened, machine.files()["/d/second"]], [true, 2, "second"]);
    assertEquals(machine.openHandles, []);
  });

  it("that cannot be opened by the first is tried by the next", async () => {
    const machine = memoryRuntime({ delay: "every", files: { "/d": directory } });
    let tries = 0;
    const { runtime } = faultRuntime(machine, {
      at: (call) => call.method === "openDirectory" && ++tries === 1,
      error: "EMFILE",
    });
    const results = await Promise.allSettled(
      ["a", "b", "c"].map((name) => writeFile(`/d/${name}`, "new", { runtime })),
    );
    assertEquals(results.map(({ status }) => status), ["rejected", "fulfilled", "fulfilled"]);
    assertEquals(machine.files(), { "/d/b": "new", "/d/c": "new" });
    assertEquals(machine.openHandles, []);
  });

  it("is shared by others when the one that opened it has ended", async () => {
    const machine = memoryRuntime({ delay: "every", files: { "/d": directory } });
    const { runtime, count } = counting(machine, "/d");
    let ended = 0;
    await together(5, async (index) => {
      await writeFile(
        `/d/f${index}`,
        (async function* () {
          while (ended < index) await new Promise((resolve) => setTimeout(resolve));
          yield "new";
        })(),
        { runtime },
      );
      ended++;
    });
    assertEquals([count.opened, count.now], [1, 0]);
  });
});
