/** The parts of the test command that count: a test that is not counted would be worse than none. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertNotMatch,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { existsSync } from "@std/fs";
import { join } from "@std/path";
import { describe, it } from "node:test";
import { execute } from "../../scripts/process.ts";
import { readJunit } from "../../scripts/suite/junit.ts";
import { readOptions } from "../../scripts/suite/options.ts";
import { expectedWeight, SECONDS } from "../../scripts/suite/order.ts";
import { countLine } from "../../scripts/suite/report.ts";
import { runFile, runQueue, type TestRunner } from "../../scripts/suite/run_files.ts";
import { filesInTurn, IN_TURN, notDue, PARTS } from "../../scripts/suite/turn.ts";
import { ROOT } from "../../scripts/toolchain/folders.ts";
import { withTemporaryDirectory } from "../support/temporary_directory.ts";
import { skip } from "../support/skip.ts";
import { notEmpty } from "../support/tally.ts";

/** Whether a process is there, and no zombie. */
function isRunning(pid: number): boolean {
  try {
    return !/\) Z /.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch {
    return false;
  }
}

/** Results as `state name`, in order. */
function states(xml: string): string[] {
  return readJunit(xml).map(({ name, state, reason }) => `${state} ${name}${reason && `: ${reason}`}`);
}

describe("reports", () => {
  it("of Deno: groups are not counted, unless they failed by themselves", () => {
    const xml = `<testsuites name="deno test" tests="6"><testsuite name="./a_test.ts">
      <testcase name="alone" classname="./a_test.ts"></testcase>
      <testcase name="group"><failure message="1 test step failed">1 test step failed.</failure></testcase>
      <testcase name="broken"><failure message="Uncaught Error: x &lt;y&gt;">stack</failure></testcase>
      <testcase name="group &gt; bad"><failure message="Error: no &quot;luck&quot;">stack</failure></testcase>
      <testcase name="group &gt; good"></testcase>
      <testcase name="broken &gt; good"></testcase>
    </testsuite><testsuite name="ext:deno_node/testing.ts"><testcase name="group &gt; left"><skipped/></testcase>
    </testsuite></testsuites>`;
    assertEquals(states(xml), [
      "passed alone",
      "failed broken: Uncaught Error: x <y>",
      'failed group > bad: Error: no "luck"',
      "passed group > good",
      "passed broken > good",
      "skipped group > left: no reason given",
    ]);
  });
  it("of Node: names may hold >", () => {
    const xml = `<testsuites><testcase name="a > b" classname="test"/>
      <testsuite name="group"><testcase name="one" classname="test"/>
        <testcase name="two"><failure type="testCodeFailure" message="no">
Error: x > y
</failure></testcase>
        <testcase name="three"><skipped type="skipped" message="needs root"/></testcase>
        <testcase name="four"><skipped type="todo" message="true"/></testcase></testsuite>
      <!-- tests 4 --></testsuites>`;
    assertEquals(states(xml), [
      "passed a > b",
      "passed group > one",
      "failed group > two: no",
      "skipped group > three: needs root",
      "skipped group > four: todo",
    ]);
  });
  it("of Bun: groups are suites, and files as well", () => {
    const xml = `<testsuites name="bun test"><testsuite name="build/a_test.js" file="a_test.js">
      <testcase name="one" classname="" file="a_test.js" />
      <testsuite name="group"><testcase name="one" classname="group"><skipped message="TODO" /></testcase></testsuite>
      <testcase name="group"><failure type="Error" message="1 subtest failed">x</failure></testcase>
    </testsuite></testsuites>`;
    assertEquals(states(xml), ["passed one", "skipped group > one: todo", "failed group: 1 subtest failed"]);
  });
});

