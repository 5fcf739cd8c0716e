/** Progress: when a line is drawn, what it says, and that it is gone in the end. */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { ProgressLine, type Unit } from "../../src/cli/progress.ts";
import { bytesText, durationText, shortTimeText } from "../../src/cli/quantity.ts";
import type { CommandHost } from "../../src/runtime/host/command_host.ts";
import { execute, Unavailable } from "../support/programs.ts";
import { skip } from "../support/skip.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { inShell, names, text } from "./command.ts";
import { notEmpty } from "../support/tally.ts";

/** A terminal that only remembers, and a clock that only goes when it is told. */
function terminal(columns: number) {
  let printed = "";
  const clock = { now: 0 };
  const host = {
    columns: () => columns,
    write: (_stream: string, text: string) => void (printed += text),
  } as unknown as CommandHost;
  const take = () => {
    const lines = printed;
    printed = "";
    return lines;
  };
  return { clock, take, line: (title: string, unit: Unit) => new ProgressLine(host, title, unit, () => clock.now) };
}

/** What the line says, without what moves the cursor. */
// deno-lint-ignore no-control-regex -- that is what is looked for
const said = (printed: string) => printed.replace(/\r|\x1b\[K/g, "");

describe("ProgressLine", () => {
  it("says nothing in the first second, then four times a second, and removes its line", () => {
    const { clock, take, line } = terminal(80);
    const progress = line("writing a", "byte");
    progress.report(500_000, 4_000_000);
    clock.now = 999;
    progress.report(900_000, 4_000_000);
    progress.clear();
    assertEquals(take(), "");
    clock.now = 1000;
    progress.report(1_000_000, 4_000_000);
    assertEquals(take(), "\rwriting a: 25 %, 3 s left, 1.00 MB of 4.00 MB, 1.00 MB/s\x1b[K");
    clock.now = 1249;
    progress.report(1_200_000, 4_000_000);
    assertEquals(take(), "");
    clock.now = 1250;
    progress.report(1_250_000, 4_000_000);
    assertEquals(said(take()), "writing a: 31 %, 3 s left, 1.25 MB of 4.00 MB, 1.00 MB/s");
    progress.clear();
    assertEquals(take(), "\r\x1b[K");
    progress.clear();
    assertEquals(take(), "");
  });

  it("shows no character of a file's name that would drive the terminal, nor a second line", () => {
    const { clock, take, line } = terminal(80);
    const progress = line("writing a\n\x1b[2J\u009b\u202e", "byte");
    clock.now = 2000;
    progress.report(500_000, 4_000_000);
    assert(take().startsWith("\rwriting a\\u000a\\u001b[2J\\u009b\\u202e: 12 %"));
  });

  it("of what others do says how long they take", () => {
    const { clock, take, line } = terminal(80);
    clock.now = 2000;
    line("activating", "second").report(2);
    clock.now = 4000;
    const progress = line("activating", "second");
    clock.now = 5000;
    progress.report(1);
    assertEquals(said(take()), "activating: 1 second");
  });

  it("without a total says how much and how fast; a total that was too small is none", () => {
    const { clock, take, line } = terminal(80);
    const progress = line("writing a", "byte");
    clock.now = 2000;
    progress.report(3_000_000);
    assertEquals(said(take()), "writing a: 3.00 MB, 1.50 MB/s");
    clock.now = 4000;
    progress.report(9_000_000, 10);
    assertEquals(said(take()), "writing a: 9.00 MB, 2.25 MB/s");
  });

  it("counts things, and the rate is that of the last seconds and of the step", () => {
    const { clock, take, line } = terminal(80);
    const progress = line("verifying", "object");
    for (clock.now = 1000; clock.now <= 20_000; clock.now += 1000) progress.report(100 + clock.now / 1000, 1000);
    assertEquals(said(take()).split("verifying").at(-1), ": 12 %, 14 min 40 s left, 120 of 1000 objects, 1.00/s");
    progress.report(0, 10, "collecting");
    clock.now += 1000;
    progress.report(5, 10, "collecting");
    assertEquals(said(take()).split("collecting").at(-1), ": 50 %, 1 s left, 5 of 10 objects, 5.00/s");
  });

  it("fits a narrow terminal", () => {
    for (
      const [columns, expected] of [[40, "writing a: 25 %, 3 s left"], [20, "writing a: 25 %"], [8, "writing"]] as const
    ) {
      const { clock, take, line } = terminal(columns);
      const progress = line("writing a", "byte");
      clock.now = 1000;
      progress.report(1_000_000, 4_000_000);
      assertEquals(said(take()), expected);
    }
  });
});

describe("quantities", () => {
  it("have three digits and a unit", () => {
    assertEquals([0, 999, 1000, 9_994, 9_996, 99_960, 999_499, 999_500, 1.5e9, 2e18].map(bytesText), [
      "0 B",
      "999 B",
      "1.00 kB",
      "9.99 kB",
      "10.0 kB",
      "100 kB",
      "999 kB",
      "1.00 MB",
      "1.50 GB",
      "2000 PB",
    ]);
    assertEquals([-5, 0, 59_499, 59_500, 125_000, 3_599_600, 3_840_000].map(durationText), [
      "0 s",
      "0 s",
      "59 s",
      "1 min 0 s",
      "2 min 5 s",
      "1 h 0 min",
      "1 h 4 min",
    ]);
    assertEquals([0.0171, 0.42, 1.1349, 12, 2500].map(shortTimeText), [
      "17.1 µs",
      "420 µs",
      "1.13 ms",
      "12 ms",
      "2.50 s",
    ]);
  });
});

describe("on a real terminal", () => {
  it("a long write and a copy show progress; -q, TERM=dumb and a pipe show none", async (t) => {
    if (process.platform !== "linux") return skip(t, "needs script(1) of util-linux");
    try {
      execute("script", ["--version"]);
    } catch (error) {
      if (error instanceof Unavailable) return skip(t, "needs the program script (Debian: bsdutils)");
      throw error;
    }
    await withTemporaryDirectory(async (directory) => {
      // The second part comes a good second after the command has begun with the first, however slow its start was.
      const slow = (name: string) =>
        `{ head -c 1500000 /dev/zero; until ls -A | grep -q "^.${name}.*tmp"; do sleep 0.02; done; sleep 1.2; ` +
        "head -c 1500000 /dev/zero; }";
      const lines = [
        `${slow("a")} | atomic-write a`,
        `${slow("b")} | atomic-write -q b`,
        `${slow("c")} | TERM=dumb atomic-write c`,
        `${slow("d")} | atomic-write d 2> errors`,
      ];
      // All at once: it is time that is waited for.
      const run = (line: string, index: number) => {
        const log = join(directory, `typescript${index}`);
        const script = `script -qec '${line}' ${log} < /dev/null > /dev/null`;
        return inShell(directory, script, { env: { TERM: "xterm", SHELL: "/bin/sh" } });
      };
      const ended = await Promise.all(lines.map(run));
      assertEquals(ended.map(({ code }) => code), [0, 0, 0, 0], JSON.stringify(ended));
      const logs = lines.map((_, index) => text(directory, `typescript${index}`));
      assert(/writing a: [0-9.]+ MB, [0-9.]+ [kM]?B\/s/.test(logs[0] ?? ""), logs[0]);
      for (const log of notEmpty(logs.slice(1))) assertEquals(log.includes("writing"), false, log);
      assertEquals(text(directory, "errors"), "");
      for (const name of ["a", "b", "c", "d"]) assertEquals(text(directory, name).length, 3_000_000);
      assertEquals(names(directory).filter((name) => name.endsWith(".tmp")), []);
    });
  });
});
