/** `ifMatch` from many processes at once: one winner a round, and the others are told what is there instead. */
import { assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { listen } from "../real/processes.ts";
import { byEffort } from "../support/effort.ts";
import { runtimes, spawnScript } from "../support/spawn.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { until, untilHeard } from "./support.ts";

const digestOf = (path: string) => createHash("sha256").update(fs.readFileSync(path)).digest("hex");

it("ifMatch from 8 processes: exactly one winner each round", () =>
  withTemporaryDirectory(async (directory) => {
    const path = join(directory, "state");
    fs.writeFileSync(path, "start");
    const names = runtimes();
    const processes = Array.from({ length: 8 }, (_, index) => {
      const runtime = names[index % names.length];
      const args = [path, `process${index}`];
      const script = spawnScript("tests/lock/scripts/compete.ts", args, { runtime, stdin: "pipe" });
      return { script, heard: listen(script.child) };
    });
    for (const { script, heard } of processes) await untilHeard(script, heard, /^ready/);
    for (let round = 1; round <= byEffort({ quick: 3, normal: 10, long: 100 }); round++) {
      const expected = digestOf(path);
      const linesOf = (text: string) => text.split("\n").slice(1, -1);
      for (const { script } of processes) script.child.stdin?.write(`${expected}\n`);
      await until(() => processes.every(({ heard }) => linesOf(heard.text).length === round), "all have tried");
      const answers = processes.map(({ heard }) => linesOf(heard.text).at(-1) ?? "");
      const won = answers.filter((answer) => answer.startsWith("won "));
      const now = digestOf(path);
      assertEquals(won, [`won ${now}`], answers.join("\n"));
      const lost = answers.filter((answer) => !answer.startsWith("won "));
      assertEquals(lost, lost.map(() => `lost ${expected} ${now}`));
    }
    for (const { script } of processes) {
      script.child.stdin?.end();
      const { code, stderr } = await script.status;
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
    }
  }));
