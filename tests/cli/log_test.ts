/** `log append`, `read` and `checkpoint`: what they print, and how they end. */
import { assert, assertEquals } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { skip } from "../support/skip.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { answer, inShell, names, send, start, until } from "./command.ts";

/** Runs lines of shell; what they print, with the directory's name replaced. */
async function say(directory: string, lines: string): Promise<{ stdout: string[]; stderr: string[] }> {
  const { stdout, stderr } = await inShell(directory, lines);
  const split = (text: string) => text.replaceAll(directory, "DIR").split("\n").slice(0, -1);
  return { stdout: split(stdout), stderr: split(stderr) };
}

describe("log", () => {
  it("appends, reads and checkpoints", async () => {
    await withTemporaryDirectory(async (directory) => {
      const { stdout, stderr } = await say(
        directory,
        `printf 'one\\ntwo\\n\\nfour' | atomic-write log append --lines --mode 600 --mkdir logs/log
        echo five | atomic-write log append logs/log
        atomic-write log read -n logs/log
        atomic-write log read --from 4 logs/log
        atomic-write log read --snapshot logs/log; echo $?
        echo '{"count":4}' | atomic-write log checkpoint --require-json --through 4 --backup 1 logs/log; echo $?
        atomic-write log read -n logs/log
        atomic-write log read --snapshot logs/log
        printf snapshot | atomic-write log checkpoint logs/log; echo $?
        atomic-write log append --allow-empty logs/log < /dev/null
        atomic-write log append --lines --allow-empty logs/log < /dev/null; echo $?`,
      );
      assertEquals([stderr, stdout], [[], [
        ...["1", "2", "3", "4", "5"],
        ...["1\tone", "2\ttwo", "3\t", "4\tfour", "5\tfive", ""],
        ...["four", "five", ""],
        "0",
        "0",
        ...["5\tfive", ""],
        '{"count":4}',
        "0",
        "6",
        "0",
      ]]);
      assertEquals((fs.statSync(join(directory, "logs/log")).mode & 0o777).toString(8), "600");
      assertEquals(fs.readdirSync(join(directory, "logs")).filter((name) => name.endsWith(".bak")).length, 1);
    });
  });

  it("answers machines, also with records that are no text", async () => {
    await withTemporaryDirectory(async (directory) => {
      const path = join(directory, "log");
      const appended = await answer(directory, ["log", "append", "--lines", "log"], { stdin: "a\nb\n" });
      assertEquals(appended, { path, count: 2, first: 1, last: 2, durability: appended["durability"] });
      await answer(directory, ["log", "append", "log"], { stdin: Uint8Array.of(0, 255, 10) });
      assertEquals(await answer(directory, ["log", "read", "--from", "2", "log"]), {
        path,
        records: [{ sequence: 2, text: "b" }, { sequence: 3, base64: "AP8K" }],
      });
      assertEquals(await answer(directory, ["log", "read", "--snapshot", "log"]), { path, snapshot: null });
      const checkpoint = await answer(directory, ["log", "checkpoint", "log"], { stdin: "state" });
      assertEquals([checkpoint["path"], checkpoint["nextSequence"]], [path, 4]);
      assertEquals((await answer(directory, ["log", "read", "--snapshot", "log"]))["snapshot"], { text: "state" });
    });
  });

  it("tells what is wrong, and makes nothing by it", async () => {
    await withTemporaryDirectory(async (directory) => {
      const { stdout, stderr } = await say(
        directory,
        `atomic-write log append log < /dev/null; echo $?
        atomic-write log append --lines log < /dev/null; echo $?
        atomic-write log read log; echo $?
        echo x | atomic-write log checkpoint log; echo $?
        echo x | atomic-write log append no/log; echo $?
        ls -A | grep -v .bin-
        echo x | atomic-write log append -q log
        echo x | atomic-write log checkpoint --through 9 log; echo $?
        echo '{' | atomic-write log checkpoint --require-json log; echo $?
        flock log.lock atomic-write log append -n log < log; echo $?
        echo not a log > other; atomic-write log read other; echo $?
        atomic-write log red log; echo $?
        atomic-write log; echo $?
        atomic-write log read log`,
      );
      assertEquals(stdout, ["65", "65", "66", "66", "73", "64", "65", "1", "65", "64", "64", "x", ""]);
      const at = (start: string) => stderr.filter((line) => line.startsWith(`atomic-write: ${start}`)).length;
      assertEquals(at("hint: did you mean log read?"), 1, stderr.join("\n"));
      assertEquals(at('Cannot append to "DIR/log": standard input is empty (ENODATA); the file is unchanged'), 2);
    });
  });

  it("append --lines tells a record when it is in the log, and what a signal has left out", async (t) => {
    if (process.platform === "win32") return skip(t, "Windows has no such signals");
    await withTemporaryDirectory(async (directory) => {
      const { child, status } = start(directory, ["log", "append", "--lines", "log"], { stdin: "pipe" });
      let told = "";
      child.stdout?.on("data", (chunk) => told += chunk);
      child.stdin?.write("one\ntwo\nthr");
      await until(() => told.includes("2\n"));
      send(child, "SIGTERM");
      const { signal, stderr } = await status;
      const note = "interrupted (SIGTERM): 2 records appended, up to number 2; what came after is not in the log";
      assertEquals([signal, stderr], ["SIGTERM", `atomic-write: ${note}\n`]);
      assertEquals((await say(directory, "atomic-write log read log")).stdout, ["one", "two"]);
      assertEquals(names(directory), ["log", "log.lock"]);
      assert(told.startsWith("1\n2\n"));
    });
  });

  it("read ends like any other program when nobody reads on", async (t) => {
    if (process.platform === "win32") return skip(t, "needs a shell");
    await withTemporaryDirectory(async (directory) => {
      const { stdout, stderr } = await say(
        directory,
        `head -c 3000000 /dev/zero | atomic-write log append -q log
        { atomic-write log read log; echo $? > status; } | head -c 1 | wc -c; cat status`,
      );
      assertEquals([stdout.map((line) => line.trim()), stderr], [["1", "141"], []]);
    });
  });
});