describe("files", () => {
  /** Runs one file whose runner prints `output`, writes `report`, and ends with `code`. */
  async function runOne(output: string, report: string, code: number): Promise<string[]> {
    return await withTemporaryDirectory(async (directory) => {
      const script = `${directory}/runner.ts`;
      const text = `console.log(${JSON.stringify(output)});
        if (${JSON.stringify(report)}) Deno.writeTextFileSync(Deno.args[0], ${JSON.stringify(report)});
        Deno.exit(${code});`;
      Deno.writeTextFileSync(script, text);
      const runner: TestRunner = {
        name: "test",
        environment: {},
        command: (_, path) => [Deno.execPath(), "run", "-A", "--no-check", script, path],
      };
      const { tests } = await runFile(runner, "a_test.ts", { effort: "quick" });
      return tests.map(({ name, state, reason }) => `${state} ${name}${reason && `: ${reason}`}`);
    });
  }
  const one = `<testsuites><testcase name="one"/></testsuites>`;
  it("count their tests", async () => assertEquals(await runOne("", one, 0), ["passed one"]));
  it("that fail without a failed test are a failure", async () => {
    assertEquals(await runOne("", one, 1), ["passed one", "failed a_test.ts: ended with status 1"]);
    assertEquals(await runOne("", "", 3), ["failed a_test.ts: ended with status 3"]);
  });
  it("without a test are a failure", async () => {
    assertEquals(await runOne("", "", 0), ["failed a_test.ts: no test in this file"]);
    assertEquals(await runOne("", "<testsuites></testsuites>", 0), ["failed a_test.ts: no test in this file"]);
  });
  it("count a test that skipped itself once, as skipped", async () => {
    assertEquals(await runOne("\n# SKIP one: needs: root\n", one, 0), ["skipped one: needs: root"]);
    const two = `<testsuites><testsuite name="g"><testcase name="one"/><testcase name="two"/></testsuite></testsuites>`;
    assertEquals(await runOne("# SKIP g > two: because", two, 0), ["passed g > one", "skipped g > two: because"]);
  });
});

describe("a file that hangs", () => {
  it("is ended with all it started, and tells what it was doing", async (t) => {
    // Not a shell: one that was started in the background must not listen to SIGINT.
    const text = `const child = new Deno.Command("sleep", { args: ["4321"] }).spawn();
      Deno.addSignalListener("SIGINT", () => { console.log("interrupted"); Deno.exit(1); });
      console.log("child " + child.pid);`;
    const runner: TestRunner = {
      name: "test",
      environment: {},
      command: () => [Deno.execPath(), "eval", "--quiet", text],
    };
    const { tests, output } = await runFile(runner, "a_test.ts", { effort: "quick", timeout: 5000 });
    assertEquals(tests.map(({ name, state }) => `${state} ${name}`), ["failed a_test.ts"]);
    assertMatch(tests[0]?.reason ?? "", /^still running after \d+(\.\d+)? s$/);
    assertMatch(output, /\ninterrupted\n/);
    if (Deno.build.os !== "linux") return skip(t, "the processes are listed on Linux");
    assertMatch(output, /\n {2}\d+ S \S+ \S*sleep 4321\n/);
    const child = Number(output.match(/child (\d+)/)?.[1]);
    // What was killed may take a moment to be gone.
    while (isRunning(child)) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  });
});

describe("the queue", () => {
  it("begins with files that are there", () => {
    const named = Object.keys(SECONDS).map((key) => key.split(" on ")[0] ?? "");
    assertEquals(named.filter((path) => !existsSync(join(ROOT, path))), []);
    assertEquals(
      expectedWeight("tests/lock/interop_test.ts", "node") > expectedWeight("tests/no_test.ts", "node"),
      true,
    );
  });
  it("starts its jobs in order, and no more than it may at once", async () => {
    const events: string[] = [];
    let running = 0;
    const job = (name: string) => async () => {
      events.push(name);
      assertEquals(++running <= 2, true);
      await new Promise((resolve) => setTimeout(resolve, 1));
      running--;
    };
    await runQueue(["a", "b", "c", "d", "e"].map(job), 2);
    assertEquals([events, running], [["a", "b", "c", "d", "e"], 0]);
  });
});

