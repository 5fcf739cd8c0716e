/** `log append`, `read` and `checkpoint`: what they print, and how they end. */
import { assert, assertEquals } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { withTmpfs } from "../support/mounts.ts";
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

  it("append says how much was appended before the disk was full", (t) =>
    withTmpfs(t, { size: 256 * 1024 }, async ({ directory }) => {
      const line = "x".repeat(99);
      const lines = `yes ${line} | head -n 5000 | atomic-write log append --lines -q log; echo "status $?"`;
      const { stdout, stderr } = await inShell(directory, lines);
      const { records } = await answer(directory, ["log", "read", "log"]) as { records: { sequence: number }[] };
      const last = records.at(-1)?.sequence ?? 0;
      assert(last > 0 && last < 5000, `${last} records`);
      const told = `, after record number ${last} (ENOSPC); what was appended before is in the log\n`;
      assertEquals([stdout.includes("status 74"), stderr.endsWith(told)], [true, true], stderr);
    }));

  it("append says that the numbers of what it has appended cannot be printed", async (t) => {
    if (!fs.existsSync("/dev/full")) return skip(t, "needs /dev/full");
    await withTemporaryDirectory(async (directory) => {
      for (const option of ["--lines", "--json", ""]) {
        const { code, stderr } = await inShell(directory, `echo a | atomic-write log append ${option} log > /dev/full`);
        const line = "atomic-write: The command was carried out, but its result cannot be printed (ENOSPC)\n";
        assertEquals({ code, stderr }, { code: 74, stderr: line }, option);
      }
      const lines = "{ sleep 1; printf 'b\\nc\\n' | atomic-write log append --lines log; echo $? > status; } | true";
      assertEquals((await say(directory, lines)).stderr, []);
      assertEquals((await say(directory, "cat status; atomic-write log read log")).stdout, [
        "0",
        "a",
        "a",
        "",
        "a",
        "",
        "b",
        "c",
      ]);
    });
  });
});
