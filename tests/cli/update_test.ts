/** `atomic-write update FILE -- COMMAND`: old content in, new content out, nothing lost and nothing half done. */
import { assert, assertEquals } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { foreignHold, hasFlockProgram, hasKernelLock, withOthers } from "../lock/support.ts";
import { inodeOf } from "../support/files.ts";
import { skip } from "../support/skip.ts";
import { answer, atomicWrite, modeOf, names, put, send, start, text } from "./command.ts";

const onWindows = process.platform === "win32";
const shell = (line: string) => ["--", "sh", "-c", line];

describe("atomic-write update", () => {
  it("replaces the content with what the program prints", () =>
    withOthers(async (directory) => {
      put(directory, "a", "b\na\n", 0o640);
      const ended = await atomicWrite(directory, ["update", "a", "--", "sort"]);
      assertEquals(ended, { code: 0, signal: null, stdout: "", stderr: "" });
      assertEquals([text(directory, "a"), modeOf(directory, "a"), names(directory)], ["a\nb\n", "640", [
        "a",
        "a.lock",
      ]]);
      const result = await answer(directory, ["update", "--digest", "a", ...shell("cat; echo c")]);
      assertEquals([result["changed"], result["bytesWritten"], text(directory, "a")], [true, 6, "a\nb\nc\n"]);
    }));

  it("a file that is not there is empty input", () =>
    withOthers(async (directory) => {
      await atomicWrite(directory, ["update", "a", ...shell("cat; echo first")]);
      assertEquals(text(directory, "a"), "first\n");
      const missing = await atomicWrite(directory, ["update", "b/c/d", ...shell("echo x")]);
      assertEquals(missing.code, 73);
      assertEquals((await atomicWrite(directory, ["update", "--mkdir", "b/c/d", ...shell("echo x")])).code, 0);
      assertEquals(text(directory, "b/c/d"), "x\n");
    }));

  it("the same content is not written again", () =>
    withOthers(async (directory) => {
      put(directory, "a", "same\n");
      const before = inodeOf(join(directory, "a"));
      assertEquals((await answer(directory, ["update", "a", "--", "cat"]))["changed"], false);
      assertEquals(inodeOf(join(directory, "a")), before);
    }));

  it("a program that fails changes nothing, and its status is the command's", () =>
    withOthers(async (directory) => {
      put(directory, "a", "old");
      const failing: [line: string, code: number | null, signal?: string][] = [
        ["exit 3", 3],
        ["cat; echo half; exit 1", 1],
        ["head -c 3000000 /dev/zero; exit 4", 4],
        ["exec no-such-program 2>/dev/null", 127],
        ...onWindows ? [] : [["echo half; kill -TERM $$", null, "SIGTERM"]] as [string, null, string][],
        ...onWindows ? [] : [["echo half; kill -KILL $$", 137]] as [string, number][],
      ];
      for (const [line, code, signal] of failing) {
        const ended = await atomicWrite(directory, ["update", "a", ...shell(line)]);
        assertEquals([ended.code, ended.signal], [code, signal ?? null], line);
        assert(ended.stderr.startsWith(`atomic-write: Cannot update "${directory}/a": "sh" `), ended.stderr);
        assert(ended.stderr.endsWith("the file is unchanged\n"), ended.stderr);
        assertEquals([text(directory, "a"), names(directory)], ["old", ["a", "a.lock"]], line);
      }
      assertEquals((await atomicWrite(directory, ["update", "a", "--", "no-such-program"])).code, 127);
      assertEquals(text(directory, "a"), "old");
    }));

  it("large content streams through, also when the program does not read it, or reads it late", () =>
    withOthers(async (directory) => {
      const large = "0123456789abcde\n".repeat(400_000);
      put(directory, "a", large);
      assertEquals((await atomicWrite(directory, ["update", "a", ...shell("cat; echo end")])).code, 0);
      assertEquals(text(directory, "a") === `${large}end\n`, true);
      assertEquals((await atomicWrite(directory, ["update", "a", ...shell("head -c 2000000 /dev/zero; cat")])).code, 0);
      assertEquals(fs.statSync(join(directory, "a")).size, 2_000_000 + large.length + 4);
      assertEquals((await atomicWrite(directory, ["update", "a", "--", "head", "-c", "5"])).code, 0);
      assertEquals((await atomicWrite(directory, ["update", "a", ...shell("exec <&-; echo unread")])).code, 0);
      assertEquals(text(directory, "a"), "unread\n");
    }));

  it("many at once lose nothing", () =>
    withOthers(async (directory) => {
      const add = shell("read -r n || n=0; echo $((n + 1))");
      const all = await Promise.all(Array.from({ length: 8 }, () => atomicWrite(directory, ["update", "a", ...add])));
      assertEquals(all.map(({ code }) => code), Array.from({ length: 8 }, () => 0));
      assertEquals(text(directory, "a"), "8\n");
    }));

  it("waits for the lock as `lock` does", (t) =>
    withOthers(async (directory) => {
      if (!hasKernelLock() || !hasFlockProgram()) return skip(t, "needs kernel locks and flock(1)");
      put(directory, "a.lock", "");
      const holder = await foreignHold("flock", join(directory, "a.lock"));
      assertEquals((await atomicWrite(directory, ["update", "-n", "a", ...shell("echo x")])).code, 1);
      assertEquals(
        (await atomicWrite(directory, ["update", "-w", "0.1", "-E", "44", "a", ...shell("echo x")])).code,
        44,
      );
      const waiting = atomicWrite(directory, ["update", "a", ...shell("echo x")]);
      await holder.release();
      assertEquals((await waiting).code, 0);
    }));

  it("a signal ends the program, and nothing is changed", (t) =>
    withOthers(async (directory) => {
      if (onWindows) return skip(t, "Windows has no such signals");
      put(directory, "a", "old");
      for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
        const line = "echo half; echo ready >&2; exec sleep 30";
        const { child, status } = start(directory, ["update", "a", ...shell(line)], { stdin: "pipe" });
        const errors = new Promise<void>((resolve) => child.stderr?.once("data", () => resolve()));
        await errors;
        send(child, signal);
        assertEquals((await status).signal, signal);
        assertEquals([text(directory, "a"), names(directory)], ["old", ["a", "a.lock"]]);
      }
    }));

  it("a program that fails is not waited for any longer because of what it leaves running", (t) =>
    withOthers(async (directory) => {
      if (onWindows) return skip(t, "Windows has no such processes");
      put(directory, "a", "old");
      // It inherits the pipe that the command reads, and is alive when the command has ended.
      const line = "sleep 600 2>/dev/null & echo $! >child; echo half; exit 3";
      assertEquals((await atomicWrite(directory, ["update", "a", ...shell(line)])).code, 3);
      process.kill(Number(text(directory, "child")), "SIGKILL");
      assertEquals([text(directory, "a"), names(directory)], ["old", ["a", "a.lock", "child"]]);
    }));

  it("a program that ends well, but leaves its output open, is not waited for: what is missing may be content", (t) =>
    withOthers(async (directory) => {
      if (onWindows) return skip(t, "Windows has no such processes");
      put(directory, "a", "old");
      const line = "sleep 600 2>/dev/null & echo $! >child; echo new";
      const { code, stderr } = await atomicWrite(directory, ["update", "a", ...shell(line)]);
      process.kill(Number(text(directory, "child")), "SIGKILL");
      assertEquals([code, text(directory, "a")], [65, "old"]);
      assert(stderr.includes(`"sh" has ended, but something that it left running holds its output open`), stderr);
      // What comes late, but does come, is content; what has an output of its own is of no concern.
      const late = "{ sleep 0.7; echo late; } & sleep 600 >/dev/null 2>&1 & echo $! >child; echo new";
      assertEquals((await atomicWrite(directory, ["update", "a", ...shell(late)])).code, 0);
      process.kill(Number(text(directory, "child")), "SIGKILL");
      assertEquals(text(directory, "a"), "new\nlate\n");
    }));
});

