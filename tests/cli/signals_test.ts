/** Signals at every stage: the file is as it was or as it should be, nothing is left, and the end tells which. */
import { assert, assertEquals } from "@std/assert";
import process from "node:process";
import { describe, it } from "node:test";
import { byEffort } from "../support/effort.ts";
import { cannotUnshare, unshare } from "../support/namespaces.ts";
import { skip } from "../support/skip.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { inShell, names, put, send, start, text, until, untilListening } from "./command.ts";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const onWindows = process.platform === "win32";
const temporaries = (directory: string) => names(directory).filter((name) => name.endsWith(".tmp"));
const large = new Uint8Array(2_000_000);

describe("a signal in the middle of a write", () => {
  for (const signal of signals) {
    it(`${signal} leaves the file and nothing else, and ends the command`, async (t) => {
      if (onWindows) return skip(t, "Windows has no such signals");
      await withTemporaryDirectory(async (directory) => {
        put(directory, "a", "old", 0o640);
        const { child, status } = start(directory, ["--backup", "1", "a"], { stdin: "pipe" });
        child.stdin?.write(large);
        await until(() => temporaries(directory).length === 1);
        send(child, signal);
        const ended = await status;
        const line = `atomic-write: Cannot write "${directory}/a": interrupted (${signal}); the file is unchanged\n`;
        assertEquals(ended, { code: null, signal, stdout: "", stderr: line });
        assertEquals([names(directory), text(directory, "a")], [["a"], "old"]);
      });
    });

    it(`${signal} while nothing has come yet`, async (t) => {
      if (onWindows) return skip(t, "Windows has no such signals");
      await withTemporaryDirectory(async (directory) => {
        put(directory, "a", "old");
        const { child, status } = start(directory, ["--json", "a"], { stdin: "pipe" });
        await untilListening(child);
        send(child, signal);
        const { code, signal: seen, stdout } = await status;
        assertEquals([code, seen], [null, signal]);
        const { error } = JSON.parse(stdout);
        assertEquals([error.code, error.step, error.targetState], [signal, "interrupt", "unchanged"]);
        assertEquals([names(directory), text(directory, "a")], [["a"], "old"]);
      });
    });
  }

  it("SIGPIPE, sent by somebody, changes nothing: who reads no longer is told by a write", async (t) => {
    if (onWindows) return skip(t, "Windows has no such signals");
    await withTemporaryDirectory(async (directory) => {
      put(directory, "a", "old");
      const { child, status } = start(directory, ["a"], { stdin: "pipe" });
      child.stdin?.write(large);
      await until(() => temporaries(directory).length === 1);
      send(child, "SIGPIPE");
      child.stdin?.end("the end");
      assertEquals(await status, { code: 0, signal: null, stdout: "", stderr: "" });
      assertEquals([names(directory), text(directory, "a").length], [["a"], large.length + 7]);
    });
  });

  it("comes twice, as terminals and task runners send it", async (t) => {
    if (onWindows) return skip(t, "Windows has no such signals");
    await withTemporaryDirectory(async (directory) => {
      const { child, status } = start(directory, ["a"], { stdin: "pipe" });
      child.stdin?.write(large);
      await until(() => temporaries(directory).length === 1);
      for (const signal of ["SIGINT", "SIGINT", "SIGTERM"] as const) send(child, signal);
      const { code, signal } = await status;
      assert(code === null && (signal === "SIGINT" || signal === "SIGTERM"), `${code} ${signal}`);
      assertEquals(names(directory), []);
    });
  });

  it("shows as 128 and its number in a shell, and stops a script as a shell expects", async (t) => {
    if (onWindows) return skip(t, "Windows has no such signals");
    await withTemporaryDirectory(async (directory) => {
      // A shell without job control gives its background children /dev/null, and lets them ignore SIGINT. A pipe that
      // the shell itself may write to does not end.
      const lines = (signal: string) =>
        `mkfifo .bin-pipe; exec 3<>.bin-pipe; atomic-write a <&3 2>/dev/null & sleep 1; kill -${signal} $!; wait $!; ` +
        `echo $?; rm .bin-pipe`;
      for (const [signal, status] of [["TERM", 143], ["HUP", 129]] as const) {
        assertEquals((await inShell(directory, lines(signal))).stdout, `${status}\n`, signal);
      }
    });
  });

  it("as the first process of a container, which no signal of its own can end, it exits with that status", async (t) => {
    const reason = cannotUnshare("--pid");
    if (reason !== undefined) return skip(t, reason);
    await withTemporaryDirectory(async (directory) => {
      const { child, status } = start(directory, ["a"], { stdin: "pipe", wrapper: unshare("--pid") });
      child.stdin?.write(large);
      await until(() => temporaries(directory).length === 1 || child.exitCode !== null);
      const found = await inShell(directory, `pgrep -P ${child.pid}`);
      if (found.code !== 0) return skip(t, "needs pgrep(1)");
      process.kill(Number(found.stdout), "SIGTERM");
      const { code, stderr } = await status;
      assertEquals(code, 143, stderr);
      assertEquals(names(directory), []);
    });
  });
});

describe("a signal at any moment", () => {
  it("means the old content and death by it, or the new content and success", async (t) => {
    if (onWindows) return skip(t, "Windows has no such signals");
    await withTemporaryDirectory(async (directory) => {
      const rounds = byEffort({ quick: 6, normal: 30, long: 600 });
      const outcomes = { old: 0, new: 0 };
      let duration = 150;
      for (let round = 0; round < rounds; round++) {
        put(directory, "a", "old");
        const started = performance.now();
        const { child, status } = start(directory, ["a"], { stdin: large });
        const signal = signals[round % signals.length] ?? "SIGTERM";
        // Around the end of an undisturbed run, where the commit is.
        const delay = round === 0 ? 10_000 : duration * (0.3 + 0.8 * (round / rounds));
        const timer = setTimeout(() => send(child, signal), delay);
        const { code, signal: seen, stderr } = await status;
        clearTimeout(timer);
        if (round === 0) duration = performance.now() - started;
        const content = text(directory, "a");
        const note = `round ${round}, ${signal} after ${delay} ms of ${duration}: ${code} ${seen} ${stderr}`;
        assertEquals(names(directory), ["a"], note);
        if (content === "old") {
          assertEquals([code, seen], [null, signal], note);
          outcomes.old++;
        } else {
          assertEquals([content.length, code, seen], [large.length, 0, null], note);
          outcomes.new++;
        }
      }
      assert(outcomes.new > 0, JSON.stringify(outcomes));
    });
  });
});
