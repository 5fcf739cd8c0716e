/**
 * A loop that awaits calls which all settle at once lets the timers and the I/O of the program run in between. Counted,
 * not timed: without a turn of the event loop not one of them would run before the last call, however many there are.
 */
import { assert, assertEquals } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { openFileWriter, readTextFile, withLock, writeFile } from "../mod.ts";
import { inTurn } from "../src/core/event_loop.ts";
import { openLog } from "../src/log/mod.ts";
import type { Runtime } from "../src/runtime/runtime.ts";
import { interceptRuntime } from "../src/testing/faults/intercept.ts";
import { memoryRuntime } from "../src/testing/mod.ts";
import { withTmpfs } from "./support/mounts.ts";
import { withTemporaryDirectory } from "./support/temporary_directory.ts";

interface Seen {
  timer: boolean;
  io: boolean;
}

/**
 * Awaits `step` again and again until a timer and an answer of the file system were seen; whether they were. `most` is
 * more than any runtime can do before the loop has been held up for too long.
 */
async function turns(step: (index: number) => Promise<unknown>, most = 20_000): Promise<Seen> {
  const seen: Seen = { timer: false, io: false };
  const timer = setTimeout(() => seen.timer = true, 0);
  const answered = new Promise<void>((resolve) => fs.stat(".", () => resolve(void (seen.io = true))));
  for (let index = 0; index < most && !(seen.timer && seen.io); index++) await step(index);
  const result = { ...seen };
  clearTimeout(timer);
  await answered;
  return result;
}

const both = { timer: true, io: true };

async function* pieces(count: () => boolean): AsyncGenerator<string> {
  while (count()) yield "x";
}

describe("timers and I/O run during a loop of", () => {
  const steps: Readonly<Record<string, (file: string) => (index: number) => Promise<unknown>>> = {
    "writes with durability none": (file) => (index) => writeFile(file, String(index), { durability: "none" }),
    "reads": (file) => () => readTextFile(file),
    // Whether there is anything to read makes no difference here.
    "reads of what is not there": (file) => () => readTextFile(`${file}.none`).catch(() => {}),
    "pairs of taking and giving back a lock": (file) => () => withLock(file, () => {}),
  };
  for (const [name, stepFor] of Object.entries(steps)) {
    it(name, () =>
      withTemporaryDirectory(async (directory) => {
        const file = join(directory, "file");
        fs.writeFileSync(file, "content");
        assertEquals(await turns(stepFor(file)), both);
      }));
  }

  it("durable writes in memory", (t) =>
    withTmpfs(t, { size: 1 << 20 }, async ({ directory }) => {
      const file = join(directory, "file");
      assertEquals(await turns((index) => writeFile(file, String(index))), both);
    }));

  it("records of a log", () =>
    withTemporaryDirectory(async (directory) => {
      const log = await openLog(join(directory, "log"), { durability: "none" });
      try {
        assertEquals(await turns((index) => log.append(String(index))), both);
      } finally {
        await log.close();
      }
    }));

  it("small chunks of a writer", () =>
    withTemporaryDirectory(async (directory) => {
      const writer = await openFileWriter(join(directory, "file"), { durability: "none" });
      try {
        assertEquals(await turns(() => writer.write("x")), both);
      } finally {
        await writer.discard();
      }
    }));

  it("chunks of a source that has all of them", () =>
    withTemporaryDirectory(async (directory) => {
      let left = 1_000_000;
      let timer = false;
      setTimeout(() => timer = true, 0);
      const more = () => left-- > 0 && !timer;
      await writeFile(join(directory, "file"), pieces(more), { durability: "none" });
      assert(timer);
    }));
});

describe("on a simulated machine whose calls all answer at once", () => {
  const loop = (runtime: Runtime, most?: number) => turns((index) => writeFile("/a", String(index), { runtime }), most);

  it("no timer fires during a loop of 500 writes", async () => {
    assertEquals((await loop(memoryRuntime(), 500)).timer, false);
  });

  it("timers and I/O run where calls are made in turn", async () => {
    const runtime = interceptRuntime(memoryRuntime(), (_call, proceed) => inTurn(() => proceed()));
    assertEquals(await loop(runtime), both);
  });
});
