/** Who is waited for: a line at a terminal that is kept up to date, elsewhere only with `--verbose`. */
import { assert, assertEquals } from "@std/assert";
import * as fs from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { hasKernelLock, hold, isLinux, type Other, untilHeard, waitFor, withOthers } from "../lock/support.ts";
import { skip } from "../support/skip.ts";
import { notEmpty } from "../support/tally.ts";
import { atomicWrite, put } from "./command.ts";
import { atTerminal, whyNoTerminal } from "./terminal.ts";

// The compiled script has another extension.
const waitingFor = ({ script }: Other) => `waiting for process ${script.child.pid} (hold.`;
const reason = isLinux && hasKernelLock() ? whyNoTerminal() : "needs Linux and kernel locks";

describe("a wait for a lock", () => {
  it("is shown on one line of a terminal, which names each holder in turn and goes in the end", (t) =>
    withOthers(async (directory) => {
      if (reason !== undefined) return skip(t, reason);
      const first = await hold(join(directory, "a"));
      // It is at the gate: the command gets the lock after it.
      const second = await waitFor(join(directory, "a"), { timeout: 60_000 });
      const terminal = atTerminal(directory, "atomic-write lock -v a echo had it");
      await terminal.untilShown(waitingFor(first));
      await first.release();
      await untilHeard(second.script, second.heard, /^held/);
      await terminal.untilShown(waitingFor(second));
      await second.release();
      terminal.type("");
      assertEquals((await terminal.status).code, 0);
      const shown = terminal.shown();
      const [before = "", after = ""] = shown.split("had it");
      assertEquals(before.endsWith("\r\x1b[K"), true, shown);
      assertEquals(after.includes("waiting"), false, shown);
      // Each time over the line that was there.
      for (const line of notEmpty(before.split("waiting for").slice(0, -1))) assert(line.endsWith("\r"), shown);
      assertEquals(before.includes("atomic-write:"), false, shown);
    }));

  it("is shown by every command that takes a lock", (t) =>
    withOthers(async (directory) => {
      if (reason !== undefined) return skip(t, reason);
      put(directory, "b", "new");
      put(directory, "plan.json", '{"files":[{"path":"a","content":"deployed"}]}');
      fs.mkdirSync(join(directory, "source"));
      const holders: Record<string, Other> = {};
      for (const name of ["a", ".site.generations", "log"]) holders[name] = await hold(join(directory, name));
      const lines = {
        "atomic-write --lock --allow-empty a < /dev/null": "a",
        "atomic-write copy --lock b a": "a",
        "atomic-write remove --lock a": "a",
        "atomic-write update a -- echo x": "a",
        "atomic-write deploy plan.json": "a",
        "atomic-write publish site source": ".site.generations",
        "atomic-write log append log < b": "log",
      };
      const terminals = Object.entries(lines).map(([line, name]) => ({ line, name, ...atTerminal(directory, line) }));
      try {
        for (const { name, untilShown } of notEmpty(terminals)) {
          const holder = holders[name];
          assert(holder !== undefined);
          await untilShown(waitingFor(holder));
        }
      } finally {
        for (const holder of Object.values(holders)) await holder.kill();
        for (const { type, status } of terminals) {
          type("");
          await status;
        }
      }
      for (const { line, status, shown } of notEmpty(terminals)) {
        assertEquals((await status).code, 0, `${line}: ${shown()}`);
        const end = shown().split("\r\x1b[K").at(-1) ?? "";
        assertEquals([end.includes("waiting"), end.includes("\r")], [false, false], `${line}: ${shown()}`);
      }
    }));

  it("without a terminal is reported with --verbose only, once for each holder; with -q never", (t) =>
    withOthers(async (directory) => {
      if (reason !== undefined) return skip(t, reason);
      const holder = await hold(join(directory, "a"));
      const run = (...options: string[]) => atomicWrite(directory, ["lock", "-w", "2.5", ...options, "a", "true"]);
      const [silent, verbose, quiet] = await Promise.all([run(), run("-v"), run("-v", "-q")]);
      const late = /^atomic-write: Cannot lock ".*a": it was not free within 2.5 s: it is held by process .*\n$/;
      assert(late.test(silent.stderr), silent.stderr);
      const [told = "", ...rest] = verbose.stderr.split("\n");
      assert(told.startsWith(`atomic-write: ${waitingFor(holder)}`), verbose.stderr);
      assert(late.test(rest.join("\n")), verbose.stderr);
      assertEquals([quiet.stdout, quiet.stderr, quiet.code], ["", "", 1]);
      for (const [options, env] of [["-q", {}], ["", { TERM: "dumb" }]] as const) {
        const terminal = atTerminal(directory, `atomic-write lock -w 2.5 ${options} a true`, env);
        terminal.type("");
        assertEquals((await terminal.status).code, 1);
        assertEquals(terminal.shown().includes("waiting"), false, terminal.shown());
      }
      await holder.release();
    }));
});