describe("atomic-write --lock and --if-match", () => {
  it("write inside the lock", (t) =>
    withOthers(async (directory) => {
      if (!hasKernelLock() || !hasFlockProgram()) return skip(t, "needs kernel locks and flock(1)");
      put(directory, "a", "old");
      put(directory, "a.lock", "");
      const holder = await foreignHold("flock", join(directory, "a.lock"));
      const { child, status } = start(directory, ["--lock", "a"], { stdin: "new" });
      await new Promise((resolve) => setTimeout(resolve, 600));
      assertEquals([text(directory, "a"), child.exitCode], ["old", null]);
      await holder.release();
      assertEquals((await status).code, 0);
      assertEquals(text(directory, "a"), "new");
      assertEquals((await atomicWrite(directory, ["remove", "--lock", "a"])).code, 0);
      assertEquals(names(directory), ["a.lock"]);
    }));

  it("only if the content is still the one that was seen", () =>
    withOthers(async (directory) => {
      const first = await atomicWrite(directory, ["--digest", "a"], { stdin: "one" });
      const digest = first.stdout.trim();
      assertEquals((await atomicWrite(directory, ["--if-match", digest.toUpperCase(), "a"], { stdin: "two" })).code, 0);
      const lost = await atomicWrite(directory, ["--if-match", digest, "a"], { stdin: "three" });
      assertEquals([lost.code, text(directory, "a")], [2, "two"]);
      assert(lost.stderr.includes(digest), lost.stderr);
      assertEquals((await atomicWrite(directory, ["--if-match", "abc", "a"], { stdin: "x" })).code, 64);
      assertEquals((await atomicWrite(directory, ["--if-match", "none", "a"], { stdin: "x" })).code, 2);
      assertEquals((await atomicWrite(directory, ["--if-match=none", "b"], { stdin: "x" })).code, 0);
    }));
});
