/** Signals at every stage: the file is as it was or as it should be, nothing is left, and the end tells which. */
import { assert, assertEquals } from "@std/assert";
import process from "node:process";
import { describe, it } from "node:test";
import { byEffort } from "../support/effort.ts";
import { cannotUnshare, unshare } from "../support/namespaces.ts";
import { skip } from "../support/skip.ts";
import type { SpawnedScript } from "../support/spawn.ts";
import { tally } from "../support/tally.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { inShell, names, put, send, start, text, until, untilListening } from "./command.ts";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
type Sent = typeof signals[number];
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

  it("SIGPIPE, sent by somebody, changes nothing: only a write shows that nobody reads any more", async (t) => {
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
      const pid = Number(found.stdout);
      assert(pid > 0, found.stdout);
      process.kill(pid, "SIGTERM");
      const { code, stderr } = await status;
      assertEquals(code, 143, stderr);
      assertEquals(names(directory), []);
    });
  });
});

describe("a signal at any moment", () => {
  /** Any moment around the end of an undisturbed run, where the commit is; surely before it; surely after it. */
  const moments = ["around the commit", "while it writes", "after the commit"] as const;

  /** Sends it at such a moment, unless the command has ended before; whether it did. */
  async function sendAt(moment: typeof moments[number], directory: string, script: SpawnedScript, signal: Sent) {
    const { child } = script;
    const has = (is: () => boolean) => untilQuick(() => child.exitCode !== null || child.signalCode !== null || is());
    if (moment === "while it writes") {
      // More than is kept in memory before anything is staged.
      child.stdin?.write(large.subarray(0, large.length * 0.75));
      await has(() => temporaries(directory).length === 1);
    } else {
      child.stdin?.end(large);
      if (moment === "after the commit") await has(() => text(directory, "a") !== "old");
    }
    return () => {
      if (child.exitCode !== null || child.signalCode !== null) return false;
      send(child, signal);
      return true;
    };
  }

  it("means the old content and death by it, or the new content and success", async (t) => {
    if (onWindows) return skip(t, "Windows has no such signals");
    await withTemporaryDirectory(async (directory) => {
      put(directory, "a", "old");
      const started = performance.now();
      assertEquals((await start(directory, ["a"], { stdin: large }).status).code, 0);
      const duration = performance.now() - started;
      const rounds = byEffort({ quick: 9, normal: 24, long: 600 });
      const happened = tally("signals", ["before it listened", "interrupted", "ignored after the commit", "too late"]);
      for (let round = 0; round < rounds; round++) {
        put(directory, "a", "old");
        const script = start(directory, ["a"], { stdin: "pipe" });
        const moment = moments[round % moments.length] ?? "around the commit";
        const signal = signals[Math.floor(round / moments.length) % signals.length] ?? "SIGTERM";
        const sent = await sendAt(moment, directory, script, signal);
        const delay = moment === "around the commit" ? duration * (0.3 + 0.8 * (round / rounds)) : 0;
        if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
        const landed = sent();
        script.child.stdin?.end();
        const { code, signal: seen, stderr } = await script.status;
        const content = text(directory, "a");
        const note = `round ${round}, ${signal} ${moment}, ${delay} of ${duration} ms: ${code} ${seen} ${stderr}`;
        assertEquals(names(directory), ["a"], note);
        if (content === "old") {
          assert(landed, note);
          assertEquals([code, seen], [null, signal], note);
          // Before the command has begun to listen the system ends it, without a word.
          happened.count(stderr.includes(`interrupted (${signal})`) ? "interrupted" : "before it listened");
        } else {
          assertEquals([content.length, code, seen], [large.length, 0, null], note);
          assert(moment !== "while it writes", note);
          happened.count(landed ? "ignored after the commit" : "too late");
        }
      }
      happened.enough({ "before it listened": 0, "too late": 0, "interrupted": rounds / moments.length });
    });
  });
});

/** Waits for something that may be over in a few milliseconds. */
async function untilQuick(is: () => boolean): Promise<void> {
  while (!is()) await new Promise((resolve) => setTimeout(resolve, 0));
}