describe("files that take turns", () => {
  const turns = Array.from({ length: PARTS }, (_, turn) => turn + 1_000);
  const files = filesInTurn();

  it("are there", () => {
    for (const beginning of IN_TURN) assert(files.some((path) => path.startsWith(beginning)), beginning);
  });
  it("are due once in a number of turns, on Node and Bun not in the same one, and on Deno always", () => {
    const left = new Map(["deno", "node", "bun"].map((name) => [name, turns.map((turn) => notDue(name, turn))]));
    const due = (runtime: string, path: string) => turns.filter((_, index) => !left.get(runtime)?.[index]?.(path));
    for (const path of notEmpty(files)) {
      const [node, bun] = [due("node", path), due("bun", path)];
      assertEquals([due("deno", path), node.length, bun.length], [turns, 1, 1], path);
      assertNotEquals(node, bun, path);
    }
  });
  it("leave every other file where it is", () => {
    for (const turn of turns) assert(!notDue("node", turn)("tests/cli/write_test.ts"));
  });
});

describe("the arguments", () => {
  it("are read", () => {
    const { only, filters, effort, node } = readOptions(["--", "--only=node,bun", "--filter=a=b", "--long"], undefined);
    assertEquals({ only, filters, effort, node }, {
      only: ["node", "bun"],
      filters: ["a=b"],
      effort: "long",
      node: undefined,
    });
    assertEquals(readOptions([], "jsr").only, ["deno", "node", "bun", "npm"]);
    assertEquals(readOptions(["--quick"], undefined).only, ["deno", "node", "bun"]);
  });
  it("leave something to other runs only where everything runs, with normal effort", () => {
    const cases: [string[], boolean][] = [
      [[], false],
      [["--only=deno"], false],
      [["--filter=lock"], true],
      [["--filter=lock", "--in-turn"], false],
      [["--whole"], true],
      [["--quick"], true],
      [["--long", "--in-turn"], true],
    ];
    for (const [args, whole] of cases) assertEquals(readOptions(args, undefined).whole, whole, args.join(" "));
  });
  it("that are not understood are refused", () => {
    for (const argument of ["--onyl=deno", "--only=demo", "lock"]) {
      assertThrows(() => readOptions([argument], undefined), TypeError);
    }
    assertThrows(() => readOptions([], "remote"), TypeError);
  });
});

describe("the run", () => {
  for (
    const [reason, args, told] of [
      ["no file has the filter in its path", ["--filter=no/such/test"], "--filter=no/such/test: no test file"],
      ["one of two filters chooses nothing", ["--filter=tests/deno/suite", "--filter=no/such"], "--filter=no/such: no"],
      [
        "the filter's files are another runtime's",
        ["--only=bun", "--filter=tests/deno/"],
        "chooses no test file of bun",
      ],
      ["an option is unknown", ["--onyl=bun"], "unknown argument: --onyl=bun"],
      ["a section is unknown", ["--only=bnu"], '--only knows deno, node, bun, npm, not "bnu"'],
    ] as const
  ) {
    it(`fails where ${reason}, says so without a stack, and ends with the counts`, async () => {
      const program = ["run", "-A", "--no-prompt", `${ROOT}/scripts/test.ts`, ...args];
      const { code, output } = await execute(Deno.execPath(), program);
      assertEquals(code, 1);
      assertStringIncludes(output, told);
      assertNotMatch(output, /^ +at /m);
      assertEquals(output.trimEnd().split("\n").at(-1), "0 passed, 1 failed");
    });
  }
  it("names the skipped only when there are any", () => {
    assertEquals(countLine({ passed: 2, failed: 1, skipped: 0 }), "2 passed, 1 failed");
    assertEquals(countLine({ passed: 2, failed: 1, skipped: 3 }), "2 passed, 1 failed, 3 skipped");
  });
});
