/**
 * A target that another process has open. Where the system replaces such a file, that is all; where it does not, the write
 * waits for it, and no longer than it may. How long exactly, tests/busy_target_test.ts says, with a clock of its own.
 */
import { assertEquals, assertRejects } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { WriteError, writeFile, writeFileSync } from "../../mod.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { notEmpty } from "../support/tally.ts";
import { listen, withProcesses } from "./processes.ts";

const writes = 500;
const runtime = currentRuntime();
const { replacesOpenFiles } = runtime.capabilities;

/** This runtime, and how often it has paused. */
function pausing(): { runtime: Runtime; pauses: () => number } {
  let pauses = 0;
  const { clock } = runtime;
  const counted: Runtime["clock"] = {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    sleep: (...given) => (pauses++, clock.sleep(...given)),
    pause: (...given) => (pauses++, clock.pause(...given)),
  };
  return { runtime: { ...runtime, clock: counted }, pauses: () => pauses };
}

describe("a target that another process has open", () => {
  it(`${writes} writes beside a reader all succeed, and it reads nothing torn`, () =>
    withProcesses(async (directory, spawn) => {
      const path = join(directory, "state");
      fs.writeFileSync(path, "content 0\n");
      const reader = spawn("tests/real/scripts/hold_open.ts", [path, "again"], { stdin: "pipe" });
      const heard = listen(reader.child);
      assertEquals(await heard.seen(/^open$/), true);
      for (let index = 1; index <= writes; index++) {
        await writeFile(path, `content ${index}\n`, { durability: "file" });
      }
      reader.child.stdin?.end();
      const { stdout } = await reader.status;
      const { reads, torn } = JSON.parse(stdout.split("\n")[1] ?? "{}");
      assertEquals([reads > 0, torn], [true, 0]);
      assertEquals([fs.readFileSync(path, "utf8"), fs.readdirSync(directory)], [`content ${writes}\n`, ["state"]]);
    }));

  for (const [name, write] of notEmpty([["writeFile", writeFile], ["writeFileSync", writeFileSync]] as const)) {
    it(`${name} replaces it, when it is closed at the latest`, () =>
      withProcesses(async (directory, spawn) => {
        const path = join(directory, "state");
        fs.writeFileSync(path, "old");
        const holder = spawn("tests/real/scripts/hold_open.ts", [path, "300"]);
        assertEquals(await listen(holder.child).seen(/^open$/), true);
        await write(path, "new", { busyTimeout: 60_000 });
        assertEquals(fs.readFileSync(path, "utf8"), "new");
        assertEquals((await holder.status).stdout, "open\nclosed\n");
      }));

    it(`${name} fails where it stays open and cannot be replaced, and nothing has changed`, () =>
      withProcesses(async (directory, spawn) => {
        const path = join(directory, "state");
        fs.writeFileSync(path, "old");
        const holder = spawn("tests/real/scripts/hold_open.ts", [path], { stdin: "pipe" });
        assertEquals(await listen(holder.child).seen(/^open$/), true);
        const watched = pausing();
        const written = async () => void await write(path, "new", { busyTimeout: 200, runtime: watched.runtime });
        if (replacesOpenFiles) await written();
        else {
          const error = await assertRejects(written, WriteError, "200 ms");
          assertEquals([error.step, error.targetState], ["rename", "unchanged"]);
        }
        assertEquals([fs.readFileSync(path, "utf8"), watched.pauses() > 0], [
          replacesOpenFiles ? "new" : "old",
          !replacesOpenFiles,
        ]);
        assertEquals(fs.readdirSync(directory), ["state"]);
        holder.child.stdin?.end();
        await holder.status;
      }));
  }

  it("what cannot be replaced at all is refused without waiting", () =>
    withProcesses(async (directory) => {
      const path = join(directory, "state");
      fs.mkdirSync(path);
      const watched = pausing();
      await assertRejects(() => writeFile(path, "new", { runtime: watched.runtime }), WriteError);
      assertEquals([watched.pauses(), fs.readdirSync(directory), fs.readdirSync(path)], [0, ["state"], []]);
    }));
});
